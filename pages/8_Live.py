"""Live: what a model answers to a camera or a recorded video, smoothed over time, with an alarm for one class."""

import streamlit as st

from pages.components.live.live_crop import explain_crop, pick_crop
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
    predictor = model.predictor
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.segmented_control("Source", list(SOURCES), default=CAMERA, required=True, key="live-source")
        source = SOURCES[chosen]
        crop = pick_crop(predictor.task)
        sound = st.toggle("Sound", value=True, key="live-sound", help="A tone while the alarm lasts.")
    picture = st.container()  # above the settings: on a phone, they would push it off the screen
    st.header("Settings", anchor=False)
    settings = form(predictor.classes, predictor.decision, reference)
    with st.expander("More settings", key="live-more"), st.container(horizontal=True):
        size = st.selectbox("Camera width", list(SIZES), index=1, key="live-size", width=200)
        rate = st.number_input("Frames a second of a video", 0.1, 60.0, 10.0, 1.0, key="live-rate", width=260)
    desk: LiveDesk | None = st.session_state.get(DESK)
    if desk is None or desk.model is not model or desk.crop != crop:
        desk = st.session_state[DESK] = LiveDesk(model, settings, crop)
    desk.use(settings)
    with picture:
        stage(desk, source, reference, sound=sound, pixels=SIZES[size], rate=rate)
        explain_crop(crop)
        goes = (
            "The video stays in your browser, which posts one frame after the other."
            if source == "video"
            else "Frames go to the server that runs this app, one at a time."
        )
        engine = "with the frozen layers in 8 bits" if model.rounds else f"in {model.engine_name}"
        st.caption(f"{goes} Nothing is stored. Each frame is computed {engine}, in one view.")
    timeline(desk.session)
