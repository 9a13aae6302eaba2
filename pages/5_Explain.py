"""Explain: the heatmap of one photo, or the predictions for many."""

import streamlit as st

from core.runs.folder import workspace_run
from pages.components.explain import batch_prediction, explanation_view, loaded_model, photo_source
from pages.components.shared import frame
from pages.components.shared.pickers import IMAGENET, pick_model
from pages.components.train.automatic import newer_model

with frame.page("Explain"):
    project = frame.project()
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with left:
        reference = pick_model(project)
    view = right.segmented_control(
        "View", ("One photo", "Predict many photos"), default="One photo", required=True, label_visibility="collapsed",
        key="explain-view",
    )  # fmt: skip
    if reference != IMAGENET:
        newer_model.watch(workspace_run(reference, frame.workspace()))
    photo = photo_source.choose_photo(project, reference != IMAGENET) if view == "One photo" else None
    if view == "One photo" and photo is None:
        st.stop()
    predictor = loaded_model.predictor_for(reference)
    if predictor is None:
        st.stop()
    if photo is not None:
        explanation_view.show(predictor, photo, reference)
    else:
        batch_prediction.show(predictor, reference)
