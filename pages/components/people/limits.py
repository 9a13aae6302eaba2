"""The limits of a class: how many photos, megabytes, trainings and minutes each pupil may use."""

import streamlit as st

from core.people.class_rules import change_rules, rules_of
from core.people.records import ClassRoom
from core.people.register import Register
from pages.components.shared import frame

_FIELDS = {
    "most_photos": ("Photos", 50, "In all projects of a pupil."),
    "most_megabytes": ("Disk in MB", 100, "Photos and trained models. A trained ResNet-18 takes about 90 MB."),
    "most_runs": ("Trainings at a time", 1, "Those that run and those that wait."),
    "most_minutes": ("Minutes of one training", 5, "It then stops and keeps its best model."),
}


def show(register: Register, classroom: ClassRoom) -> None:
    """Draw the limits in an expander."""
    rules = rules_of(register, classroom.id)
    chosen = [name for name in _FIELDS if getattr(rules, name) is not None]
    with st.expander("Limits for each pupil" + ("" if chosen else " (none)"), icon=":material/speed:"):
        st.markdown("A pupil sees how much is used before a limit is reached. Leave a field empty for no limit.")
        with st.container(horizontal=True):
            for name, (label, step, why) in _FIELDS.items():
                key = _key(classroom, name)
                if key not in st.session_state:
                    st.session_state[key] = getattr(rules, name)
                st.number_input(
                    label, min_value=1, max_value=10**7, step=step, key=key, help=why, placeholder="no limit", width=190
                )
        st.button("Save limits", key="class-limits", on_click=_save, args=(register, classroom))


@frame.action
def _save(register: Register, classroom: ClassRoom) -> None:
    change_rules(register, classroom.id, **{name: st.session_state[_key(classroom, name)] for name in _FIELDS})
    frame.notify("The limits are saved. They hold from now on.")


def _key(classroom: ClassRoom, name: str) -> str:
    return f"class-{classroom.id}-{name}"
