"""What the teacher allows in a class, as switches: sharing, and the game."""

import streamlit as st

from core.people.class_rules import change_rules, rules_of
from core.people.records import ClassRoom
from core.people.register import Register
from pages.components.shared import frame

_SWITCHES = {
    "sharing": ("Pupils may share projects and models with the class", "Off: nobody sees the gallery but you."),
    "game": ("Pupils may play the break-it game", "Off: nobody sees the game but you. The points stay."),
}


def show(register: Register, classroom: ClassRoom) -> None:
    """Draw a switch for each."""
    rules = rules_of(register, classroom.id)
    for name, (label, explained) in _SWITCHES.items():
        key = f"rule-{name}"
        st.session_state[key] = getattr(rules, name)
        st.toggle(label, key=key, help=explained, on_change=_switch, args=(register, classroom.id, name))


@frame.action
def _switch(register: Register, class_id: int, name: str) -> None:
    change_rules(register, class_id, **{name: bool(st.session_state[f"rule-{name}"])})
