"""What the decision saved with a model did on the test photos of an exam, in one line below the accuracy."""

import streamlit as st

from core.errors import BundleError
from core.inspection.measuring.decision_figures import are_of
from core.inspection.measuring.report import Report
from core.models.decision import Decision
from core.runs.deciding.saved_decision import saved_decision
from core.runs.exams.records import TEST
from core.runs.folder import RunFolder


def show(run: RunFolder, report: Report, look: str) -> None:
    """Draw the line where an exam's report has such figures; ``look`` says which look at the photos they are."""
    if report.split != TEST or report.decision is None:
        return
    try:
        saved = saved_decision(run)
    except BundleError:  # a damaged model, which the page reports elsewhere
        return
    if said := line(report, look, saved):
        st.caption(said)


def line(report: Report, look: str, saved: Decision) -> str:
    """Return the line; empty for other splits, and where the decision changes nothing.

    ``saved`` is the model's present decision: figures of another one are left out, which the line then says.
    """
    figures = report.decision
    if report.split != TEST or figures is None:
        return ""
    parts = []
    if figures.answered.correct < figures.answered.n:
        parts += [f"photos answered: {figures.answered}", f"correct among them: {figures.accuracy}"]
    elif figures.chosen != report.accuracy:
        parts.append(f"accuracy: {figures.chosen}")
    if figures.covered is not None:
        parts.append(f"true class in its {figures.set_level}% set: {figures.covered}")
    present = are_of(figures, saved)
    if present is False and (parts or saved.changes_answers):
        return "The decision saved with the model was changed after this exam, so what it did here is no longer shown."
    when = "" if present else " at that time"
    return f"With the decision saved with the model{when}, {look}: {'; '.join(parts)}." if parts else ""
