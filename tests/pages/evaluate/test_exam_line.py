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
    saved = Decision(leave_below=0.8)
    said = exam_line.line(report(saved), "look 2 at these photos", saved)
    assert said.startswith(
        "With the decision saved with the model, look 2 at these photos: photos answered: 75.0% (3 of 4;"
    )
    assert "correct among them: 100.0% (3 of 3;" in said


def test_nothing_is_said_of_other_splits_or_where_nothing_changes() -> None:
    assert exam_line.line(report(Decision(leave_below=0.8), "val"), "", Decision()) == ""
    assert exam_line.line(report(Decision()), "look 1 at these photos", Decision()) == ""


def test_figures_of_a_decision_that_was_changed_since_are_left_out() -> None:
    taken = report(Decision(leave_below=0.8))
    said = exam_line.line(taken, "look 1 at these photos", Decision(leave_below=0.9))
    assert "was changed after this exam" in said and "75.0%" not in said
    assert "was changed" in exam_line.line(taken, "look 1 at these photos", Decision())


def test_an_old_report_does_not_claim_that_its_figures_are_of_the_present_decision() -> None:
    taken = report(Decision(leave_below=0.8))
    assert taken.decision is not None
    old = taken.model_copy(update={"decision": taken.decision.model_copy(update={"decision_sha256": None})})
    said = exam_line.line(old, "look 1 at these photos", Decision(leave_below=0.9))
    assert said.startswith("With the decision saved with the model at that time, look 1") and "75.0%" in said
