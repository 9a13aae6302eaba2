"""A photo with one rectangle on it, to be dragged by mouse or finger, or moved by the arrow keys."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import streamlit as st
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.inspection.covering.patch import Patch
from pages.components.shared.assets import asset
from pages.components.shared.photo_wall import data_uri

HERE = Path(__file__).resolve().parent
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class RegionReport(BaseModel):
    """Where somebody has moved the rectangle."""

    model_config = ConfigDict(frozen=True)

    number: Annotated[int, Field(ge=1)]
    """Counts up, so that no report is taken twice."""
    photo: str
    region: tuple[Share, Share, Share, Share]
    """Left, top, width and height, as shares of the photo's sides."""

    @property
    def patch(self) -> Patch:
        return Patch(*self.region)


def new_report(key: str, photo: str) -> RegionReport | None:
    """Return what the browser has reported about this photo since the last call; None if there is nothing new."""
    raw: Any = (st.session_state.get(key) or {}).get("report")
    try:
        report = RegionReport.model_validate(raw)
    except ValidationError:  # nothing yet; or not from our script, which spoils only the sender's own page
        return None
    if report.number <= st.session_state.get(f"{key}-taken", 0):
        return None
    st.session_state[f"{key}-taken"] = report.number
    return report if report.photo == photo else None


def draw(
    key: str,
    photo: str,
    picture: bytes,
    region: Patch,
    *,
    alt: str,
    mode: Literal["move", "draw"],
    fill: str,
    on_report: Callable[[], None],
) -> None:
    """Draw the photo, a JPEG or PNG file; ``photo`` identifies it in the reports.

    In mode ``move`` the rectangle keeps its size; in mode ``draw`` a drag beside it draws a new one. ``fill`` is the
    rectangle's CSS colour, ``blur``, or ``none`` for its outline alone.
    """
    # Registered on each draw, because a second server in the same process (a test) starts with none.
    component = st.components.v2.component(
        "resnet_studio.region_canvas",
        html='<div class="desk"></div>',
        css=asset(HERE / "region_canvas.css"),
        js=asset(HERE / "region_canvas.js"),
    )
    told = {
        "photo": photo,
        "src": data_uri(picture),
        "alt": alt,
        "mode": mode,
        "fill": fill,
        "region": [region.left, region.top, region.width, region.height],
        "taken": st.session_state.get(f"{key}-taken", 0),
    }
    component(key=key, data=told, on_report_change=on_report)
