"""What the browser's script reports of mouse and keys at the box desk, and what it is told."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st
from pydantic import BaseModel, ConfigDict, ValidationError

HERE = Path(__file__).resolve().parent
KEY = "boxes-keys"
Numbers = tuple[float, float, float, float]


class BoxesInput(BaseModel):
    """Totals since the desk was made: nothing counts twice, and nothing is lost where reports are joined."""

    model_config = ConfigDict(frozen=True)

    token: str = ""  # of the desk that it is about
    steps: tuple[int, int, int, int] = (0, 0, 0, 0)  # by keys: right, down, wider, higher
    picks: int = 0  # presses of the mouse on a box while Edit is on
    pick: tuple[float, float] = (0.0, 0.0)  # where the newest was, in pixels of the canvas
    pick_on: str = ""  # the key of that canvas
    drags: int = 0  # boxes whose canvas was replaced while the mouse drew on it
    drag: Numbers = (0.0, 0.0, 0.0, 0.0)  # the newest: both corners
    drag_on: str = ""
    editing: bool = False
    room: int | None = None  # how wide a canvas can be


def hand_now() -> BoxesInput:
    """What the browser reported last."""
    raw: Any = (st.session_state.get(KEY) or {}).get("hand")
    if raw is None:
        return BoxesInput()
    try:
        return BoxesInput.model_validate(raw)
    except ValidationError:  # not from our script: whoever forges a report only spoils it for himself
        return BoxesInput()


def listen(told: dict[str, Any], on_report: Callable[[], None]) -> None:
    """Starts the script; ``on_report`` is called when it reports."""
    script = st.components.v2.component("resnet_studio.boxes_keys", js=(HERE / "boxes_keys.js").read_text("utf-8"))
    script(key=KEY, data=told, on_hand_change=on_report, height=0)
