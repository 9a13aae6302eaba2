"""The teacher's table: who is here, what they have made, who waits."""

import time

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from core.lessons.titles import LESSONS
from core.people.class_rules import rules_of
from core.people.overview import Overview, overview
from core.people.records import ClassRoom, Person
from core.people.register import Register
from core.people.teaching.class_progress import is_here
from pages.components.people import pupil_actions
from pages.components.shared import frame
from pages.components.shared.wording import counted, plain

REFRESH_SECONDS = 5.0


@frame.fragment(run_every=REFRESH_SECONDS)
def show(register: Register, classroom: ClassRoom) -> None:
    """Draw who waits at the door, and a row for each pupil; refreshed every few seconds."""
    if st.session_state.get(pupil_actions.TO_HOME):
        st.rerun()  # a press in here runs this part alone, and only the page can open another one
    _waiting(register, classroom)
    people = register.people(classroom.id)
    if not people:
        st.info("Nobody has joined yet. Show the code above to your class.", icon=":material/groups:")
        return
    found = [overview(one) for one in people]
    here = sum(is_here(one) for one in people)
    training, waiting = sum(one.training for one in found), sum(one.waiting for one in found)
    st.markdown(
        f"**{here} of {counted(len(people), 'pupil')} here**, {counted(sum(one.photos for one in found), 'photo')}, "
        f"{counted(training, 'training')} running, {waiting} waiting"
    )
    rules = rules_of(register, classroom.id)
    chosen = st.dataframe(
        _table(found),
        hide_index=True,
        key=f"class-pupils-{classroom.id}",
        on_select="rerun",
        placeholder="",
        selection_mode="single-row",
        column_config={
            "Labelled": st.column_config.ProgressColumn("Labelled", min_value=0, max_value=100, format="%.0f%%"),
            "Best": st.column_config.NumberColumn(
                "Best", format="%.0f%%", help="The best figure on validation photos, of all runs."
            ),
            "Photos": _used("Photos", "%d", rules.most_photos, ""),
            "Disk": _used("Disk", "%.0f", rules.most_megabytes, " MB"),
        },
    )
    rows = chosen["selection"]["rows"]
    if rows and rows[0] < len(people):
        pupil_actions.show(register, people[rows[0]], found[rows[0]])
    else:
        st.caption("Select a row to look at a pupil's work, or to help them back to it.")


def _waiting(register: Register, classroom: ClassRoom) -> None:
    names = {visit.person.id: visit.person for visit in register.waiting(classroom.id)}
    for person in names.values():
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(person.name)}** has no card and asks to come in.", width="stretch")
            st.button("Let in", type="primary", key=f"let-in-{person.id}", on_click=register.let_in, args=(person.id,))
            st.button("Turn away", key=f"turn-away-{person.id}", on_click=register.turn_away, args=(person.id,))


def _table(found: list[Overview]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "Name": one.person.name,
                "Here": seen_in_words(one.person),
                "Projects": one.projects,
                "Photos": one.photos,
                "Labelled": 100 * one.labelled / one.photos if one.photos else None,
                "Runs": one.runs,
                "Lesson": lesson_in_words(one.lesson),
                "Now": "training" if one.training else "in the queue" if one.waiting else "",
                "Best": None if one.best is None else 100 * one.best,
                "Disk": one.megabytes,
            }
            for one in found
        ]
    )


def _used(label: str, number: str, most: int | None, unit: str) -> ColumnConfig:
    """Return a column that shows a number, with its share of the limit where there is one."""
    if most is None:
        return st.column_config.NumberColumn(label, format=number + unit)
    return st.column_config.ProgressColumn(
        label, min_value=0, max_value=most, format=f"{number} of {most}{unit}", help="Of the limit of this class."
    )


def lesson_in_words(lesson: str) -> str:
    """Return a lesson as the page Learn names it: "2. Why skip connections help"; "" for none."""
    names = list(LESSONS)
    return f"{names.index(lesson) + 1}. {LESSONS[lesson]}" if lesson in LESSONS else ""


def seen_in_words(person: Person) -> str:
    """Return when somebody was last here: "now", "12 min ago", "3 days ago"."""
    if person.seen is None:
        return "not yet"
    if is_here(person):
        return "now"
    minutes = (time.time() - person.seen) / 60
    if minutes < 60:
        return f"{minutes:.0f} min ago"
    if minutes < 60 * 24:
        return f"{minutes / 60:.0f} h ago"
    return counted(round(minutes / 60 / 24), "day") + " ago"
