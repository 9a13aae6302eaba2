"""The camera on Annotate while the project has no photos yet, and the way on to Train once it has some."""

import streamlit as st

from core.data.store.store import Project
from pages.components.camera.collect import collect
from pages.components.shared import frame
from pages.components.shared.wording import counted


def begin_with_camera(project: Project) -> None:
    """Draw how to add photos, and the camera below. The project has classes, and it is no project with boxes."""
    collect(project, _began, lambda: _above(project))


def _began(_: int) -> None:
    """Stay with the camera when the whole page is drawn again."""
    st.session_state["annotate-section"] = "Camera"


def _above(project: Project) -> None:
    count = frame.store().count(project.id)
    if count:
        # As high as what it replaces, so that the class's button stays under the finger.
        title = f"{counted(count, 'photo')} from the camera"
        frame.empty_state(title, "Take several bursts of each class, then train.", "Train a model", "Train")
    else:
        frame.empty_state("No photos yet", "Add photos first, then label them here.", "Add photos", "Data")
    st.header("Take photos with the camera" if count else "Or take photos with the camera", anchor=False)
