"""The class's list and settings: add names, admit others, a new code, delete the class."""

import streamlit as st

from core.people.records import ClassRoom
from core.people.register import Register
from core.people.removal import delete_class
from pages.components.people import class_switches
from pages.components.shared import frame
from pages.components.shared.dialogs import closing_button
from pages.components.shared.wording import counted, plain


def show(register: Register, classroom: ClassRoom) -> None:
    """Draw the settings in an expander."""
    with st.expander("Settings of the class", icon=":material/settings:"):
        st.session_state["class-open"] = classroom.open
        st.toggle(
            "Pupils may join with names that are not on the list",
            key="class-open",
            on_change=_admit,
            args=(register, classroom),
        )
        class_switches.show(register, classroom)
        st.text_area("Add names (one in each line)", key="class-add", height=120)
        st.button("Add names", key="class-add-now", on_click=_add, args=(register, classroom))
        with st.container(horizontal=True):
            st.button(
                "New code", icon=":material/key:", key="class-code", on_click=_new_code,
                args=(register, classroom), help="The old code stops working. Those who are here stay.",
            )  # fmt: skip
            if st.button("Delete class", icon=":material/delete:", key="class-delete"):
                _delete(register, classroom)


@frame.action
def _admit(register: Register, classroom: ClassRoom) -> None:
    register.admit_new_names(classroom.id, bool(st.session_state["class-open"]))


@frame.action
def _new_code(register: Register, classroom: ClassRoom) -> None:
    register.new_class_code(classroom.id)


@frame.action
def _add(register: Register, classroom: ClassRoom) -> None:
    added = register.add_people(classroom.id, st.session_state["class-add"].splitlines())
    st.session_state["class-add"] = ""
    frame.notify(f"{counted(len(added), 'name')} added.")


@st.dialog("Delete this class?")
def _delete(register: Register, classroom: ClassRoom) -> None:
    people = register.people(classroom.id)
    st.markdown(
        f"This deletes **{plain(classroom.name)}** with {counted(len(people), 'pupil')} and all their photos, labels "
        "and models. This cannot be undone."
    )
    closing_button("Delete class", lambda: delete_class(register, classroom.id), key="class-delete-now")
