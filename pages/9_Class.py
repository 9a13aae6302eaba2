"""Class: the teacher sees who is here and what they have made; pupils see their class, its gallery and the game."""

import streamlit as st

from core.people.class_rules import rules_of
from core.people.door import open_register
from pages.components.people import (
    classmates,
    exam_switch,
    groups_view,
    hand_out_view,
    limits,
    new_class,
    projector,
    pupil_actions,
    pupils_table,
    register_settings,
    way_in,
)
from pages.components.shared import frame
from pages.components.sharing import break_it_view, gallery_view

PUPILS, GROUPS, MINE = "Pupils", "Groups", "My class"
GALLERY, BREAK_IT = "Gallery", "Break it"

with frame.page("Class"):
    here = frame.person()
    if here is None:
        frame.empty_state(
            "This server is for one person",
            "Start it with RESNET_STUDIO_PEOPLE=class (or accounts), and each pupil gets a workspace of their own.",
        )
        st.stop()
    if st.session_state.pop(pupil_actions.TO_HOME, False):
        frame.go("Home")
    register = open_register()
    classroom = (
        new_class.choose(register, hidden=projector.wanted())
        if here.teaches
        else register.classroom(here.class_id or 0)
    )
    if classroom is None:
        new_class.first(register)
        st.stop()
    if here.teaches and projector.wanted():
        projector.show(register, classroom)
        st.stop()
    rules = rules_of(register, classroom.id)
    views = [PUPILS, GROUPS] if here.teaches else [MINE]
    views += [GALLERY] if rules.sharing or here.teaches else []
    views += [BREAK_IT] if rules.sharing and rules.game else []
    view = views[0]
    if len(views) > 1:
        view = st.segmented_control("View", views, default=view, required=True, label_visibility="collapsed",
                                    key="class-view")  # fmt: skip
    if view == GALLERY:
        gallery_view.show(register, here, classroom.id)
    elif view == BREAK_IT:
        break_it_view.show(register, here, classroom.id)
    elif view == GROUPS:
        groups_view.show(register, classroom)
    elif view == MINE:
        classmates.show(register, here)
    else:
        way_in.show(classroom)
        with st.container(horizontal=True, vertical_alignment="center"):
            hand_out_view.show(register, classroom, here)
            projector.button()
            exam_switch.show(register, classroom)
        pupils_table.show(register, classroom)
        limits.show(register, classroom)
        register_settings.show(register, classroom)
