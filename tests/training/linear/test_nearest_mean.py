"""The nearest class mean: its predictions are those of the cosines, and it is chosen where labels are few."""

import numpy as np
import pytest

from core.errors import TooLittleData
from core.training.linear.logistic import TrainingVectors
from core.training.linear.nearest_mean import DEFAULT_SHARPNESS, SHARPNESSES, few_labels, nearest_mean
from tests.training.linear.vectors import drawn


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def test_the_prediction_is_the_class_with_the_highest_cosine() -> None:
    vectors, labels = drawn(14, 50, classes=4)
    mirrored = np.abs(vectors + np.random.default_rng(5).normal(0, 0.05, vectors.shape)).astype(np.float32)
    held, _ = drawn(200, 50, classes=4, seed=1)
    head = nearest_mean(TrainingVectors((vectors, mirrored), labels, 4))
    both = (vectors + mirrored) / 2
    center = np.stack([both[labels == one].mean(axis=0) for one in range(4)]).mean(axis=0)
    directions = unit(np.stack([vectors, mirrored]) - center).mean(axis=0)
    means = unit(np.stack([directions[labels == one].sum(axis=0) for one in range(4)]))
    cosines = unit(held - center) @ means.T
    assert (head.logits(held).argmax(axis=1) == cosines.argmax(axis=1)).all()


def test_a_large_class_does_not_move_the_centre() -> None:
    vectors, labels = drawn(6, 30, classes=2, apart=0.5)
    more = np.concatenate([vectors, np.repeat(vectors[:1], 1000, axis=0)])
    few = nearest_mean(TrainingVectors((vectors[[0, 1]],), labels[[0, 1]], 2))
    many = nearest_mean(TrainingVectors((more[[0, 1, *range(6, 1006)]],), np.r_[0, 1, np.zeros(1000, int)], 2))
    held, _ = drawn(300, 30, classes=2, seed=1, apart=0.5)
    assert (few.logits(held).argmax(axis=1) == many.logits(held).argmax(axis=1)).mean() > 0.99


def test_confidence_comes_from_photos_predicted_without_themselves() -> None:
    dice = np.random.default_rng(0)
    noise = dice.normal(0, 1, (40, 200)).astype(np.float32)
    chance = nearest_mean(TrainingVectors((noise,), np.arange(40) % 2, 2))
    clear, labels = drawn(40, 200, classes=2, apart=3)
    certain = nearest_mean(TrainingVectors((clear,), labels, 2))
    held, held_labels = drawn(100, 200, classes=2, apart=3, seed=1)
    assert certain.score(held, held_labels).accuracy > 0.95
    assert certain.probabilities(held).max(axis=1).mean() > 0.9
    assert chance.probabilities(dice.normal(0, 1, (100, 200))).max(axis=1).mean() < 0.6


def test_a_few_photos_that_are_all_correct_do_not_make_it_certain() -> None:
    vectors, labels = drawn(40, 200, classes=2, apart=3)
    held, _ = drawn(100, 200, classes=2, apart=3, seed=1)
    confidence = [
        nearest_mean(TrainingVectors((vectors[:count],), labels[:count], 2)).probabilities(held).max(axis=1).mean()
        for count in (4, 40)
    ]
    assert 0.6 < confidence[0] < 0.95
    assert confidence[0] < confidence[1]


def test_near_duplicates_do_not_vouch_for_each_other() -> None:
    dice = np.random.default_rng(0)
    noise = np.repeat(dice.normal(0, 1, (20, 200)), 2, axis=0).astype(np.float32)
    labels, groups = np.repeat(np.arange(20) % 2, 2), np.repeat(np.arange(20), 2).tolist()
    strange = dice.normal(0, 1, (100, 200))
    apart = nearest_mean(TrainingVectors((noise,), labels, 2)).probabilities(strange).max(axis=1).mean()
    together = nearest_mean(TrainingVectors((noise,), labels, 2, groups)).probabilities(strange).max(axis=1).mean()
    assert together < apart


def test_one_photo_of_each_class_is_enough() -> None:
    vectors, labels = drawn(3, 40, apart=2)
    head = nearest_mean(TrainingVectors((vectors,), labels, 5))
    found = head.probabilities(vectors)
    assert (found.argmax(axis=1) == labels).all()
    assert found[:, 3:].max() < 1e-12
    assert np.isfinite(found).all()
    assert DEFAULT_SHARPNESS in range(int(SHARPNESSES[0]), int(SHARPNESSES[-1]))


def test_equal_vectors_make_finite_probabilities() -> None:
    head = nearest_mean(TrainingVectors((np.ones((4, 6), np.float32),), np.array([0, 0, 1, 1]), 2))
    np.testing.assert_allclose(head.probabilities(np.ones((2, 6), np.float32)), 0.5)


def test_one_class_is_an_error_with_a_sentence() -> None:
    with pytest.raises(TooLittleData, match="at least two classes"):
        nearest_mean(TrainingVectors((np.ones((3, 4), np.float32),), np.array([1, 1, 1]), 2))


@pytest.mark.parametrize(
    ("counts", "few"),
    [
        ((1, 1), True),
        ((3, 3, 3), True),
        ((4, 4), False),
        ((3, 0, 3), True),  # a class without photos does not count
        ((3, 12), True),
        ((3, 40), False),  # one small class among large ones
        ((100, 100), False),
    ],
)
def test_labels_are_few_below_four_in_the_smallest_class(counts: tuple[int, ...], few: bool) -> None:
    assert few_labels(np.repeat(np.arange(len(counts)), counts)) is few
