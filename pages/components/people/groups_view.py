"""Groups of a class: the teacher makes them, by hand or at random; each shares one workspace."""

import streamlit as st

from core.people.groups import create_group, group_the_rest, groups, members_of, set_members
from core.people.overview import overview
from core.people.records import ClassRoom, Person
from core.people.register import Register
from core.people.removal import delete_person
from pages.components.shared import frame
from pages.components.shared.dialogs import closing_button
from pages.components.shared.wording import counted, plain


def show(register: Register, classroom: ClassRoom) -> None:
    """Draw the groups, each with its pupils."""
    st.markdown(
        "A group has one workspace for its photos, labels and models, beside the pupils' own. "
        "Its pupils choose it in the sidebar, under *Work in*."
    )
    pupils = register.people(classroom.id)
    if not pupils:
        st.info("There are no pupils yet. Add their names, or let them join.", icon=":material/groups:")
        return
    with st.container(horizontal=True):
        if st.button("New group", icon=":material/group_add:", key="group-new"):
            _new(register, classroom, pupils)
        if st.button("Group the others at random", icon=":material/shuffle:", key="group-random"):
            _random(register, classroom)
    there = groups(register, classroom.id)
    members = members_of(register, classroom.id)
    for group in there:
        _group(register, group, pupils, members[group.id])
    placed = {one.id for some in members.values() for one in some}
    alone = [one.name for one in pupils if one.id not in placed]
    if there and alone:
        st.caption(f"In no group: {plain(', '.join(alone))}")


def _group(register: Register, group: Person, pupils: list[Person], members: list[Person]) -> None:
    key = f"group-members-{group.id}"
    names = {one.id: one.name for one in pupils}
    with st.container(border=True):
        st.session_state[key] = [one.id for one in members]
        st.multiselect(
            plain(group.name), list(names), format_func=lambda one: names.get(one, ""), key=key,
            on_change=_choose, args=(register, group, key), placeholder="Choose its pupils",
        )  # fmt: skip
        made = overview(group)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"{counted(made.photos, 'photo')}, {counted(made.runs, 'run')}", width="stretch")
            if st.button("Delete", icon=":material/delete:", key=f"group-delete-{group.id}"):
                _delete(register, group)


@frame.action
def _choose(register: Register, group: Person, key: str) -> None:
    set_members(register, group, st.session_state[key])


@st.dialog("New group")
def _new(register: Register, classroom: ClassRoom, pupils: list[Person]) -> None:
    names = {one.id: one.name for one in pupils}
    st.text_input("Name", placeholder="Foxes", max_chars=40, key="group-name")
    st.multiselect("Pupils", list(names), format_func=lambda one: names.get(one, ""), key="group-pupils")
    closing_button(
        "Create group",
        lambda: create_group(register, classroom.id, st.session_state["group-name"], st.session_state["group-pupils"]),
        key="group-create",
    )


@st.dialog("Group the others at random")
def _random(register: Register, classroom: ClassRoom) -> None:
    st.number_input("Pupils in a group", 2, 10, 3, key="group-size")
    st.caption("Those who are in a group already stay where they are.")
    closing_button(
        "Make groups",
        lambda: group_the_rest(register, classroom.id, int(st.session_state["group-size"])),
        key="group-random-now",
    )


@st.dialog("Delete this group?")
def _delete(register: Register, group: Person) -> None:
    made = overview(group)
    st.markdown(
        f"This deletes **{plain(group.name)}** with {counted(made.projects, 'project')}, "
        f"{counted(made.photos, 'photo')} and {counted(made.runs, 'run')}, and what it has shared. "
        "The pupils and their own work stay. This cannot be undone."
    )
    closing_button("Delete group", lambda: delete_person(register, group), key="group-delete-now")
