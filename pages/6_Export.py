"""Export: a trained model as files that work without ResNet Studio."""

import streamlit as st

from pages.components.export import demo_view, export_view, onnx_view, service_view, web_page_view
from pages.components.shared import frame
from pages.components.shared.pickers import pick_run
from pages.components.train.automatic import newer_model

VIEWS = ("Use in Python", "ONNX", "Web page", "Use in other programs", "Share a demo", "Tables")

with frame.page("Export"):
    project = frame.need_project()
    run = pick_run(project, finished=True)
    if run is None:
        frame.empty_state(
            "Nothing to export yet",
            "You can export a model after the first epoch of its run.",
            "Train a model",
            "Train",
        )
        st.stop()
    newer_model.watch(run)
    export_view.bundle(run)
    view = st.segmented_control(
        "View", VIEWS, default=VIEWS[0], required=True, label_visibility="collapsed", key="export-view"
    )
    if view == "Use in Python":
        export_view.program(run)
    elif view == "ONNX":
        onnx_view.show(run)
    elif view == "Web page":
        web_page_view.show(run)
    elif view == "Use in other programs":
        service_view.service(run)
    elif view == "Share a demo":
        demo_view.demo(run)
    else:
        export_view.tables(run)
