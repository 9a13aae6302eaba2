"""The home page: where you are, the next step, the sample project in one click."""

import streamlit as st

from pages.components.data.importing.import_line import import_line
from pages.components.home.disk_space import show_disk_space
from pages.components.home.home_camera import counts, take_photos
from pages.components.home.lost_photos import show_lost_photos
from pages.components.home.project_list import show_projects
from pages.components.home.project_status import (
    next_steps,
    runs_of,
    show_photos,
    show_runs,
    show_steps,
    status_of,
)
from pages.components.home.weights_line import show_weights
from pages.components.home.welcome import complete_sample, new_project, open_sample, sample_row
from pages.components.shared import frame
from pages.components.shared.wording import plain

SENTENCE = "Label photos, fine-tune a ResNet, and see why it predicts what it does."


def draw_home() -> None:
    """Draw the page."""
    with frame.page("Home", SENTENCE, heading="ResNet Studio"):
        project = frame.project()
        if project is None:
            sample_row()
            left, right = st.columns(2)
            with left, st.container(border=True, height="stretch"):
                st.header("Start with the sample project", anchor=False)
                st.markdown(
                    "120 labelled photos of birds in five classes, and 42 for you to label. "
                    "In about three minutes you have a trained model and its heatmaps."
                )
                open_sample(primary=True)
            with right, st.container(border=True, height="stretch"):
                st.header("Or start with your own photos", anchor=False)
                new_project(primary=False)
        else:
            runs = runs_of(project)
            status = status_of(project, runs)
            st.header(plain(project.name), anchor=False)
            counts(project, status)
            show_lost_photos(project)
            importing = import_line(project) is not None
            if not complete_sample(project) and (status.trainable or not importing):
                show_steps(next_steps(status))
            show_photos(project)
            take_photos(project)
            show_runs(runs)
            st.header("Projects", anchor=False)
            show_projects()
            with st.expander("Another project", icon=":material/add:"):
                new_project(primary=False)
                open_sample(primary=False)
        show_weights()
        show_disk_space()
