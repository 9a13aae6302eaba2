"""The confusion matrix and the photos of the selected cell."""

from typing import Any

import pandas as pd
import streamlit as st

from core.inspection.measuring.report import Report
from core.runs.folder import RunFolder
from pages.components.evaluate import predicted_photos, report_charts
from pages.components.shared import frame
from pages.components.shared.charts import palette
from pages.components.shared.wording import counted, plain

LABEL, PREDICTED = "cell-true", "cell-answer"
MATRIX = "cell-matrix"
"""The run and split whose matrix was drawn last."""


def show(run: RunFolder, report: Report, predictions: pd.DataFrame) -> None:
    """Draw the matrix, the choice of a cell, and the photos of that cell."""
    _check_selection(report, f"{run.id} {report.split}")
    st.markdown("Rows are the labels, columns the predicted classes. Correct predictions are on the diagonal.")
    chosen = (st.session_state[LABEL], st.session_state[PREDICTED])
    key = f"matrix-{run.id}-{report.split}"
    st.plotly_chart(
        report_charts.confusion_matrix(report, palette(frame.is_dark()), chosen),
        key=key,
        on_select=lambda: _select_clicked(key),
        selection_mode="points",
        config={"displayModeBar": False},
        alt="Confusion matrix; choose a cell with the two fields below",
    )
    names = range(len(report.classes))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label = st.selectbox("Label", names, format_func=report.classes.__getitem__, key=LABEL, width=260)
        predicted = st.selectbox(
            "Predicted class", names, format_func=report.classes.__getitem__, key=PREDICTED, width=260
        )
    count = report.confusion[label][predicted]
    outcome = "predicted correctly" if label == predicted else f"predicted as {plain(report.classes[predicted])}"
    st.markdown(f"**{counted(count, 'photo')} labelled {plain(report.classes[label])}, {outcome}**")
    rows = predicted_photos.cell(predictions, report.classes[label], report.classes[predicted])
    predicted_photos.photos(run, rows, key=f"cell-{run.id}-{report.split}-{label}-{predicted}")


def most_confused(report: Report) -> tuple[int, int]:
    """Return the off-diagonal cell with the most photos; the first diagonal cell where there are no mistakes."""
    cells = [
        (count, row, column)
        for row, counts in enumerate(report.confusion)
        for column, count in enumerate(counts)
        if row != column
    ]
    count, row, column = max(cells, key=lambda cell: cell[0], default=(0, 0, 0))
    return (row, column) if count else (0, 0)


def _check_selection(report: Report, matrix: str) -> None:
    """Select a cell that this matrix has, at first one with photos; call it before drawing the fields."""
    row, column = (st.session_state.get(name, -1) for name in (LABEL, PREDICTED))
    size = len(report.classes)
    inside = 0 <= row < size and 0 <= column < size
    if not inside or (st.session_state.get(MATRIX) != matrix and not report.confusion[row][column]):
        st.session_state[LABEL], st.session_state[PREDICTED] = most_confused(report)
    st.session_state[MATRIX] = matrix


def _select_clicked(key: str) -> None:
    state: Any = st.session_state[key]
    for point in state.selection.points:
        if "customdata" in point:
            st.session_state[LABEL], st.session_state[PREDICTED] = (int(place) for place in point["customdata"])
