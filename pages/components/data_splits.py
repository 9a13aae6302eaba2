"""How many photos there are by class and split, how large they are, and what the splits are for."""

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.data.store import ImageFilter, Project
from pages.components import charts, frame
from pages.components.wording import counted

PARTS = {"train": "Training", "val": "Validation", "test": "Test", "none": "Not yet split"}


def _colors() -> dict[str, str]:
    ink = charts.ink(frame.is_dark())
    return {"train": ink.lines[0], "val": ink.lines[1], "test": ink.lines[2], "none": ink.grid}


def splits(project: Project) -> None:
    """The whole section."""
    counts = frame.store().counts(project.id)
    if counts["total"].sum() == 0:
        frame.empty("No photos yet", "Add photos first: then this page shows how they are divided.")
        return
    _explain(project, counts)
    st.plotly_chart(_bars(counts), key="split-bars", config={"displayModeBar": False})
    st.dataframe(_table(counts), hide_index=True, height="content")
    st.subheader("Sizes", anchor=False)
    st.markdown("The network sees each photo at 224 × 224 pixels. Smaller ones are enlarged and look soft to it.")
    st.plotly_chart(_sizes(project), key="sizes", config={"displayModeBar": False})


def _explain(project: Project, counts: pd.DataFrame) -> None:
    st.markdown(
        "A network is judged like a student: not by the exercises it has practised, but by questions it has never "
        "seen. So the labelled photos are divided into three parts. **Training** photos are practised on. "
        "**Validation** photos show after each epoch how well it goes, and which epoch was best. **Test** photos are "
        "kept back for the final examination. Of seven photos of a class about five train, one validates, one tests. "
        "Identical photos never stand on both sides, and a photo keeps its part when more photos come."
    )
    labelled = counts[counts["label"].notna()]
    waiting = int(labelled["none"].sum())
    if waiting:
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button("Give splits now", type="primary", icon=":material/call_split:"):
                frame.store().assign_splits(project.id)
                st.rerun()
            st.markdown(f"{counted(waiting, 'labelled photo')} without a part. Training gives them one by itself.")


def _bars(counts: pd.DataFrame) -> go.Figure:
    colors = _colors()
    names = ["no label" if pd.isna(name) else str(name) for name in counts["label"]]
    figure = go.Figure()
    for part, words in PARTS.items():
        if counts[part].sum():
            figure.add_bar(
                y=names, x=counts[part], name=words, orientation="h", marker_color=colors[part], hovertemplate="%{x}"
            )
    figure.update_layout(
        barmode="stack",
        height=110 + 30 * len(names),
        margin={"l": 0, "r": 0, "t": 40, "b": 0},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
        hovermode="y unified",
    )
    figure.update_yaxes(autorange="reversed", automargin=True, type="category", ticksuffix=" ")
    figure.update_xaxes(rangemode="tozero", tickformat="d")
    return figure


def _table(counts: pd.DataFrame) -> pd.DataFrame:
    table = counts.copy()
    table["label"] = table["label"].astype(object).where(table["label"].notna(), "no label")
    return table.rename(columns={"label": "Class", "total": "Total", **PARTS})


def _sizes(project: Project) -> go.Figure:
    shorter = _shorter_sides(project.id, frame.store().count(project.id))
    figure = go.Figure(
        go.Histogram(
            x=shorter,
            nbinsx=30,
            marker_color=_colors()["train"],
            hovertemplate="%{x} pixels: %{y}<extra></extra>",
        )
    )
    figure.add_vline(x=224, line_dash="dot", annotation_text="224")
    figure.update_layout(height=260, margin={"l": 0, "r": 0, "t": 20, "b": 0}, bargap=0.05)
    figure.update_xaxes(title="shorter side in pixels", rangemode="tozero")
    figure.update_yaxes(title="photos")
    return figure


@st.cache_data(show_spinner=False, ttl=60, max_entries=8)
def _shorter_sides(project_id: int, photos: int) -> list[int]:
    """Cached for a minute by the number of photos: sizes never change, only the set of photos does."""
    return [min(row.width, row.height) for row in frame.store().images(project_id, ImageFilter())]
