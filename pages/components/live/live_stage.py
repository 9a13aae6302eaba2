"""The stage of the Live page: the camera or the video with its answers, redrawn at each frame and nothing else."""

from pathlib import Path
from typing import Any

import streamlit as st

from pages.components.camera.camera_component import camera_component
from pages.components.live.live_desk import LiveDesk
from pages.components.shared import frame

HERE = Path(__file__).resolve().parent
KEY, DESK = "live-stage", "live-desk"
ANSWERS_A_SECOND = 10
"""At most, from a camera: the other tabs of a class need the processor too."""
# Streamlit pales what is being redrawn, which would flicker at each frame.
STYLE = "<style>.st-key-live-box [data-stale] { opacity: 1 !important; transition: none !important; }</style>"


@frame.fragment()
def stage(desk: LiveDesk, source: str, model: str, *, sound: bool, pixels: int, rate: float) -> None:
    """Draw the stage. Each posted frame reruns this fragment; the end of a stream redraws the page."""
    component = camera_component(HERE / "live_stage.js", "live")
    told: dict[str, Any] = {
        **desk.told(),
        "source": source,
        "model": model,
        "crop": desk.crop,
        "sound": sound,
        "pixels": pixels,
        "rate": rate if source == "video" else ANSWERS_A_SECOND,
    }
    with st.container(key="live-box"):
        st.html(STYLE)
        found = component(key=KEY, data=told, on_frame_change=_take, on_finished_change=lambda: None)
    if found.get("finished"):
        st.rerun()


@frame.action
def _take() -> None:
    """Answer the frame before the stage is drawn again."""
    desk: LiveDesk | None = st.session_state.get(DESK)
    if desk is not None:
        desk.take((st.session_state.get(KEY) or {}).get("frame"))
