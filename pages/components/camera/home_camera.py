"""The camera on the home page: a switch, and the panel below it while it is on."""

import streamlit as st

from core.data.store.store import Project
from pages.components.camera.collect import collect
from pages.components.shared import frame


def take_photos(project: Project) -> None:
    """Draw the switch for a project whose photos get one class each; nothing for others, and before it has classes."""
    if project.task != "classification" or not frame.store().classes(project.id):
        return
    if st.toggle(":material/photo_camera: Take photos with the camera", key="home-camera"):
        with st.container(border=True):
            collect(project)
