"""Many photos at once: images or zips in, a table and a CSV out."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core.data.images import IMAGE_SUFFIXES
from core.data.importers import ImportPlan, Upload, plan_uploads
from core.data.layout import PACKED_SUFFIXES
from core.inspection.answers import FileAnswer, csv_of, table_of
from pages.components.wording import counted, plain

if TYPE_CHECKING:
    from core.inspection.predictor import Predictor

TYPES = [*sorted(suffix.removeprefix(".") for suffix in IMAGE_SUFFIXES | PACKED_SUFFIXES), "zip"]


def show(predictor: "Predictor") -> None:
    """Choose files, press the button, read the table."""
    files = st.file_uploader(
        "Photos, or zips of photos", type=TYPES, accept_multiple_files=True, key=f"batch-files-{predictor.name}"
    )
    if not files:
        st.caption("The answers come as a table with the five likeliest classes of each photo, and as a CSV file.")
        return
    batch = (predictor.name, *(file.file_id for file in files))
    if st.button(f"Predict {counted(len(files), 'file')}", type="primary", key="batch-go"):
        st.session_state["batch-answers"] = (batch, _answers(predictor, [Upload(file.name, file) for file in files]))
    done = st.session_state.get("batch-answers")
    if done and done[0] == batch:
        _table(predictor, done[1])


def _answers(predictor: "Predictor", uploads: list[Upload]) -> list[FileAnswer]:
    from core.inspection.predictor import predict_files

    bar = st.progress(0.0, text="Looking through the files …")
    plan = plan_uploads(uploads)
    answers = [FileAnswer(refused.name, None, refused.text) for refused in plan.refused]
    total = len(plan.candidates)
    for done, answer in enumerate(predict_files(predictor, _pictures(plan)), start=1):
        answers.append(answer)
        bar.progress(done / max(1, total), text=f"{done} of {counted(total, 'photo')}")
    bar.empty()
    return answers


def _pictures(plan: ImportPlan) -> Iterator[tuple[str, bytes]]:
    """One picture after the other, so that a big zip is never unpacked whole."""
    for candidate in plan.candidates:
        yield candidate.name, candidate.read()


def _table(predictor: "Predictor", answers: list[FileAnswer]) -> None:
    table = table_of(answers)
    refused = [answer for answer in answers if answer.prediction is None]
    st.markdown(f"**{counted(len(table), 'photo')}**: {plain(summary(table))}")
    if refused:
        st.warning(
            f"{counted(len(refused), 'file')} could not be read: "
            + "; ".join(f"{answer.name} ({answer.refused})" for answer in refused[:10]),
            icon=":material/info:",
        )
    percents = {
        name: st.column_config.ProgressColumn(name, format="percent", min_value=0, max_value=1)
        for name in table.columns
        if name.startswith("probability")
    }
    st.dataframe(table, hide_index=True, column_config=percents, height=min(560, 38 + 35 * max(1, len(table))))
    st.download_button(
        "Download the CSV",
        csv_of(answers),
        file_name=f"predictions-{predictor.name}.csv",
        mime="text/csv",
        icon=":material/download:",
        type="primary",
        on_click="ignore",
    )


def summary(table: pd.DataFrame) -> str:
    """``12 owl, 3 duck``: how often each class was the answer, the most frequent first."""
    counts = Counter(table["prediction"])
    told = [f"{count} {name}" for name, count in counts.most_common(8)]
    return ", ".join(told) + (f" and {len(counts) - 8} more classes" if len(counts) > 8 else "")
