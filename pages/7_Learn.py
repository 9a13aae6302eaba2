"""Learn: seven lessons on why residual networks work, each with a picture that is computed here."""

from importlib import import_module

import streamlit as st

from pages.components.shared import frame
from pages.components.shared.charts import ink

# The module that shows a lesson is pages/components/learn/lessons/lesson_<name>.py.
LESSONS = {
    "inside": "Inside the network",
    "skips": "Why skip connections",
    "transfer": "What transfer buys",
    "augmentation": "What augmentation does",
    "preprocessing": "What preprocessing does",
    "layers": "Layers by hand",
    "family": "The family compared",
}

with frame.page("Learn"):
    names = list(LESSONS)
    if "learn-lesson" not in st.session_state:
        asked = st.query_params.get("lesson")
        st.session_state["learn-lesson"] = asked if asked in names else names[0]
    lesson = st.pills(
        "Lesson",
        names,
        required=True,
        key="learn-lesson",
        label_visibility="collapsed",
        format_func=lambda name: f"{names.index(name) + 1}. {LESSONS[name]}",
    )
    if lesson is None:  # an address with a lesson that is gone
        lesson = names[0]
    # A teacher can hand out the address of one lesson.
    st.query_params["lesson"] = lesson
    st.subheader(LESSONS[lesson], anchor=False)
    # Only the lesson that is shown is loaded: some of them bring torch along.
    import_module(f"pages.components.learn.lessons.lesson_{lesson}").show(ink(frame.is_dark()))
