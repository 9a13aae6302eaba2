"""Live: what a model answers to a camera or a recorded video, smoothed over time, with an alarm for one class."""

import streamlit as st

from pages.components.live.live_desk import LiveDesk
from pages.components.live.live_form import form
from pages.components.live.live_model import live_model
from pages.components.live.live_stage import DESK, stage
from pages.components.live.live_timeline import timeline
from pages.components.shared import frame
from pages.components.shared.pickers import pick_model

CAMERA, VIDEO = "Camera", "Video file"
SOURCES = {CAMERA: "camera", VIDEO: "video"}
SIZES = {"640 pixels": 640, "1280 pixels": 1280, "1920 pixels": 1920}

with frame.page("Live"):
    reference = pick_model(frame.project())
    model = live_model(reference)
    if model is None:
        st.stop()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.segmented_control("Source", list(SOURCES), default=CAMERA, required=True, key="live-source")
        source = SOURCES[chosen]
        sound = st.toggle("Sound", value=True, key="live-sound", help="A tone while the alarm lasts.")
    predictor = model.predictor
    settings = form(predictor.classes, predictor.decision, reference)
    with st.expander("More settings", key="live-more"), st.container(horizontal=True):
        size = st.selectbox("Camera width", list(SIZES), index=1, key="live-size", width=200)
        rate = st.number_input("Frames a second of a video", 0.1, 60.0, 10.0, 1.0, key="live-rate", width=260)
    desk: LiveDesk | None = st.session_state.get(DESK)
    if desk is None or desk.model is not model:
        desk = st.session_state[DESK] = LiveDesk(model, settings)
    desk.use(settings)
    if source == "video":
        st.caption("The video stays in your browser, which posts one frame after the other. Nothing is stored.")
    else:
        st.caption("Frames go to the server that runs this app, one at a time. Nothing is stored.")
    stage(desk, source, reference, sound=sound, pixels=SIZES[size], rate=rate)
    engine = "with the frozen layers in 8 bits" if model.rounds else f"in {model.engine_name}"
    st.caption(f"Each frame is computed {engine}, in one view.")
    timeline(desk.session)
