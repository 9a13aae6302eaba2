"""What is answered when doubtful photos are left to a person."""

import numpy as np
import pytest

from core.inspection.doubt.selective import answered, confidence_for_accuracy, risk_coverage

CONFIDENCE = np.array([0.9, 0.5, 0.8, 0.8, 0.6])
CORRECT = np.array([True, False, True, False, True])


def test_answers_at_the_limit_are_given_and_those_below_are_left() -> None:
    found = answered(CONFIDENCE, CORRECT, 0.8)
    assert (found.answered, found.correct, found.left, found.share) == (3, 2, 2, 0.6)
    assert answered(CONFIDENCE, CORRECT, 0.95).answered == 0
    assert answered(CONFIDENCE, CORRECT, 0).correct == 3


def test_photos_with_equal_confidence_are_answered_together() -> None:
    curve = risk_coverage(CONFIDENCE, CORRECT)
    assert curve.leave_below.tolist() == [0.9, 0.8, 0.6, 0.5]
    assert curve.answered.tolist() == [1, 3, 4, 5]
    assert curve.wrong.tolist() == [0, 1, 1, 2]
    for limit, count, wrong in zip(curve.leave_below, curve.answered, curve.wrong, strict=True):
        found = answered(CONFIDENCE, CORRECT, limit)
        assert (found.answered, found.answered - found.correct) == (count, wrong)


def test_the_area_is_the_mean_risk_over_all_numbers_of_answered_photos() -> None:
    # Answered 1: 0 wrong; 2 and 3 together: 1 of 3; 4: 1 of 4; 5: 2 of 5.
    assert risk_coverage(CONFIDENCE, CORRECT).area == pytest.approx((0 + 1 / 3 + 1 / 3 + 1 / 4 + 2 / 5) / 5)
    dice = np.random.default_rng(0)
    confidence, correct = dice.random(50), dice.random(50) < 0.7
    order = np.argsort(-confidence)
    risks = np.cumsum(~correct[order]) / np.arange(1, 51)
    assert risk_coverage(confidence, correct).area == pytest.approx(risks.mean())


def test_the_lowest_limit_that_reaches_an_accuracy() -> None:
    curve = risk_coverage(CONFIDENCE, CORRECT)
    assert confidence_for_accuracy(curve, 0.75) == 0.6
    assert confidence_for_accuracy(curve, 1.0) == 0.9
    assert confidence_for_accuracy(risk_coverage(CONFIDENCE, np.zeros(5, bool)), 0.5) is None
    with pytest.raises(ValueError, match="no photos"):
        risk_coverage(np.zeros(0), np.zeros(0, bool))
