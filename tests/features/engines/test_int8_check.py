"""The self-test of 8 bits: what passes, and what does not."""

import numpy as np
import pytest

from core.features.engines.int8_check import Int8Check, check


def nearest_mean(vectors: np.ndarray, labels: np.ndarray, others: np.ndarray) -> np.ndarray:
    classes = np.unique(labels)
    means = np.stack([vectors[labels == name].mean(axis=0) for name in classes])
    return classes[((others[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)]


def counted(photos: int, exact: int, rounded: int, mixed: int | None = None, low: float = 0.99) -> Int8Check:
    return Int8Check(photos, exact, rounded, rounded if mixed is None else mixed, 0.998, low)


@pytest.mark.parametrize(
    ("found", "passed"),
    [
        (counted(1000, 900, 900), True),
        (counted(1000, 900, 898), True),  # 0.2 points
        (counted(1000, 900, 897), False),
        (counted(1000, 900, 905, mixed=897), False),  # exact vectors are what the model predicts on
        (counted(300, 280, 279), True),  # one photo is as little as can be counted
        (counted(300, 280, 278), False),
        (counted(199, 190, 190), False),  # too few photos to say
        (counted(1000, 900, 950, low=0.96), False),
    ],
)
def test_two_photos_of_a_thousand_may_be_lost_and_no_more(found: Int8Check, passed: bool) -> None:
    assert found.passed == passed


def test_the_same_photos_are_held_out_with_each_kind_of_vector() -> None:
    random = np.random.default_rng(0)
    labels = np.arange(300) % 3
    exact = (random.normal(size=(300, 8)) + 3 * np.eye(8)[labels]).astype(np.float32)
    folds = np.arange(300) // 3 % 5
    same = check(exact, exact, labels, folds, nearest_mean)
    assert same.correct_exact == same.correct_rounded == same.correct_mixed > 250 and same.passed
    assert same.median_cosine == pytest.approx(1) and same.photos == 300
    spoiled = check(exact, exact[:, ::-1].copy(), labels, folds, nearest_mean)
    assert spoiled.correct_mixed < 150 and spoiled.correct_rounded == same.correct_exact and not spoiled.passed
