"""The figures of a saved decision in an exam: with the count of looks, and only on test photos."""

import numpy as np

from core.inspection.measuring.decision_figures import decision_figures
from core.inspection.measuring.report import Report, count
from core.models.decision import Decision
from pages.components.evaluate.doubt import exam_line

CLASSES = ("owl", "duck")
LOGITS = np.array([[3.0, 0.0], [0.2, 0.0], [0.0, 3.0], [2.0, 0.0]])
LABELS = np.array([0, 1, 1, 0])


def report(decision: Decision, split: str = "test") -> Report:
    figures = decision_figures(LOGITS, LABELS, decision, CLASSES)
    return count(CLASSES, LABELS, LOGITS, split=split).model_copy(update={"decision": figures})


def test_an_exam_says_what_is_answered_and_how_well_beside_its_look() -> None:
    said = exam_line.line(report(Decision(leave_below=0.8)), "look 2 at these photos")
    assert said.startswith(
        "With the decision saved with the model, look 2 at these photos: photos answered: 75.0% (3 of 4;"
    )
    assert "correct among them: 100.0% (3 of 3;" in said


def test_nothing_is_said_of_other_splits_or_where_nothing_changes() -> None:
    assert exam_line.line(report(Decision(leave_below=0.8), "val"), "") == ""
    assert exam_line.line(report(Decision()), "look 1 at these photos") == ""
