"""The Annotate page: label photos one by one or many at once, edit the classes, see the history."""

import streamlit as st

from pages.components.annotate.desk.one_photo import one_by_one
from pages.components.annotate.edit_classes import add_classes, class_panel
from pages.components.annotate.history_view import history
from pages.components.annotate.many_photos import many_at_once
from pages.components.annotate.suggest_map import photo_map
from pages.components.annotate.suggest_queue import choose_queue
from pages.components.annotate.suggest_similar import similar
from pages.components.annotate.suggest_state import refit
from pages.components.boxes.box_desk import boxes_desk
from pages.components.camera.collect import collect
from pages.components.camera.first_photos import begin_with_camera
from pages.components.data.importing.import_line import import_line
from pages.components.shared import frame
from pages.components.shared.wording import unique_options

SECTIONS = {
    "One by one": ":material/photo:",
    "Many at once": ":material/grid_view:",
    "Camera": ":material/photo_camera:",
    "Similar": ":material/join_inner:",
    "Map": ":material/scatter_plot:",
    "Classes": ":material/sell:",
    "History": ":material/history:",
}
FOR_CLASSES_ONLY = ("Camera", "Similar", "Map")
UNLABELLED, EVERY = "Unlabelled photos", "All photos, to review"

with frame.page("Annotate"):
    project = frame.need_project()
    if frame.store().count(project.id) == 0:
        if import_line(project, until_photos=True):
            st.markdown("You can label the photos when the first of them are imported.")
            st.stop()
        if project.task == "classification" and frame.store().classes(project.id):
            begin_with_camera(project)
        else:
            frame.empty_state("No photos yet", "Add photos first, then label them here.", "Add photos", "Data")
        st.stop()
    classes = [one.name for one in frame.store().classes(project.id)]
    if not classes:
        if (importing := import_line(project)) and importing.labelled:
            st.markdown("The files of this import have labels: their classes appear here when it has ended.")
            st.stop()
        st.header("List your classes", anchor=False)
        st.markdown("The model will choose one of these for each photo. You can change them at any time.")
        add_classes(project)
        st.stop()
    section = st.segmented_control(
        "Section",
        [name for name in SECTIONS if project.task == "classification" or name not in FOR_CLASSES_ONLY],
        format_func=lambda name: f"{SECTIONS[name]} {name}",
        default="One by one",
        required=True,
        key="annotate-section",
        label_visibility="collapsed",
        wrap=True,
    )
    if section != "One by one":
        frame.release_photos()
    if section == "Many at once":
        many_at_once(project)
    elif section == "Camera":
        collect(project, refit)
    elif section == "Similar":
        similar(project)
    elif section == "Map":
        photo_map(project)
    elif section == "Classes":
        class_panel(project)
    elif section == "History":
        history(project)
    elif project.task == "localization":
        boxes_desk(project)
    else:
        which = unique_options([(UNLABELLED, None), (EVERY, None), *((name, name) for name in classes)])
        head = st.container(horizontal=True, vertical_alignment="center", gap="small", key="annotate-head")
        named = head.selectbox("Go through", list(which), key="annotate-which", label_visibility="collapsed", width=230)
        queue = choose_queue(head, classes, ordered=named == UNLABELLED)
        one_by_one(project, which[named], unlabelled=named == UNLABELLED, queue=queue)
