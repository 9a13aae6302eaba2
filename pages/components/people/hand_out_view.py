"""Hand out a project: the teacher sets it up once, and every pupil gets a copy."""

import streamlit as st

from core.data.store.store import Store
from core.people.door import workspace_of
from core.people.groups import groups
from core.people.hand_out import hand_out, without_copy
from core.people.records import ClassRoom, Person
from core.people.register import Register
from pages.components.shared import frame
from pages.components.shared.wording import counted, plain

_EACH_PUPIL, _EACH_GROUP = "Each pupil", "Each group"


def show(register: Register, classroom: ClassRoom, teacher: Person) -> None:
    """Draw the button that opens the dialog."""
    if st.button("Hand out a project", icon=":material/content_copy:", key="hand-out"):
        _dialog(register, classroom, teacher)


@st.dialog("Hand out a project")
def _dialog(register: Register, classroom: ClassRoom, teacher: Person) -> None:
    with frame.plain_errors():
        store = Store(workspace_of(teacher))
        try:
            _choose(store, register.people(classroom.id), groups(register, classroom.id))
        finally:
            store.close()


def _choose(store: Store, pupils: list[Person], teams: list[Person]) -> None:
    projects = {one.id: one for one in store.projects()}
    if not projects or not pupils:
        st.markdown(
            "Create a project on the home page first: with photos and classes, labelled or not."
            if pupils
            else "There are no pupils yet. Add their names, or let them join."
        )
        return
    chosen = st.selectbox(
        "Project", sorted(projects, reverse=True), format_func=lambda one: projects[one].name, key="hand-out-project"
    )
    each = _EACH_PUPIL
    if teams:
        each = st.segmented_control("For", [_EACH_PUPIL, _EACH_GROUP], default=each, required=True, key="hand-out-for")
    people, noun = (teams, "group") if each == _EACH_GROUP else (pupils, "pupil")
    missing = without_copy(store, chosen, people)
    name = plain(projects[chosen].name)
    if not missing:
        st.success(f"All {counted(len(people), noun)} have **{name}**.", icon=":material/check:")
        return
    st.markdown(
        f"{counted(store.count(chosen), 'photo')} with their labels and splits, for {len(missing)} of "
        f"{counted(len(people), noun)}. Each gets a copy of their own. A project of this name that somebody has "
        "already stays as it is."
    )
    if st.button("Give everyone a copy", type="primary", key="hand-out-now"):
        bar = st.progress(0.0)
        for step in hand_out(store, chosen, missing):
            bar.progress(step.done / (step.total or 1), plain(step.phase))
        st.rerun(scope="fragment")
