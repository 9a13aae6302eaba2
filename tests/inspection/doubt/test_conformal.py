"""Conformal sets: against MAPIE, against leaving photos out one by one, and by how often they cover."""

import numpy as np
import pytest
from mapie.classification import SplitConformalClassifier
from scipy.special import softmax

from core.inspection.deciding.decide import lac_sets
from core.inspection.doubt.conformal import coverage, fit_limits, permitted_levels, sets_at


def photos(count: int, classes: int = 5, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    dice = np.random.default_rng(seed)
    probabilities = softmax(dice.normal(0, 1.5, (count, classes)), axis=1)
    return probabilities, np.array([dice.choice(classes, p=row) for row in probabilities])


@pytest.mark.parametrize(
    ("count", "levels"), [(0, ()), (8, ()), (9, (90,)), (18, (90,)), (19, (90, 95)), (98, (90, 95)), (99, (90, 95, 99))]
)
def test_the_number_of_photos_permits_levels(count: int, levels: tuple[int, ...]) -> None:
    assert permitted_levels(count) == levels
    probabilities, labels = photos(max(count, 1))
    assert tuple(fit_limits(probabilities[:count], labels[:count])) == levels


@pytest.mark.parametrize("count", [19, 100, 333])
def test_the_limit_is_the_rank_of_the_paper(count: int) -> None:
    probabilities, labels = photos(count)
    scores = np.sort(1 - probabilities[np.arange(count), labels])
    for level, limit in fit_limits(probabilities, labels).items():
        rank = int(np.ceil(round((count + 1) * level / 100, 9)))
        assert limit == scores[rank - 1]
        assert (scores <= limit).sum() >= level / 100 * (count + 1)


@pytest.mark.parametrize("level", [90, 95, 99])
def test_the_sets_are_those_of_mapie(level: int) -> None:
    probabilities, labels = photos(400)
    fitting, new = slice(0, 300), slice(300, 400)

    class Model:
        """Returns the probabilities that it is given."""

        classes_ = np.arange(5)

        def fit(self, x: np.ndarray, y: np.ndarray) -> "Model":
            return self

        def predict_proba(self, x: np.ndarray) -> np.ndarray:
            return x

        def predict(self, x: np.ndarray) -> np.ndarray:
            return np.asarray(x).argmax(axis=1)

        def __sklearn_is_fitted__(self) -> bool:
            return True

    theirs = SplitConformalClassifier(Model(), confidence_level=level / 100, conformity_score="lac", prefit=True)
    theirs.conformalize(probabilities[fitting], labels[fitting])
    expected = theirs.predict_set(probabilities[new])[1][:, :, 0]
    limit = fit_limits(probabilities[fitting], labels[fitting])[level]
    assert np.array_equal(lac_sets(probabilities[new], limit), expected)


@pytest.mark.parametrize("ties", [False, True])
def test_coverage_is_that_of_leaving_each_photo_out(ties: bool) -> None:
    probabilities, labels = photos(60)
    if ties:
        probabilities = probabilities.round(1)
    found = coverage(probabilities, labels, list("abcde"), 90)
    assert found is not None
    covered, sizes = [], []
    for left_out in range(60):
        others = np.arange(60) != left_out
        limit = fit_limits(probabilities[others], labels[others])[90]
        one = sets_at(probabilities[left_out : left_out + 1], limit)[0]
        covered.append(one[labels[left_out]])
        sizes.append(one.sum())
    assert found.overall.correct == sum(covered) and found.overall.n == 60
    assert found.sizes.tolist() == sizes
    assert found.mean_size == pytest.approx(np.mean(sizes)) and found.ambiguous == sum(size > 1 for size in sizes)
    for index, name in enumerate("abcde"):
        own = [one for one, label in zip(covered, labels, strict=True) if label == index]
        assert (found.by_class[name].correct, found.by_class[name].n) == (sum(own), len(own))
    assert found.limit == fit_limits(probabilities, labels)[90]


def test_new_photos_are_covered_as_often_as_the_level_says() -> None:
    covered = []
    for seed in range(60):
        probabilities, labels = photos(300, seed=seed)
        limit = fit_limits(probabilities[:99], labels[:99])[90]
        covered.append(lac_sets(probabilities[99:], limit)[np.arange(201), labels[99:]].mean())
    assert np.mean(covered) == pytest.approx(0.9, abs=0.015)


def test_too_few_photos_have_no_coverage() -> None:
    probabilities, labels = photos(9)
    assert coverage(probabilities, labels, list("abcde"), 90) is None, "without one photo, eight are left"
    assert coverage(*photos(10), list("abcde"), 90) is not None
