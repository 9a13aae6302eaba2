"""Class: the teacher sees who is here and what they have made; pupils see their class."""

import streamlit as st

from core.people.door import open_register
from pages.components.people import (
    classmates,
    exam_switch,
    hand_out_view,
    new_class,
    projector,
    pupil_actions,
    pupils_table,
    register_settings,
    way_in,
)
from pages.components.shared import frame

with frame.page("Class"):
    here = frame.person()
    if here is None:
        frame.empty_state(
            "This server is for one person",
            "Start it with RESNET_STUDIO_PEOPLE=class, and each pupil gets a workspace of their own.",
        )
        st.stop()
    if st.session_state.pop(pupil_actions.TO_HOME, False):
        frame.go("Home")
    register = open_register()
    if not here.teaches:
        classmates.show(register, here)
        st.stop()
    classroom = new_class.choose(register, hidden=projector.wanted())
    if classroom is None:
        new_class.first(register)
        st.stop()
    if projector.wanted():
        projector.show(register, classroom)
        st.stop()
    way_in.show(classroom)
    with st.container(horizontal=True, vertical_alignment="center"):
        hand_out_view.show(register, classroom, here)
        projector.button()
        exam_switch.show(register, classroom)
    pupils_table.show(register, classroom)
    register_settings.show(register, classroom)
