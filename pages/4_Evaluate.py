"""Evaluate: how often a run is right, on which classes, and on which photos it errs."""

import streamlit as st

from core.inspection.measuring.report import BoxReport
from pages.components.evaluate import box_report, compare_runs, confusion_matrix, predicted_photos, run_report
from pages.components.shared import frame
from pages.components.shared.pickers import pick_run
from pages.components.shared.wording import counted

VIEWS = ("Confusion", "Mistakes", "Photos", "By class", "Compare")
BOX_VIEWS = ("Boxes", "Confusion", "By class", "Compare")

with frame.page("Evaluate"):
    project = frame.need_project()
    left, right = st.columns([3, 2])
    with left:
        run = pick_run(project, finished=True)
    if run is None:
        frame.empty(
            "Nothing to evaluate yet",
            "A run appears here as soon as its first epoch has ended.",
            "Train a network",
            "Train",
        )
        st.stop()
    with right:
        split = run_report.choose_split(run)
    report = run_report.report_of(run, split) if split else None
    predictions = run.predictions(split) if report and split else None
    if report is None or predictions is None:
        st.stop()
    boxed = isinstance(report, BoxReport)
    if isinstance(report, BoxReport):
        box_report.headline(report)
    else:
        run_report.headline(report)
    views = BOX_VIEWS if boxed else VIEWS
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
    elif view == "Confusion":
        confusion_matrix.show(run, report, predictions)
    elif view == "Mistakes":
        wrong = predicted_photos.mistakes(predictions)
        if wrong.empty:
            st.success(f"All {counted(report.n, 'photo')} are right.")
        else:
            st.markdown(
                "The wrong answers, the most certain first. Look at the photo before you blame the network: "
                "now and then it is the label that is wrong."
            )
            predicted_photos.photos(run, wrong, key=f"mistakes-{run.id}-{split}", caption="answer")
    elif view == "Photos":
        found = predicted_photos.search(predictions, key=f"photos-{run.id}-{split}")
        if found.empty:
            st.info("No photo of this part has that in its name. Those of the other parts are not in this report.")
        else:
            predicted_photos.photos(run, found, key=f"photos-{run.id}-{split}", caption="answer")
    elif view == "By class":
        run_report.by_class(report)
    else:
        compare_runs.show(run, report)
