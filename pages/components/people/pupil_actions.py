"""What a teacher can do for one pupil: a new card, sign out, start afresh, delete."""

import streamlit as st

from core.people.joining import new_card_for
from core.people.mode import people_mode
from core.people.overview import Overview
from core.people.records import Person
from core.people.register import Register
from core.people.removal import delete_person, start_afresh
from pages.components.people import data_download
from pages.components.shared import frame
from pages.components.shared.dialogs import closing_button
from pages.components.shared.wording import counted, plain

TO_HOME = "look-on-home"


def show(register: Register, person: Person, made: Overview) -> None:
    """Draw the actions for the chosen pupil."""
    with st.container(border=True, key="class-pupil"):
        st.subheader(plain(person.name), anchor=False)
        with st.container(horizontal=True):
            st.button(
                "Look at the work", type="primary", icon=":material/visibility:", key="pupil-look", on_click=_look,
                args=(person,), disabled=not made.projects, help="In a copy: looking changes nothing.",
            )  # fmt: skip
            back = "account" if people_mode() == "accounts" else "card"
            if back == "card" and st.button("New card", icon=":material/badge:", key="pupil-card"):
                _card(register, person)
            st.button(
                "Sign out", icon=":material/logout:", key="pupil-out", on_click=_sign_out, args=(register, person),
                help=f"In all browsers. Their work stays; they come back with their {back}.",
            )  # fmt: skip
            data_download.button(register, person, "Download data", for_themselves=False)
            if st.button("Start afresh", icon=":material/restart_alt:", key="pupil-afresh"):
                _afresh(register, person, made)
            if st.button("Delete", icon=":material/delete:", key="pupil-delete"):
                _delete(register, person, made)


@frame.action
def _look(person: Person) -> None:
    frame.start_looking(person)
    st.session_state[TO_HOME] = True


@st.dialog("New card")
def _card(register: Register, person: Person) -> None:
    st.markdown(f"Make a new card for **{plain(person.name)}**? The old one stops working.")
    if st.button("Make it", type="primary", key="card-now"):
        st.code(new_card_for(register, person.id), language=None)
        st.caption("Write it down now: it is not shown again.")


@frame.action
def _sign_out(register: Register, person: Person) -> None:
    register.end_visits(person.id)
    frame.notify(f"{plain(person.name)} is signed out.")


@st.dialog("Start afresh?")
def _afresh(register: Register, person: Person, made: Overview) -> None:
    st.markdown(f"This deletes {_everything(made)} of **{plain(person.name)}**. The name and the card stay. "
                "This cannot be undone.")  # fmt: skip
    closing_button("Delete everything", lambda: start_afresh(register, person), key="afresh-now")


@st.dialog("Delete this pupil?")
def _delete(register: Register, person: Person, made: Overview) -> None:
    st.markdown(f"This deletes **{plain(person.name)}** with {_everything(made)}. This cannot be undone.")
    closing_button("Delete", lambda: delete_person(register, person), key="delete-now")


def _everything(made: Overview) -> str:
    return f"{counted(made.projects, 'project')}, {counted(made.photos, 'photo')} and {counted(made.runs, 'run')}"
