"""Show what is wrong with the files of an import, before anything is imported."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.data.importing.import_plan import FileResult
from core.data.tables.label_rows import Problem
from pages.components.shared.wording import counted, plain

PROBLEMS_IN_FULL = 12


def show_problems(problems: Sequence[Problem], refused: Sequence[FileResult], questions_open: bool = False) -> None:
    """Draw all problems in one table: lines of the labels first, then files that cannot be imported.

    With ``questions_open`` the list is that of a reading that the answers change, and nothing can be imported yet.
    """
    rows = [(f"line {one.line}" if one.line is not None else "", one.text) for one in problems]
    rows += [(one.name, f"not imported: {one.text}") for one in refused]
    if not rows:
        return
    harmless = not refused and all(one.harmless for one in problems)
    advice = "" if harmless else "Continue with the rest, or fix the files and upload them again."
    if questions_open:
        advice = "Your answers may change this list."
    if harmless:
        st.markdown(f":material/info: **{counted(len(rows), 'remark')}.** {advice}".rstrip())
    else:
        st.markdown(f":orange[:material/warning:] **{counted(len(rows), 'problem')}.** {advice}")
    what = "Remark" if harmless else "What is wrong"
    table = pd.DataFrame(rows, columns=["Where", what])
    if len(rows) <= PROBLEMS_IN_FULL:
        st.table(table.map(plain), hide_index=True)
    else:
        wide = st.column_config.TextColumn(width="large")
        st.dataframe(table, hide_index=True, height=320, column_config={what: wide})
