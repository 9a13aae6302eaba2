"""The threshold at which missed photos and false alarms cost least."""

import numpy as np
import pytest

from core.inspection.doubt.costs import best_threshold, cost_curve, errors_of, errors_on_unseen, parts_of

SCORES = np.array([0.9, 0.3, 0.2, 0.25, 0.1, 0.05])
OWN = np.array([True, True, True, False, False, False])


def calibrated(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    dice = np.random.default_rng(seed)
    score = dice.beta(0.5, 1.5, n)
    return score, dice.random(n) < score


def test_mistakes_are_counted_by_hand() -> None:
    found = errors_of(SCORES >= 0.22, OWN)
    assert (found.missed, found.false_alarms, found.positives, found.negatives) == (1, 1, 3, 3)
    assert found.cost(10) == 11 and found.cost(10, 3) == 13


def test_the_curve_costs_what_each_threshold_costs() -> None:
    curve = cost_curve(SCORES, OWN, 10, 1)
    assert len(curve.edges) == len(curve.cost) + 1
    for low, high, cost in zip(curve.edges[:-1], curve.edges[1:], curve.cost, strict=True):
        for threshold in ((low + high) / 2, high):
            assert errors_of(threshold <= SCORES, OWN).cost(10) == cost
    whole = cost_curve(np.array([0.0, 1.0, 0.5]), np.array([False, True, True]), 1)
    assert whole.edges.tolist() == [0, 0.5, 1] and whole.cost.tolist() == [0, 1]


def test_costly_misses_lower_the_threshold_and_costly_false_alarms_raise_it() -> None:
    careful, equal = best_threshold(SCORES, OWN, 10), best_threshold(SCORES, OWN, 1)
    strict = best_threshold(SCORES, OWN, 1, 10)
    assert careful is not None and equal is not None and strict is not None
    assert 0.1 < careful.at < 0.2, "one false alarm, no photo missed"
    assert (careful.errors.missed, careful.errors.false_alarms, careful.cost) == (0, 1, 1)
    assert strict.at > 0.25 and strict.errors.false_alarms == 0 and strict.errors.missed == 1
    assert (careful.if_calibrated, equal.if_calibrated) == (pytest.approx(1 / 11), 0.5)


def test_of_equally_cheap_thresholds_the_one_nearest_to_exact_probabilities_counts() -> None:
    """All photos are far from any threshold between: the middle would be as good on these, and worse on the next."""
    apart = best_threshold(np.array([0.98, 0.97, 0.02, 0.01]), np.array([True, True, False, False]), 10)
    assert apart is not None
    assert (apart.low, apart.high) == (0.02, 0.97)
    assert apart.at == pytest.approx(0.115), "1 / 11, kept a tenth away from the next photo"
    middle = best_threshold(np.array([0.98, 0.97, 0.02, 0.01]), np.array([True, True, False, False]), 1)
    assert middle is not None and middle.at == 0.5


def test_with_exact_probabilities_and_many_photos_the_threshold_is_elkans() -> None:
    score, own = calibrated(20_000)
    found = best_threshold(score, own, 4)
    assert found is not None and found.at == pytest.approx(0.2, abs=0.05)


def test_no_other_threshold_is_cheaper() -> None:
    for seed in range(10):
        score, own = calibrated(40, seed)
        found = best_threshold(score, own, 5)
        assert found is not None
        costs = [errors_of(score >= at, own).cost(5) for at in np.linspace(0, 1, 301)]
        assert errors_of(score >= found.at, own).cost(5) == found.cost <= min(costs)


def test_a_threshold_looks_cheaper_on_the_photos_that_chose_it() -> None:
    chosen = unseen = 0.0
    for seed in range(40):
        score, own = calibrated(60, seed)
        found, honest = best_threshold(score, own, 5), errors_on_unseen(score, own, 5)
        assert found is not None and honest is not None
        assert honest.positives == own.sum()
        chosen, unseen = chosen + found.cost, unseen + honest.cost(5)
    assert unseen > 1.05 * chosen


def test_without_photos_of_both_kinds_there_is_no_threshold() -> None:
    assert best_threshold(SCORES, np.zeros(6, bool), 10) is None
    assert best_threshold(SCORES, np.ones(6, bool), 10) is None
    assert errors_on_unseen(SCORES, np.arange(6) == 0, 10) is None


def test_parts_share_each_group_evenly() -> None:
    groups = np.array([True] * 7 + [False] * 23)
    part = parts_of(groups)
    assert sorted(np.bincount(part[groups]).tolist()) == [1, 1, 1, 2, 2]
    assert sorted(np.bincount(part[~groups]).tolist()) == [4, 4, 5, 5, 5]
