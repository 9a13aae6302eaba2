"""The map of photos by keyboard: arrow keys move a ring from point to point, Enter selects the photo under it."""

from pathlib import Path

import numpy as np
import streamlit as st

from core.data.store.store import Project
from core.errors import DataError
from pages.components.shared import frame
from pages.components.shared.assets import asset
from pages.components.shared.photo_wall import data_uri

HERE = Path(__file__).resolve().parent
KEY = "map-keys"


def map_keys(project: Project, chart: str, ids: np.ndarray, points: np.ndarray) -> list[int]:
    """Draw the line that takes the keys, and return the ids selected with them.

    ``chart`` is the key of the container with the plotly chart, ``ids`` and ``points`` are the photos that may be
    selected and their places on it. ``photo_wall.clear(KEY)`` clears the selection.
    """
    state = st.session_state.get(KEY) or {}
    component = st.components.v2.component(
        "resnet_studio.map_keys",
        html='<div class="keys" tabindex="0" role="application"></div>',
        css=asset(HERE / "map_keys.css"),
        js=asset(HERE / "map_keys.js"),
    )
    answer = component(
        key=KEY,
        data={
            "chart": chart,
            "ids": [int(one) for one in ids],
            "x": [round(float(x), 4) for x in points[:, 0]],
            "y": [round(float(y), 4) for y in points[:, 1]],
            "version": st.session_state.get(f"{KEY}-version", 0),
            "shown": _shown(project, state.get("at")),
        },
        on_chosen_change=lambda: None,
        on_at_change=lambda: None,
    )
    known = {int(one) for one in ids}
    return [one for one in answer.get("chosen") or () if isinstance(one, int) and one in known]


def _shown(project: Project, number: object) -> dict[str, str | int] | None:
    """Return what the line shows of the photo under the ring."""
    if not isinstance(number, int):
        return None
    try:
        row = frame.store().image(project.id, number)
    except DataError:  # removed in the meantime
        return None
    name = row.filename.rsplit("/", 1)[-1]
    return {
        "id": number,
        "words": f"{row.label or 'no label'}, {name}",
        "src": data_uri(frame.store().thumbnail_path(row.hash)),
    }
