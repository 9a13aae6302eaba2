"""Who labelled what, and when; the newest change can be taken back."""

from typing import Literal

import pandas as pd
import streamlit as st

from core.data.store import Change, Project
from pages.components import frame
from pages.components.wording import moment, plain, undone_words

CHANGES_SHOWN = 200


def history(project: Project) -> None:
    """The whole section."""
    changes = frame.store().history(project.id, CHANGES_SHOWN)
    if not changes:
        frame.empty("Nothing has happened yet", "Every label and every change of a class will stand here.")
        return
    standing = [one for one in changes if not one.undone]
    mine = [one for one in standing if one.who == frame.who()]
    with st.container(horizontal=True):
        _undo_button(project, "Undo my newest change", mine[:1], frame.who())
        _undo_button(project, "Undo the newest change of all", standing[:1], None)
    table = pd.DataFrame(
        [(moment(one.when), one.who, one.text, "undone" if one.undone else "") for one in changes],
        columns=["When", "Who", "What", ""],
    )
    height: Literal["content"] | int = "content" if len(table) <= 15 else 600
    st.dataframe(
        table, hide_index=True, height=height, column_config={"What": st.column_config.TextColumn(width="large")}
    )


def _undo_button(project: Project, label: str, newest: list[Change], who: str | None) -> None:
    if st.button(label, icon=":material/undo:", disabled=not newest, help=plain(newest[0].text) if newest else None):
        undone = frame.store().undo(project.id, who)
        if undone:
            frame.notify(undone_words(undone))
        st.rerun()
