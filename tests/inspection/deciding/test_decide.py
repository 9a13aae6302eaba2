"""A decision applied to logits, against values computed by hand."""

import numpy as np
import pytest

from core.inspection.deciding.decide import decided, softmax
from core.models.decision import Decision, FittedOn, Foreign, Threshold

CLASSES = ("cat", "dog", "owl")
FITTED = FittedOn(n=100, created="2026-01-02T03:04:05+00:00")
# Probabilities 0.6, 0.3, 0.1 and 0.45, 0.35, 0.2 and 0.2, 0.5, 0.3.
SHARES = np.array([[0.6, 0.3, 0.1], [0.45, 0.35, 0.2], [0.2, 0.5, 0.3]])
LOGITS = np.log(SHARES).astype(np.float32)


def test_without_a_decision_the_likeliest_class_is_the_answer() -> None:
    for decision in (None, Decision()):
        found = decided(LOGITS, decision)
        assert np.array_equal(found.probabilities, softmax(LOGITS)), "not even rounding may differ"
        assert found.chosen.tolist() == [0, 0, 1]
        assert not found.unsure.any() and not found.foreign.any() and not found.sets.any()


def test_the_temperature_divides_the_logits_unless_it_is_switched_off() -> None:
    warm = Decision(temperature=2.0, fitted_on=FITTED)
    roots = np.sqrt(SHARES)
    expected = roots / roots.sum(axis=1, keepdims=True)
    assert decided(LOGITS, warm).probabilities == pytest.approx(expected, abs=1e-6)
    off = warm.model_copy(update={"use_temperature": False})
    assert decided(LOGITS, off).probabilities == pytest.approx(SHARES, abs=1e-6)


def test_a_threshold_chooses_its_class_from_there_on_and_never_below() -> None:
    eager = Decision(threshold=Threshold(class_name="owl", at=0.19, miss_cost=10))
    assert decided(LOGITS, eager, CLASSES).chosen.tolist() == [0, 2, 2]
    strict = Decision(threshold=Threshold(class_name="cat", at=0.5))
    assert decided(LOGITS, strict, CLASSES).chosen.tolist() == [0, 1, 1], "0.45 is not enough, so dog is next"


def test_an_answer_below_the_limit_or_far_from_the_training_photos_is_unsure() -> None:
    assert decided(LOGITS, Decision(leave_below=0.5)).unsure.tolist() == [False, True, False]
    foreign = Foreign(neighbours=5, limit=0.4, accepted=0.95, n=9, sha256="0" * 64)
    both = Decision(leave_below=0.5, foreign=foreign, fitted_on=FITTED)
    found = decided(LOGITS, both, foreign=np.array([0.3, 0.1, 0.41]))
    assert found.unsure.tolist() == [False, True, True]
    assert found.foreign.tolist() == [False, False, True]
    assert not decided(LOGITS, both).foreign.any(), "without scores nothing is foreign"


def test_the_confidence_of_an_answer_chosen_by_a_threshold_is_its_own() -> None:
    alarm = Decision(leave_below=0.4, threshold=Threshold(class_name="owl", at=0.19))
    assert decided(LOGITS, alarm, CLASSES).unsure.tolist() == [False, True, True], "owl has 20 and 30 %"


def test_sets_use_calibrated_probabilities_even_where_these_are_switched_off() -> None:
    fitted = Decision(temperature=2.0, conformal={90: 0.68}, fitted_on=FITTED, use_temperature=False)
    # Calibrated: 0.473, 0.334, 0.193 and 0.392, 0.346, 0.262 and 0.263, 0.415, 0.322; from 0.32 on in the set.
    expected = [[True, True, False], [True, True, False], [False, True, True]]
    assert decided(LOGITS, fitted).sets.tolist() == expected


def test_the_answer_belongs_to_its_set_even_if_no_class_is_likely_enough() -> None:
    narrow = Decision(conformal={90: 0.1}, fitted_on=FITTED)
    assert decided(LOGITS, narrow).sets.tolist() == [[True, False, False], [True, False, False], [False, True, False]]


def test_no_photos_are_no_answers() -> None:
    full = Decision(
        leave_below=0.5, threshold=Threshold(class_name="owl", at=0.2), conformal={90: 0.5}, fitted_on=FITTED
    )
    found = decided(np.empty((0, 3), np.float32), full, CLASSES)
    assert found.chosen.shape == (0,) and found.sets.shape == (0, 3) and found.unsure.shape == (0,)
