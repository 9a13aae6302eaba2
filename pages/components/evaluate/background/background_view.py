"""The view "Background": changed backgrounds, and the accuracy by tag, group and class."""

import streamlit as st

from core.runs.folder import RunFolder
from pages.components.evaluate.background import changed_backgrounds, slices_view

VIEW = "Background"
PARTS = {
    "Change the background": changed_backgrounds.show,
    "By tag, group and class": slices_view.show,
}


def show(run: RunFolder) -> None:
    """Draw the choice of a part, and that part for the run's validation photos."""
    part = st.segmented_control(
        "Part",
        list(PARTS),
        default=next(iter(PARTS)),
        required=True,
        label_visibility="collapsed",
        key="background-part",
    )
    PARTS[part](run)
