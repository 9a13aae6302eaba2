"""A map of all photos, coloured by label: select points with a lasso to see and label their photos."""

import hashlib
from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from core.data.store.store import Project
from core.errors import DataError
from core.inspection.suggesting.neighbors import FEWEST, TSNE_MOST, map_of
from core.inspection.suggesting.suggestions import Suggestions
from core.workers.messages import pack_arrays, unpack_arrays
from core.workers.pool import Finished, Request, shared_pool
from pages.components.annotate.class_buttons import class_buttons
from pages.components.annotate.map_keys import KEY, map_keys
from pages.components.annotate.suggest_state import prepare
from pages.components.computing.computation import look, shared_key, stop_button
from pages.components.glossary.terms import explained
from pages.components.shared import frame
from pages.components.shared.charts import palette
from pages.components.shared.photo_wall import WallPhoto, clear, wall
from pages.components.shared.wording import chart_text, counted

LAYOUTS = ("PCA", "t-SNE")
LAYOUT_HELP = explained("PCA", "t-SNE")
SHOWN = 60
TURN = "map-turn"
STOPPED = "map-stopped"
HEIGHT = 460


@frame.fragment()
def photo_map(project: Project) -> None:
    """Draw the section; a click reruns only this part of the page."""
    found = prepare(project)
    if found is None:
        return
    if len(found.ids) < FEWEST:
        st.caption(f"The map needs at least {FEWEST} photos with computed features.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        named = st.segmented_control(
            "Layout", LAYOUTS, default="PCA", required=True, key="map-layout", help=LAYOUT_HELP
        )
        open_only = st.toggle("Select only unlabelled photos", value=True, key="map-open")
    if named == "t-SNE" and len(found.ids) > TSNE_MOST:
        st.info(f"t-SNE takes too long for more than {TSNE_MOST:,} photos. This is PCA.", icon=":material/info:")
        named = "PCA"
    points = _laid_out(project.id, found) if named == "t-SNE" else map_of(found.places)
    if points is None:
        _until_laid_out(project.id, found)
        named, points = "PCA", map_of(found.places)
    chart = st.container(key="map-chart")
    keys = st.container()
    buttons = st.container(key="map-actions")
    event = chart.plotly_chart(
        _figure(project, found, points),
        key=f"map-{named}-{st.session_state.get(TURN, 0)}",
        on_select="rerun",
        selection_mode=("lasso", "box"),
        config={"displaylogo": False, "scrollZoom": True},
        alt=f"Map of {counted(len(found.ids), 'photo')}: similar photos lie close together",
    )
    chosen = [int(point["customdata"]) for point in _selected(event)]
    allowed = np.ones(len(found.ids), dtype=bool)
    if open_only:
        unlabelled = [one.id for one in frame.store().image_labels(project.id) if one.label is None]
        allowed = np.isin(found.ids, unlabelled)
        chosen = [number for number in chosen if number in set(unlabelled)]
    with keys:
        chosen = list(dict.fromkeys([*chosen, *map_keys(project, "map-chart", found.ids[allowed], points[allowed])]))
    with buttons:
        class_buttons(project, len(chosen), lambda: chosen, key="map", after=_clear_selection)
    if not chosen:
        st.caption("Draw around points with the lasso: their photos appear here, and one key labels them all.")
        return
    if len(chosen) > SHOWN:
        st.caption(f"The first {SHOWN} of {counted(len(chosen), 'photo')}; a class button labels all of them.")
    wall(_cards(project, chosen[:SHOWN]), key="map-wall", side=96, label="Selected on the map")


def _selected(event: Any) -> list[dict[str, Any]]:
    points = event["selection"]["points"] if event else []
    return [point for point in points if "customdata" in point]


