"""Photos by class and split, their sizes, and what the splits are for."""

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.data.store.store import ImageFilter, Project
from pages.components.shared import charts, frame
from pages.components.shared.wording import chart_text, counted

NETWORK_PIXELS = 224
PARTS = {"train": "Training", "val": "Validation", "test": "Test", "none": "Not yet split"}


def _colors() -> dict[str, str]:
    colors = charts.palette(frame.is_dark())
    return {"train": colors.training, "val": colors.validation, "test": colors.test, "none": colors.grid}


def splits(project: Project) -> None:
    """Draw the section."""
    counts = frame.store().counts(project.id)
    counts = counts[counts["label"].notna() | (counts["total"] > 0)]  # no row for unlabelled photos if there are none
    if counts["total"].sum() == 0:
        frame.empty_state("No photos yet", "Add photos first. Then you see here how they are split.")
        return
    _explain(project, counts)
    st.plotly_chart(_bars(counts), key="split-bars", config={"displayModeBar": False})
    st.dataframe(_table(counts), hide_index=True, height="content")
    st.header("Sizes", anchor=False)
    sides = _shorter_sides(str(frame.workspace().root), project.id, int(counts["total"].sum()))
    st.markdown(_sizes_in_words(sides))
    st.plotly_chart(_sizes(sides), key="sizes", config={"displayModeBar": False})


def _explain(project: Project, counts: pd.DataFrame) -> None:
    st.markdown(
        "A model is tested like a student: not on exercises it has practised, but on questions it has never seen. So "
        "the labelled photos are split into three sets. The model learns from the **training** photos. After each "
        "epoch, the **validation** photos show how well it does, and which epoch was best. The **test** photos are "
        "kept for the final exam. Of seven photos of a class, about five are for training, one for validation and one "
        "for testing. Identical photos are always in the same split. Near-duplicates are too, unless the class has "
        "hardly any other photos. Photos of one person or camera stay together if you put them into a group, under "
        "**Groups**. A photo keeps its split when you add more."
    )
    labelled = counts[counts["label"].notna()]
    waiting = int(labelled["none"].sum())
    if waiting:
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button("Assign splits now", type="primary", icon=":material/call_split:"):
                frame.store().assign_splits(project.id)
                st.rerun()
            st.markdown(f"{counted(waiting, 'labelled photo')} without a split. Training assigns one automatically.")


def _bars(counts: pd.DataFrame) -> go.Figure:
    colors = _colors()
    names = ["no label" if pd.isna(name) else chart_text(str(name)) for name in counts["label"]]
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


def _sizes_in_words(sides: list[int]) -> str:
    least, most, small = min(sides), max(sides), sum(side < NETWORK_PIXELS for side in sides)
    spread = f"between {least:,} and {most:,}" if least < most else f"{least:,}"
    text = f"The shorter side of the photos is {spread} pixels. The network sees each photo at {NETWORK_PIXELS} pixels."
    are = "is smaller, so it" if small == 1 else "are smaller, so they"
    return f"{text} {counted(small, 'photo')} {are} will be enlarged and look slightly blurred." if small else text


def _sizes(sides: list[int]) -> go.Figure:
    width = max(20, -(-max(sides) // 30))
    colors = charts.palette(frame.is_dark())
    figure = go.Figure(
        go.Histogram(
            x=sides,
            xbins={"start": 0, "end": max(sides) + width, "size": width},
            marker_color=colors.accent,
            hovertemplate="%{x} pixels: %{y}<extra></extra>",
        )
    )
    figure.add_vline(
        x=NETWORK_PIXELS,
        line={"dash": "dot", "color": colors.second},
        annotation_text="network input",
        annotation_position="top",
    )
    figure.update_layout(height=240, margin={"l": 0, "r": 0, "t": 24, "b": 0}, bargap=0.05)
    figure.update_xaxes(title="shorter side in pixels", range=[0, max(*sides, NETWORK_PIXELS) * 1.15])
    figure.update_yaxes(title="photos")
    return figure


@st.cache_data(show_spinner=False, ttl=60, max_entries=8)
def _shorter_sides(root: str, project_id: int, photos: int) -> list[int]:
    """Return the shorter side of each photo; cached by the number of photos, because sizes never change."""
    return [min(row.width, row.height) for row in frame.store().images(project_id, ImageFilter())]
