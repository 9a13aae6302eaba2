"""Predictions for many photos: images or zip files in, a table and a CSV file out."""

from collections import Counter
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core.data.importing.folder_layout import PACKED_SUFFIXES
from core.data.importing.plan_import import Upload, plan_uploads
from core.data.pictures.decoding import IMAGE_SUFFIXES
from core.inspection.predicting.predictions import FilePrediction, csv_of, table_of
from pages.components.shared.wording import counted, plain

if TYPE_CHECKING:
    from core.inspection.predicting.predictor import Predictor

TYPES = [*sorted(suffix.removeprefix(".") for suffix in IMAGE_SUFFIXES | PACKED_SUFFIXES), "zip"]
NAMED_IN_WARNING = 5
"""Unreadable files that the warning names; a list below it names all of them."""


def show(predictor: "Predictor") -> None:
    """Draw the upload, the button and the table of predictions."""
    files = st.file_uploader(
        "Photos or zip files of photos", type=TYPES, accept_multiple_files=True, key=f"batch-files-{predictor.name}"
    )
    if not files:
        st.caption("You get a table of the five most likely classes for each photo, also as a CSV file.")
        return
    batch = (predictor.name, *(file.file_id for file in files))
    if st.button(f"Predict {counted(len(files), 'file')}", type="primary", key="batch-go"):
        st.session_state["batch-answers"] = (batch, _predict(predictor, [Upload(file.name, file) for file in files]))
    done = st.session_state.get("batch-answers")
    if done and done[0] == batch:
        _table(predictor, done[1])


def _predict(predictor: "Predictor", uploads: list[Upload]) -> list[FilePrediction]:
    from core.inspection.predicting.predictor import predict_files

    bar = st.progress(0.0, text="Reading the files…")
    try:
        plan = plan_uploads(uploads)
        answers = [FilePrediction(refused.name, None, refused.text) for refused in plan.refused]
        total = len(plan.candidates)
        # Pass read functions, not bytes: a big zip is never unpacked whole, and a damaged file stops no other.
        files = ((candidate.name, candidate.read) for candidate in plan.candidates)
        for done, answer in enumerate(predict_files(predictor, files), start=1):
            answers.append(answer)
            bar.progress(done / max(1, total), text=f"{done} of {counted(total, 'photo')}")
    finally:
        bar.empty()
    return answers


def _table(predictor: "Predictor", answers: list[FilePrediction]) -> None:
    table = table_of(answers)
    unreadable = [answer for answer in answers if answer.prediction is None]
    if len(table):
        st.markdown(f"**{counted(len(table), 'photo')}**: {plain(summary(table))}")
    if unreadable:
        _show_unreadable(unreadable)
    if not len(table):
        return
    # Scaled to 100, because Streamlit's own "percent" format mixes 39.7% and 51.35%.
    shares = [name for name in table.columns if name.startswith("probability")]
    percents = {
        name: st.column_config.ProgressColumn(name, format="%.1f%%", min_value=0, max_value=100) for name in shares
    }
    shown = table.assign(**{name: 100 * table[name] for name in shares})
    st.dataframe(shown, hide_index=True, column_config=percents, height=min(560, 38 + 35 * len(shown)))
    st.download_button(
        "Download the CSV",
        csv_of(answers),
        file_name=f"predictions-{predictor.name}.csv",
        mime="text/csv",
        icon=":material/download:",
        type="primary",
        on_click="ignore",
    )


def _show_unreadable(unreadable: list[FilePrediction]) -> None:
    """Say which files have no prediction, and why: the first few in a warning, all of them in a list."""
    named = "; ".join(
        f"{plain(answer.name)} ({plain(answer.refused or '')})" for answer in unreadable[:NAMED_IN_WARNING]
    )
    more = len(unreadable) - NAMED_IN_WARNING
    st.warning(
        f"{counted(len(unreadable), 'file')} could not be read: {named}"
        + (f"; and {more:,} more." if more > 0 else ""),
        icon=":material/info:",
    )
    if more > 0:
        with st.expander(f"All {len(unreadable):,} files that could not be read"):
            reasons = pd.DataFrame([(answer.name, answer.refused) for answer in unreadable], columns=["File", "Why"])
            st.dataframe(
                reasons,
                hide_index=True,
                height=min(560, 38 + 35 * len(reasons)),
                column_config={"Why": st.column_config.TextColumn(width="large")},
            )


def summary(table: pd.DataFrame) -> str:
    """Return how often each class was predicted, most frequent first: ``12 owl, 3 duck``."""
    counts = Counter(table["prediction"])
    parts = [f"{count} {name}" for name, count in counts.most_common(8)]
    return ", ".join(parts) + (f" and {len(counts) - 8} more classes" if len(counts) > 8 else "")
