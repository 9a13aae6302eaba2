"""What the decision saved with a model did on the test photos of an exam, in one line below the accuracy."""

import streamlit as st

from core.inspection.measuring.report import Report
from core.runs.exams.records import TEST


def show(report: Report, look: str) -> None:
    """Draw the line where an exam's report has such figures; ``look`` says which look at the photos they are."""
    if said := line(report, look):
        st.caption(said)


def line(report: Report, look: str) -> str:
    """Return the line; empty for other splits, and where the decision changes nothing."""
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
    return f"With the decision saved with the model, {look}: {'; '.join(parts)}." if parts else ""
