"""ROC and precision-recall curves beside those of scikit-learn, and their intervals."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

from core.inspection.doubt.curves import class_curves, roc_interval

SEEDS = range(4)


def scores(seed: int, n: int = 120, apart: float = 1.0, ties: bool = True) -> tuple[np.ndarray, np.ndarray]:
    dice = np.random.default_rng(seed)
    own = dice.random(n) < 0.3
    score = 1 / (1 + np.exp(-dice.normal(apart * own, 1)))
    return (score.round(2) if ties else score), own


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("ties", [True, False])
def test_areas_are_those_of_scikit_learn(seed: int, ties: bool) -> None:
    score, own = scores(seed, ties=ties)
    found = class_curves(score, own)
    assert found is not None
    assert found.roc.value == pytest.approx(roc_auc_score(own, score))
    assert found.average_precision.value == pytest.approx(average_precision_score(own, score))


def test_the_points_are_those_of_scikit_learn() -> None:
    score, own = scores(7)
    found = class_curves(score, own)
    assert found is not None
    alarms, hits, thresholds = roc_curve(own, score, drop_intermediate=False)
    assert found.false_positive_rate == pytest.approx(alarms[1:])
    assert found.recall == pytest.approx(hits[1:])
    assert found.thresholds == pytest.approx(thresholds[1:])
    precision, recall, _ = precision_recall_curve(own, score)
    assert found.precision == pytest.approx(precision[:-1][::-1])
    assert found.recall == pytest.approx(recall[:-1][::-1])


def test_the_interval_of_the_roc_area_holds_the_true_area_in_about_95_of_100_samples() -> None:
    true = 0.7602  # of two normal distributions, one apart
    inside = 0
    for seed in range(200):
        score, own = scores(seed, n=80, ties=False)
        area = float(np.mean(score[own][:, None] > score[~own]))
        low, high = roc_interval(area, int(own.sum()), int((~own).sum()))
        inside += low <= true <= high
    assert 0.9 <= inside / 200 <= 0.99


def test_perfectly_ranked_photos_still_have_an_interval() -> None:
    """A bootstrap of ten photos without a mistake would claim an area of 100 to 100%."""
    own = np.array([True] * 10 + [False] * 20)
    found = class_curves(np.linspace(1, 0, 30), own)
    assert found is not None
    assert (found.roc.value, found.roc.high) == (1, 1)
    assert found.roc.low is not None and 0.75 < found.roc.low < 0.95
    assert found.average_precision.value == 1 and found.average_precision.low is None
    more = class_curves(np.linspace(1, 0, 300), np.repeat(own, 10))
    assert more is not None and more.roc.low is not None and more.roc.low > found.roc.low


def test_the_interval_of_the_average_precision_is_the_bootstraps() -> None:
    score, own = scores(1, n=60)
    found = class_curves(score, own)
    assert found is not None
    dice, areas = np.random.default_rng(3), []
    for _ in range(200):
        rows = np.concatenate([dice.choice(np.flatnonzero(own == kind), (own == kind).sum()) for kind in (True, False)])
        areas.append(average_precision_score(own[rows], score[rows]))
    expected = tuple(np.quantile(areas, [0.025, 0.975]))
    assert (found.average_precision.low, found.average_precision.high) == pytest.approx(expected, abs=0.05)


def test_a_class_without_photos_has_no_curve() -> None:
    assert class_curves(np.array([0.2, 0.8]), np.array([False, False])) is None
    assert class_curves(np.array([0.2, 0.8]), np.array([True, True])) is None


def test_equal_scores_tell_nothing_apart() -> None:
    found = class_curves(np.full(10, 0.5), np.arange(10) < 4)
    assert found is not None
    assert (found.roc.value, found.average_precision.value) == (0.5, 0.4)
    assert len(found.thresholds) == 1
