"""What a pupil sees of the class: who they are here, and their groups."""

import streamlit as st

from core.people.groups import groups_of, members_of
from core.people.records import Person
from core.people.register import Register
from pages.components.people import data_download
from pages.components.shared.wording import counted, plain


def show(register: Register, person: Person) -> None:
    """Draw the class of a pupil."""
    classroom = register.classroom(person.class_id or 0)
    joined = sum(one.joined for one in register.people(classroom.id))
    st.header(plain(classroom.name), anchor=False)
    st.markdown(
        f"You are **{plain(person.name)}**, one of {counted(joined, 'pupil')}. Your photos, labels and models are "
        "yours: nobody else in the class can open them unless you share them. Your teacher can see how far you are and "
        "which lesson you opened last, and can help you."
    )
    data_download.button(register, person, "Download my data", for_themselves=True)
    own = groups_of(register, person.id)
    if not own:
        return
    members = members_of(register, classroom.id)
    for group in own:
        others = [one.name for one in members[group.id] if one.id != person.id]
        with_whom = f" with {plain(', '.join(others))}" if others else ", so far alone"
        st.markdown(
            f"You are in **{plain(group.name)}**{with_whom}. Choose the group in the sidebar, under *Work in*, and you "
            "share photos, labels and models."
        )
