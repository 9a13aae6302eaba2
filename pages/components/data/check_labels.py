"""Can the labels and photos be trusted? Label errors, near-duplicates, odd photos, agreement of people."""

import streamlit as st

from core.data.store.store import Project
from pages.components.data.check_duplicates import duplicates
from pages.components.data.check_errors import label_errors
from pages.components.data.check_quality import odd_photos

ERRORS, TWINS, ODD, PEOPLE = "Likely label errors", "Near-duplicates", "Odd photos", "Annotators"


def check_labels(project: Project) -> None:
    """The whole section: one check at a time."""
    check = st.pills(
        "Check",
        [ERRORS, TWINS, ODD, PEOPLE],
        default=ERRORS,
        required=True,
        key="check-which",
        label_visibility="collapsed",
    )
    if check == TWINS:
        duplicates(project)
    elif check == ODD:
        odd_photos(project)
    elif check == PEOPLE:
        from pages.components.data.check_people import people  # it brings pandas along

        people(project)
    else:
        label_errors(project)
