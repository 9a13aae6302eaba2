"""Predictions for many photos: images or zip files in, a table and a CSV file out."""

import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from core.data.importing.folder_layout import PACKED_SUFFIXES
from core.data.pictures.decoding import IMAGE_SUFFIXES
from core.inspection.predicting.predictions import TOP, FilePrediction, csv_of, table_of
from core.runs.computations.predictions import read_answers
from core.workers.input_files import request_with_files
from core.workers.pool import Request
from pages.components.computing.computation import Computation
from pages.components.shared import frame
from pages.components.shared.photo_wall import data_uri
from pages.components.shared.wording import counted, plain

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from core.inspection.predicting.predictor import Predictor

TYPES = [*sorted(suffix.removeprefix(".") for suffix in IMAGE_SUFFIXES | PACKED_SUFFIXES), "zip"]
PHOTOS_PER_PAGE = 200
"""Rows of the table with their thumbnails, about 3 kB each."""
NAMED_IN_WARNING = 5
"""Unreadable files that the warning names; a list below it names all of them."""

EARLIER_MODEL = "The model or its decision has changed since these predictions. Predict again to use the newer one."
_MODEL = "batch-model"


def show(predictor: "Predictor", reference: str) -> None:
    """Draw the upload, the button and the table of predictions, in the order of the upload.

    ``reference`` names the predictor's model: a run of the workspace, or the ImageNet model.
    """
    files = st.file_uploader(
        "Photos or zip files of photos", type=TYPES, accept_multiple_files=True, key=f"batch-files-{predictor.name}"
    )
    if not files:
        st.caption("You get a table of the five most likely classes for each photo, also as a CSV file.")
        return
    # A live run replaces its model now and then: answers of an earlier one stay, and the page says so.
    created = predictor.version
    batch = (reference, *(file.file_id for file in files))
    # The ids of uploads are secret to their tab, so no other tab gets this result.
    computation = Computation("batch", " ".join(("predict", *batch)))
    st.button(
        f"Predict {counted(len(files), 'file')}",
        type="primary",
        key="batch-go",
        on_click=_start,
        args=(computation, created),
        disabled=computation.started,
    )
    if computation.started:
        result = computation.result(lambda: _request(reference, files), unit="photo")
        st.session_state["batch-answers"] = (batch, st.session_state.get(_MODEL, created), read_answers(result))
        st.rerun()  # the button can be pressed again
    done = st.session_state.get("batch-answers")
    if done and done[0] == batch:
        if done[1] != created:
            st.info(EARLIER_MODEL, icon=":material/info:")
        _table(predictor, done[2])


def _start(computation: Computation, created: str) -> None:
    """Start the predictions, and remember which model was the run's then."""
    st.session_state[_MODEL] = created
    computation.start()


def _request(reference: str, files: "Sequence[UploadedFile]") -> Request:
    def write(folder: Path) -> None:
        for place, file in enumerate(files):
            file.seek(0)
            with (folder / str(place)).open("wb") as copy:
                shutil.copyfileobj(file, copy)

    arguments = {"workspace": str(frame.workspace().root), "model": reference, "names": [file.name for file in files]}
    return request_with_files("predict", arguments, write)


def _table(predictor: "Predictor", answers: list[FilePrediction]) -> None:
    table = table_of(answers)
    unreadable = [answer for answer in answers if answer.prediction is None]
    if len(table):
        st.markdown(f"**{counted(len(table), 'photo')}**: {plain(summary(table))}")
        if "unsure" in table and (left := int(table["unsure"].sum())):
            st.markdown(f":orange[:material/help:] {counted(left, 'photo')} unsure: leave {_them(left)} to a person.")
    if unreadable:
        _show_unreadable(unreadable)
    if not len(table):
        return
    predicted = [answer for answer in answers if answer.prediction is not None]
    pages = -(-len(predicted) // PHOTOS_PER_PAGE)
    page = st.pagination(pages, key="batch-page") if pages > 1 else 1
    shown = readable(predicted[(page - 1) * PHOTOS_PER_PAGE : page * PHOTOS_PER_PAGE])
    # Scaled to 100, because Streamlit's own "percent" format mixes 39.7% and 51.35%.
    columns: dict[str, Any] = {
        name: st.column_config.ProgressColumn(name, format="%.1f%%", min_value=0, max_value=100)
        for name in shown.columns
        if name.startswith("Confidence")
    }
    columns["Photo"] = st.column_config.ImageColumn("Photo", width="small")
    st.dataframe(shown, hide_index=True, column_config=columns, row_height=56, height=min(640, 40 + 56 * len(shown)))
    st.download_button(
        "Download the CSV",
        csv_of(answers),
        file_name=f"predictions-{predictor.name}.csv",
        mime="text/csv",
        icon=":material/download:",
        type="primary",
        on_click="ignore",
    )


def readable(predicted: Sequence[FilePrediction]) -> pd.DataFrame:
    """Return the table for people: thumbnail, file, predicted class, confidence in percent, and the next classes."""
    table = table_of(predicted)
    renamed = {"filename": "File", "prediction": "Predicted class", "probability": "Confidence"}
    renamed |= {"unsure": "Unsure", "foreign": "Distance from the training photos"}
    for place in range(2, TOP + 1):
        renamed |= {f"prediction_{place}": f"Class {place}", f"probability_{place}": f"Confidence {place}"}
    shares = {name: 100 * table[name] for name in table.columns if name.startswith("probability")}
    table = table.assign(**shares).rename(columns=renamed)
    table.insert(0, "Photo", [data_uri(answer.thumbnail) for answer in predicted])
    return table


def _them(count: int) -> str:
    return "it" if count == 1 else "them"


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
