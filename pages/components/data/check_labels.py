"""Checks of labels and photos: label errors, near-duplicates, image quality, annotator agreement."""

import streamlit as st

from core.data.store.store import Project
from pages.components.data.check_duplicates import duplicates
from pages.components.data.check_errors import label_errors
from pages.components.data.check_quality import image_quality

ERRORS, DUPLICATES, QUALITY, ANNOTATORS = "Likely label errors", "Near-duplicates", "Image quality", "Annotators"


def check_labels(project: Project) -> None:
    """Draw the section, one check at a time."""
    check = st.pills(
        "Check",
        [ERRORS, DUPLICATES, QUALITY, ANNOTATORS],
        default=ERRORS,
        required=True,
        key="check-which",
        label_visibility="collapsed",
    )
    if check == DUPLICATES:
        duplicates(project)
    elif check == QUALITY:
        image_quality(project)
    elif check == ANNOTATORS:
        from pages.components.data.check_annotators import annotators  # imports pandas

        annotators(project)
    else:
        label_errors(project)
