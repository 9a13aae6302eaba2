"""Learn: seven lessons on why residual networks work, on two levels, and a glossary."""

from importlib import import_module

import streamlit as st

from core.lessons.titles import LESSONS
from core.people.teaching.lesson_record import record_lesson
from pages.components.learn import glossary_section, worksheet_buttons
from pages.components.learn.level_text import choose_level
from pages.components.shared import frame
from pages.components.shared.charts import palette

GLOSSARY = "glossary"


def open_lesson(name: str) -> None:
    """Go to this lesson; a callback of the glossary's buttons."""
    st.session_state["learn-lesson"] = name


with frame.page("Learn"):
    names = [*LESSONS, GLOSSARY]
    if "learn-lesson" not in st.session_state:
        requested = st.query_params.get("lesson")
        st.session_state["learn-lesson"] = requested if requested in names else names[0]
    lesson = st.pills(
        "Lesson",
        names,
        required=True,
        key="learn-lesson",
        label_visibility="collapsed",
        format_func=lambda name: "Glossary" if name == GLOSSARY else f"{names.index(name) + 1}. {LESSONS[name]}",
    )
    if lesson is None:  # the address names a lesson that no longer exists
        lesson = names[0]
    if (here := frame.person()) is not None and not here.teaches and lesson != GLOSSARY:
        record_lesson(frame.workspace(), lesson)
    # A teacher can share the address of one lesson.
    st.query_params["lesson"] = lesson
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.header(LESSONS.get(lesson, "Glossary"), anchor=False, width="content")
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            if lesson != GLOSSARY:
                worksheet_buttons.show(lesson)
            choose_level()
    if lesson == GLOSSARY:
        glossary_section.show(LESSONS, open_lesson)
    else:
        # Import only the lesson on screen: some of them import torch.
        import_module(f"pages.components.learn.lessons.lesson_{lesson}").show(palette(frame.is_dark()))