def _laid_out(project_id: int, found: Suggestions) -> np.ndarray | None:
    """Return the t-SNE layout of the photos; None while a worker process computes it, or if it was stopped."""
    layouts = _layouts(str(frame.workspace().root))
    key = _layout_key(project_id, found)
    if key not in layouts and st.session_state.get(STOPPED) != key:
        try:
            result = look(key, lambda: Request("t-sne", {"places": pack_arrays(places=found.places)}))
        except Exception:
            st.session_state[STOPPED] = key  # do not start it again every second
            raise
        if isinstance(result, Finished):
            for older in [one for one in layouts if one.startswith(f"t-sne {project_id} ")]:
                layouts.pop(older, None)
            layouts[key] = unpack_arrays(result.result)["points"]
    return layouts.get(key)


def _layout_key(project_id: int, found: Suggestions) -> str:
    return f"t-sne {project_id} {hashlib.sha256(found.ids.tobytes()).hexdigest()}"


@st.cache_resource(show_spinner=False)
def _layouts(root: str) -> dict[str, np.ndarray]:
    """Return the newest t-SNE layout of each project, for all tabs."""
    return {}


@frame.fragment(run_every=1.0)
def _until_laid_out(project_id: int, found: Suggestions) -> None:
    key = _layout_key(project_id, found)
    if st.session_state.get(STOPPED) == key:
        st.caption("t-SNE was stopped. This is PCA.")
        st.button("Compute t-SNE", icon=":material/play_arrow:", key="map-start", on_click=_restart)
        return
    if _laid_out(project_id, found) is not None:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(":material/hourglass_top: Computing t-SNE. Showing PCA until it is ready.", width="stretch")
        stop_button("map", partial(_stop, key))


def _stop(key: str) -> None:
    st.session_state[STOPPED] = key
    shared_pool().stop(shared_key(key), frame.tab())


def _restart() -> None:
    st.session_state.pop(STOPPED, None)


def _figure(project: Project, found: Suggestions, points: np.ndarray) -> Any:
    import plotly.graph_objects as go

    colors = palette(frame.is_dark())
    label_of = {one.id: one.label for one in frame.store().image_labels(project.id)}
    labels = np.array([label_of.get(int(number)) or "" for number in found.ids], dtype=object)
    figure = go.Figure()
    names = [one.name for one in frame.store().classes(project.id)]
    for place, name in enumerate(["", *names]):
        rows = np.flatnonzero(labels == name)
        if not len(rows):
            continue
        shown = name or "no label"
        turn = max(0, place - 1)
        figure.add_scattergl(
            x=points[rows, 0],
            y=points[rows, 1],
            mode="markers",
            name=chart_text(shown),
            customdata=found.ids[rows],
            hovertemplate=f"{chart_text(shown)}<extra></extra>",
            marker={
                "size": 7 if name else 5,
                "color": colors.lines[turn % len(colors.lines)] if name else colors.quiet,
                "opacity": 0.9 if name else 0.45,
                # Only six colours are easy to distinguish; with more classes the marker shapes vary too.
                "symbol": SHAPES[turn // len(colors.lines) % len(SHAPES)] if name else "circle",
            },
        )
    figure.update_layout(
        height=HEIGHT,
        dragmode="lasso",
        margin={"l": 0, "r": 0, "t": 8, "b": 0},
        paper_bgcolor=colors.paper,
        plot_bgcolor=colors.paper,
        font={"color": colors.text},
        legend={"orientation": "h", "y": -0.02},
        xaxis={"visible": False},
        yaxis={"visible": False, "scaleanchor": "x"},
    )
    return figure


SHAPES = ("circle", "diamond", "square", "cross", "triangle-up", "star")


def _cards(project: Project, ids: list[int]) -> list[WallPhoto]:
    store, cards = frame.store(), []
    for number in ids:
        try:
            row = store.image(project.id, number)
        except DataError:  # removed in the meantime
            continue
        cards.append(
            WallPhoto(
                str(number),
                store.thumbnail_path(row.hash),
                row.label or "no label",
                muted=row.label is None,
                name=row.filename.rsplit("/", 1)[-1],
            )
        )
    return cards


def _clear_selection() -> None:
    """Start a new chart, on which nothing is selected."""
    st.session_state[TURN] = st.session_state.get(TURN, 0) + 1
    clear(KEY)
