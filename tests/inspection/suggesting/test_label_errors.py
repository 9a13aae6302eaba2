"""Flipped labels rank first; classes that cannot be predicted are left out."""

import numpy as np
import pytest

from core.inspection.suggesting.label_errors import likely_label_errors
from core.inspection.suggesting.probe import out_of_sample


def features(images: int, classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return vectors around one centre per class, close enough that some are nearer to another centre; and labels."""
    dice = np.random.default_rng(seed)
    labels = np.arange(images) % classes
    centers = dice.normal(size=(classes, 64))
    return (centers[labels] + 2.2 * dice.normal(size=(images, 64))).astype(np.float32), labels


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_of_fifty_flipped_labels_in_a_thousand_seven_in_ten_stand_in_the_first_tenth(seed: int) -> None:
    vectors, truth = features(1000, 5, seed)
    dice = np.random.default_rng(seed)
    flipped = dice.choice(1000, 50, replace=False)
    given = truth.copy()
    given[flipped] = (truth[flipped] + dice.integers(1, 5, 50)) % 5
    found = likely_label_errors(given, out_of_sample(vectors, given))
    first = {one.place for one in found[:100]}
    assert len(first & set(flipped.tolist())) >= 35
    # The right class is proposed for nearly all of those, and what is called likely mostly is an error.
    proposed = {one.place: one.proposed for one in found}
    assert np.mean([proposed.get(place) == truth[place] for place in flipped]) > 0.7
    likely = [one.place in flipped for one in found if one.likely]
    assert 25 <= len(likely) <= 150 and np.mean(likely) > 0.4


def test_the_least_probable_label_comes_first_and_agreeing_ones_not_at_all() -> None:
    probabilities = np.array([[0.9, 0.1], [0.02, 0.98], [0.6, 0.4], [0.3, 0.7], [0.1, 0.9]])
    found = likely_label_errors([0, 0, 1, 1, 1], probabilities)
    assert [(one.place, one.given, one.proposed) for one in found] == [(1, 0, 1), (2, 1, 0)]
    assert (found[0].given_probability, found[0].proposed_probability) == pytest.approx((0.02, 0.98))


def test_a_class_that_cannot_be_foreseen_is_left_alone() -> None:
    vectors, labels = features(60, 2)
    labels = labels.copy()
    labels[7] = 3  # the only one of its class; and nobody has class 2
    found = likely_label_errors(labels, out_of_sample(vectors, labels))
    assert 7 not in {one.place for one in found}
    assert {one.proposed for one in found} <= {0, 1}


def test_nothing_is_doubtful_where_nothing_can_be_compared() -> None:
    assert likely_label_errors([], np.empty((0, 0))) == []
    assert likely_label_errors([0, 0], np.array([[1.0], [1.0]])) == []
