"""The camera on the home page: a switch, and the panel below it while it is on."""

import streamlit as st

from core.data.store.store import Project
from pages.components.camera.collect import collect
from pages.components.home.project_status import ProjectStatus, runs_of, show_counts, status_of
from pages.components.shared import frame
from pages.components.shared.auto_refresh import refresh_on_change

ON = "home-camera"


def counts(project: Project, status: ProjectStatus) -> None:
    """Draw the project's counts; while the camera is on, they follow what it takes."""
    if st.session_state.get(ON):
        _following_counts(project)
    else:
        show_counts(status)


@frame.fragment()
def _following_counts(project: Project) -> None:
    refresh_on_change(project)
    show_counts(status_of(project, runs_of(project)))


def take_photos(project: Project) -> None:
    """Draw the switch for a project whose photos get one class each; nothing for others, and before it has classes."""
    if project.task != "classification" or not frame.store().classes(project.id):
        return
    if st.toggle(":material/photo_camera: Take photos with the camera", key=ON):
        with st.container(border=True):
            collect(project)
