"""The canvas of the box desk: shows a photo with its boxes, and reports what somebody does to them.

This is our own Streamlit component: one element handles the pointer and the arrow keys, keeps boxes in pixels of the
photo, and sends plain lists of boxes. Annotorious 3 (BSD-3) draws and resizes rectangles too, but the labels, the keys,
the selection shared with the page's buttons and the safe handling of late messages would still be ours to write.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st
from pydantic import BaseModel, ConfigDict, ValidationError

from core.data.store.records import BoxRow
from pages.components.shared.assets import asset
from pages.components.shared.photo_wall import data_uri

HERE = Path(__file__).resolve().parent
KEY = "boxes-canvas"
# Neither side is shown with fewer screen pixels, or nobody could draw: a very long photo is shown wider than it is.
LEAST_PIXELS = 140
Numbers = tuple[str, float, float, float, float]
"""A box between here and the browser: label, x, y, width, height, in pixels of the photo."""


class BoxEdit(BaseModel):
    """One gesture, or one series of steps by arrow keys, on one photo."""

    model_config = ConfigDict(frozen=True)

    number: int  # counts up, so that no edit is taken twice
    project: int
    photo: int  # the image's id
    before: tuple[Numbers, ...]
    boxes: tuple[Numbers, ...]
    at: int | None = None  # the index of the selected box in ``boxes``


class CanvasReport(BaseModel):
    """All edits that the server had not taken when the newest one was made."""

    model_config = ConfigDict(frozen=True)

    token: str = ""  # of the tab
    edits: tuple[BoxEdit, ...] = ()


def last_report() -> CanvasReport:
    """Return what the browser reported last."""
    raw: Any = (st.session_state.get(KEY) or {}).get("report")
    if raw is None:
        return CanvasReport()
    try:
        return CanvasReport.model_validate(raw)
    except ValidationError:  # not from our script: a forged report spoils only the forger's own desk
        return CanvasReport()


def draw(told: dict[str, Any], photo: bytes, on_report: Callable[[], None]) -> None:
    """Draw the canvas; ``on_report`` is called when the browser has reported an edit."""
    # Registered on each draw, because a second server in the same process (a test) starts with none.
    component = st.components.v2.component(
        "resnet_studio.box_canvas",
        html='<div class="view"><div class="desk"></div></div><div class="zoom"></div>',
        css=asset(HERE / "box_canvas.css"),
        js=asset(HERE / "box_canvas.js"),
    )
    component(key=KEY, data={**told, "src": data_uri(photo)}, on_report_change=on_report)


def to_numbers(boxes: Sequence[BoxRow]) -> list[Numbers]:
    """Return the boxes as the browser gets them."""
    return [(box.label, box.x, box.y, box.width, box.height) for box in boxes]


def from_numbers(boxes: Sequence[Numbers]) -> list[BoxRow]:
    """Return the boxes that the browser sent; one that nobody touched is exactly as it was."""
    return [BoxRow(*box) for box in boxes]


def canvas_size(size: tuple[int, int], most: tuple[int, int]) -> tuple[int, int]:
    """Return the canvas's width and height in screen pixels: the photo's shape, at most ``most``.

    It is large enough to draw on; in a narrower window the browser makes it smaller.
    """
    width, height = size
    scale = min(most[0] / width, most[1] / height)
    sides = max(LEAST_PIXELS, round(width * scale)), max(LEAST_PIXELS, round(height * scale))
    return min(sides[0], most[0]), min(sides[1], most[1])


def is_stretched(size: tuple[int, int], canvas: tuple[int, int]) -> bool:
    """Return whether a photo of this size is shown in another shape than its own."""
    across, down = canvas[0] / size[0], canvas[1] / size[1]
    return max(across, down) > 1.25 * min(across, down)


def step_size(size: tuple[int, int], canvas: tuple[int, int]) -> tuple[int, int]:
    """Return how many pixels of the photo make about one pixel of the screen, across and down; at least one."""
    return max(1, round(size[0] / canvas[0])), max(1, round(size[1] / canvas[1]))
