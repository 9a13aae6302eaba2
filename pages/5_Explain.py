"""Explain: where a model looked in a photo and what the photo resembles, in six views; predictions for many photos."""

import streamlit as st

from core.runs.folder import workspace_run
from pages.components.explain import batch_prediction, explanation_view, loaded_model, photo_source, two_runs_view
from pages.components.explain.concepts import concept_view
from pages.components.explain.covering import cover_view
from pages.components.explain.over_epochs import epochs_view
from pages.components.shared import frame
from pages.components.shared.pickers import IMAGENET, pick_model
from pages.components.train.automatic import newer_model

ONE, COVER, MANY = "One photo", "Cover it yourself", "Predict many photos"
TWO, CLASS, EPOCHS = "Compare two runs", "What a class is made of", "Over the epochs"
VIEWS = (ONE, MANY, COVER, TWO, CLASS, EPOCHS)
WITH_PHOTO = (ONE, COVER, TWO, EPOCHS)
NO_EPOCHS = "This model was not trained here, so it has no epochs to look at. Choose one of your runs."

with frame.page("Explain"):
    project = frame.project()
    reference = pick_model(project)
    view = st.segmented_control(
        "View", VIEWS, default=ONE, required=True, label_visibility="collapsed", key="explain-view"
    )
    run = None if reference == IMAGENET else workspace_run(reference, frame.workspace())
    if run is not None:
        newer_model.watch(run)
    if view == EPOCHS and run is None:
        st.info(NO_EPOCHS, icon=":material/info:")
        st.stop()
    photo = photo_source.choose_photo(project, run) if view in WITH_PHOTO else None
    if view in WITH_PHOTO and photo is None:
        st.stop()
    predictor = loaded_model.predictor_for(reference)
    if predictor is None:
        st.stop()
    if view == MANY:
        batch_prediction.show(predictor, reference)
    elif view == CLASS:
        concept_view.show(predictor, project, reference)
    elif photo is not None:
        if view == COVER:
            cover_view.show(predictor, photo, reference)
        elif view == TWO:
            two_runs_view.show(predictor, photo, reference, project)
        elif view == EPOCHS and run is not None:
            epochs_view.show(run, photo)
        else:
            explanation_view.show(predictor, photo, reference)
