"""Learn: seven lessons on why residual networks work, with figures computed on this machine."""

from importlib import import_module

import streamlit as st

from pages.components.shared import frame
from pages.components.shared.charts import palette

# The module that shows a lesson is pages/components/learn/lessons/lesson_<name>.py.
LESSONS = {
    "inside": "Inside the network",
    "skips": "Why skip connections help",
    "transfer": "Transfer learning",
    "augmentation": "Data augmentation",
    "preprocessing": "Preprocessing",
    "layers": "Layers step by step",
    "family": "The ResNet family",
}

with frame.page("Learn"):
    names = list(LESSONS)
    if "learn-lesson" not in st.session_state:
        requested = st.query_params.get("lesson")
        st.session_state["learn-lesson"] = requested if requested in names else names[0]
    lesson = st.pills(
        "Lesson",
        names,
        required=True,
        key="learn-lesson",
        label_visibility="collapsed",
        format_func=lambda name: f"{names.index(name) + 1}. {LESSONS[name]}",
    )
    if lesson is None:  # the address names a lesson that no longer exists
        lesson = names[0]
    # A teacher can share the address of one lesson.
    st.query_params["lesson"] = lesson
    st.subheader(LESSONS[lesson], anchor=False)
    # Import only the lesson on screen: some of them import torch.
    import_module(f"pages.components.learn.lessons.lesson_{lesson}").show(palette(frame.is_dark()))
