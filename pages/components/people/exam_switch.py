"""Lock the exam of a class, and unlock it at the end of a lesson."""

import streamlit as st

from core.people.class_rules import change_rules, rules_of
from core.people.records import ClassRoom
from core.people.register import Register
from pages.components.shared import frame
from pages.components.shared.wording import plain

HELP = (
    "While the exam is locked, pupils cannot evaluate a model on its test photos, and the figures of earlier exams are "
    "hidden, also in reports and downloads. You can still see them. Labels and validation figures stay visible."
)


def show(register: Register, classroom: ClassRoom) -> None:
    """Draw the switch."""
    key = f"class-exam-{classroom.id}"
    st.session_state[key] = rules_of(register, classroom.id).exam_locked
    st.toggle("Lock the exam", key=key, help=HELP, on_change=_change, args=(register, classroom, key))


@frame.action
def _change(register: Register, classroom: ClassRoom, key: str) -> None:
    locked = bool(st.session_state[key])
    change_rules(register, classroom.id, exam_locked=locked)
    frame.notify(f"The exam of {plain(classroom.name)} is {'locked' if locked else 'unlocked'}.")
