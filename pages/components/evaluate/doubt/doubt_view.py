"""The view Doubt: calibration, photos left to a person, sets of classes, and "none of these"."""

import streamlit as st

from core.runs.folder import RunFolder
from pages.components.evaluate.doubt import calibration, class_sets, leave_to_person, loading, none_of_these

PARTS = {
    "Calibration": calibration.show,
    "Leave to a person": leave_to_person.show,
    "Likely classes": class_sets.show,
    "None of these": none_of_these.show,
}


def show(run: RunFolder, split: str) -> None:
    """Draw the choice of a part, and that part for the run's validation photos."""
    found = loading.validation_answers(run, split)
    if found is None:
        return
    if len(found.classes) < 2:
        st.info("A model with a single class cannot be in doubt. Choose another run.", icon=":material/info:")
        return
    part = st.segmented_control(
        "Part",
        list(PARTS),
        default="Calibration",
        required=True,
        label_visibility="collapsed",
        key="doubt-part",
    )
    PARTS[part](found)
