"""Export: the trained network as files that work without this studio."""

import streamlit as st

from pages.components.export import export_view
from pages.components.shared import frame
from pages.components.shared.pickers import pick_run

VIEWS = ("Use it in Python", "Show it to others", "Tables")

with frame.page("Export"):
    project = frame.need_project()
    run = pick_run(project, finished=True)
    if run is None:
        frame.empty(
            "Nothing to export yet",
            "A network can be taken along as soon as its first epoch has ended.",
            "Train a network",
            "Train",
        )
        st.stop()
    export_view.bundle(run)
    view = st.segmented_control(
        "View", VIEWS, default=VIEWS[0], required=True, label_visibility="collapsed", key="export-view"
    )
    if view == "Use it in Python":
        export_view.program(run)
    elif view == "Show it to others":
        export_view.demo(run)
    else:
        export_view.tables(run)
