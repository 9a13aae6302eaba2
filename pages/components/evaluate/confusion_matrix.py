"""The confusion matrix, and the photos of the cell that was clicked or chosen."""

from typing import Any

import pandas as pd
import streamlit as st

from core.inspection.measuring.report import Report
from core.runs.folder import RunFolder
from pages.components.evaluate import predicted_photos, report_charts
from pages.components.shared import frame
from pages.components.shared.charts import ink
from pages.components.shared.wording import counted, plain

TRUE, ANSWER = "cell-true", "cell-answer"


def show(run: RunFolder, report: Report, predictions: pd.DataFrame) -> None:
    """The matrix beside its reading, and below it the photos of one cell."""
    _settle(report)
    st.markdown("A row is what the photos are, a column is what the network said. Right answers lie on the diagonal.")
    chosen = (st.session_state[TRUE], st.session_state[ANSWER])
    key = f"matrix-{run.id}-{report.split}"
    st.plotly_chart(
        report_charts.confusion_matrix(report, ink(frame.is_dark()), chosen),
        key=key,
        on_select=lambda: _clicked(key),
        selection_mode="points",
        config={"displayModeBar": False},
        alt="The confusion matrix; choose a cell by its row and column in the two fields below",
    )
    names = range(len(report.classes))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        true = st.selectbox("What it is", names, format_func=report.classes.__getitem__, key=TRUE, width=260)
        answer = st.selectbox(
            "The network's answer", names, format_func=report.classes.__getitem__, key=ANSWER, width=260
        )
    count = report.confusion[true][answer]
    called = "rightly called so" if true == answer else f"called {plain(report.classes[answer])}"
    st.markdown(f"**{counted(count, 'photo')} of {plain(report.classes[true])}, {called}**")
    rows = predicted_photos.cell(predictions, report.classes[true], report.classes[answer])
    predicted_photos.photos(run, rows, key=f"cell-{run.id}-{report.split}-{true}-{answer}", caption="answer")


def most_confused(report: Report) -> tuple[int, int]:
    """The wrong cell with the most photos; the first right one where nothing is wrong."""
    cells = [
        (count, row, column)
        for row, counts in enumerate(report.confusion)
        for column, count in enumerate(counts)
        if row != column
    ]
    count, row, column = max(cells, key=lambda cell: cell[0], default=(0, 0, 0))
    return (row, column) if count else (0, 0)


def _settle(report: Report) -> None:
    """Before the fields are drawn: a cell that the matrix has."""
    size = len(report.classes)
    if not all(0 <= st.session_state.get(name, -1) < size for name in (TRUE, ANSWER)):
        st.session_state[TRUE], st.session_state[ANSWER] = most_confused(report)


def _clicked(key: str) -> None:
    state: Any = st.session_state[key]
    for point in state.selection.points:
        if "customdata" in point:
            st.session_state[TRUE], st.session_state[ANSWER] = (int(place) for place in point["customdata"])
