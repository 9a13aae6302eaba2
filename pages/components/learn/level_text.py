"""The level of the lessons' texts: school or university, chosen once for the whole Learn page."""

from typing import NamedTuple

import streamlit as st

from pages.components.shared.widget_memory import remember_choice, remembered_choice, set_initial_choice

SCHOOL, UNIVERSITY = "school", "university"
LEVELS = {SCHOOL: "School", UNIVERSITY: "University"}
KEY = "learn-level"


class LevelText(NamedTuple):
    """A text for both levels: everyday words for age 14 and up, without formulas; and exact, with papers."""

    school: str
    university: str


def choose_level() -> None:
    """Show the choice; the address (``?level=``) sets it in a new tab, and the tab remembers it on other pages.

    School is the default: a class comes first, and a student needs one click for more; a pupil who meets formulas
    leaves.
    """
    if KEY not in st.session_state and f"{KEY}-kept" not in st.session_state:
        wanted = st.query_params.get("level", SCHOOL)
        set_initial_choice(KEY, wanted if wanted in LEVELS else SCHOOL)
    st.segmented_control(
        "Level of the texts",
        list(LEVELS),
        default=remembered_choice(KEY, SCHOOL, LEVELS),
        required=True,
        key=KEY,
        format_func=LEVELS.__getitem__,
        on_change=remember_choice,
        args=(KEY,),
        label_visibility="collapsed",
        width="content",
    )
    # A teacher can share the address of a lesson with its level.
    st.query_params["level"] = chosen_level()


def chosen_level() -> str:
    """Return the level of this browser tab."""
    return str(st.session_state.get(KEY) or remembered_choice(KEY, SCHOOL, LEVELS))


def at_level(text: LevelText | str) -> str:
    """Return the text of the chosen level; a plain string is for both."""
    if isinstance(text, str):
        return text
    return text.university if chosen_level() == UNIVERSITY else text.school
