"""Evaluate: the accuracy of a run, its figures per class, its mistakes."""

import streamlit as st

from core.inspection.measuring.report import BoxReport
from core.runs.exams.records import TEST
from pages.components.correcting import train_again_bar
from pages.components.evaluate import (
    box_report,
    compare_runs,
    confusion_matrix,
    final_exam,
    predicted_photos,
    report_download,
    run_report,
    what_changed_view,
)
from pages.components.evaluate.background import background_view
from pages.components.evaluate.cross_validation import cross_validation_view
from pages.components.evaluate.doubt import doubt_view, thresholds_view
from pages.components.shared import frame
from pages.components.shared.pickers import pick_run
from pages.components.shared.wording import counted
from pages.components.train.automatic import newer_model, phase_words, phases_view

VIEWS = (
    "Confusion matrix",
    "Mistakes",
    "All photos",
    "Per class",
    "Doubt",
    "Thresholds",
    background_view.VIEW,
    "Cross-validation",
    "Compare runs",
)
BOX_VIEWS = ("Boxes", "Confusion matrix", "Per class", "Doubt", "Thresholds", background_view.VIEW, "Compare runs")
OF_CLASSES = ("Confusion matrix", "Per class", "Doubt", "Thresholds", background_view.VIEW, "Cross-validation")
PHASES = "Training phases"
EXAM_VIEWS = ("Boxes", "Confusion matrix", "Mistakes", "All photos", "Per class")

with frame.page("Evaluate"):
    project = frame.need_project()
    left, right = st.columns([3, 2])
    with left:
        run = pick_run(project, finished=True)
    if run is None:
        frame.empty_state(
            "Nothing to evaluate yet",
            "A run appears here after its first epoch.",
            "Train a model",
            "Train",
        )
        st.stop()
    with right:
        split = run_report.choose_split(run)
    newer_model.watch(run, split)
    report = None
    if split:
        report = final_exam.report_of(run) if split == TEST else run_report.report_of(run, split)
    predictions = run.predictions(split) if report and split else None
    if report is None or predictions is None:
        st.stop()
    boxed = isinstance(report, BoxReport)
    if isinstance(report, BoxReport):
        box_report.headline(run, report)
    else:
        run_report.headline(run, report)
    report_download.show(run)
    if split != TEST:
        train_again_bar.show(project, run)
    views: tuple[str, ...] = BOX_VIEWS if boxed else VIEWS
    if len(report.classes) == 1:  # which class it is says nothing then
        views = tuple(view for view in views if view not in OF_CLASSES)
    if phase_words.phases_or_none(run):
        views = (*views, PHASES)
    if split == TEST:  # an exam must decide nothing, so no models are compared on its photos
        views = tuple(view for view in views if view in EXAM_VIEWS)
    else:
        views = (*what_changed_view.offered(run), *views)
    view = st.segmented_control(
        "View",
        views,
        default=views[0],
        required=True,
        label_visibility="collapsed",
        key="evaluate-box-view" if boxed else "evaluate-view",
    )
    if view == "Boxes":
        box_report.photos(run, predictions, report.split)
    elif view == "Confusion matrix":
        confusion_matrix.show(run, report, predictions)
    elif view == "Mistakes":
        wrong = predicted_photos.mistakes(predictions)
        if wrong.empty:
            st.success(f"No mistakes in {counted(report.n, 'photo')}.")
        else:
            st.markdown(
                "Wrong predictions, the most confident first. Look at the photo before you blame the model: "
                "sometimes the label is wrong."
            )
            predicted_photos.photos(run, wrong, key=f"mistakes-{run.id}-{split}")
    elif view == "All photos":
        found = predicted_photos.search(predictions, key=f"photos-{run.id}-{split}")
        if found.empty:
            st.info("No photo in this split has that in its file name. Other splits have their own reports.")
        else:
            predicted_photos.photos(run, found, key=f"photos-{run.id}-{split}")
    elif view == "Per class":
        run_report.per_class(report)
    elif view == "Doubt":
        doubt_view.show(run, report.split)
    elif view == "Thresholds":
        thresholds_view.show(run, report.split)
    elif view == background_view.VIEW:
        background_view.show(run)
    elif view == "Cross-validation":
        cross_validation_view.show(run)
    elif view == what_changed_view.VIEW:
        what_changed_view.show(run)
    elif view == PHASES:
        phases_view.show(run, boxes=boxed, links=False)
    else:
        compare_runs.show(run, report)
