"""The home page: where you are, the next step, the sample project in one click."""

import streamlit as st

from pages.components.home.project_list import show_projects
from pages.components.home.project_status import (
    next_steps,
    runs_of,
    show_photos,
    show_runs,
    show_standing,
    show_steps,
    standing_of,
)
from pages.components.home.weights_line import show_weights
from pages.components.home.welcome import complete_sample, new_project, open_sample, sample_row
from pages.components.shared import frame

SENTENCE = "From your photos to a network that shows why it answers as it does."

with frame.page("Home", SENTENCE, heading="ResNet Studio"):
    project = frame.project()
    if project is None:
        sample_row()
        left, right = st.columns(2)
        with left, st.container(border=True, height="stretch"):
            st.subheader("Begin with the sample project", anchor=False)
            st.markdown(
                "120 photos of birds, labelled in five classes, and 42 for you to label. "
                "From here to a trained network and its heatmaps takes about three minutes."
            )
            open_sample(primary=True)
        with right, st.container(border=True, height="stretch"):
            st.subheader("Or begin with your own photos", anchor=False)
            new_project(primary=False)
    else:
        runs = runs_of(project)
        standing = standing_of(project, runs)
        st.subheader(project.name, anchor=False)
        show_standing(standing)
        if not complete_sample(project):
            show_steps(next_steps(standing))
        show_photos(project)
        show_runs(runs)
        st.subheader("Projects", anchor=False)
        show_projects()
        with st.expander("Another project", icon=":material/add:"):
            new_project(primary=False)
            open_sample(primary=False)
    show_weights()
