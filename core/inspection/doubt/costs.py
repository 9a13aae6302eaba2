"""Costs of mistakes: the threshold of one class at which missed photos and false alarms cost least on validation."""

from dataclasses import dataclass

import numpy as np

PARTS = 5


@dataclass(frozen=True)
class Errors:
    """The two kinds of mistakes about one class, as counts of photos."""

    missed: int
    """Photos of the class that got another answer."""
    false_alarms: int
    """Photos of other classes that were called the class."""
    positives: int
    negatives: int

    def cost(self, miss_cost: float, false_alarm_cost: float = 1.0) -> float:
        return self.missed * miss_cost + self.false_alarms * false_alarm_cost


@dataclass(frozen=True)
class CostCurve:
    """The cost of every threshold. A photo is called the class if its score is at least the threshold.

    Between two neighbouring ``edges`` the answers are the same: ``cost[i]`` is that of thresholds above ``edges[i]``
    and at most ``edges[i + 1]``; ``missed`` and ``false_alarms`` are its counts.
    """

    edges: np.ndarray
    missed: np.ndarray
    false_alarms: np.ndarray
    cost: np.ndarray


@dataclass(frozen=True)
class BestThreshold:
    """The cheapest threshold on these photos."""

    at: float
    low: float
    high: float
    """All thresholds above ``low`` and at most ``high`` cost the same on these photos."""
    errors: Errors
    cost: float
    if_calibrated: float
    """The cheapest threshold if the probabilities were exactly right: false alarm / (false alarm + miss)."""


def errors_of(chosen: np.ndarray, positive: np.ndarray) -> Errors:
    """Count the mistakes about a class: whether each photo was called it [N], and whether it is of it [N]."""
    called, own = np.asarray(chosen, bool), np.asarray(positive, bool)
    missed, alarms = int((own & ~called).sum()), int((called & ~own).sum())
    return Errors(missed, alarms, int(own.sum()), int((~own).sum()))


def cost_curve(scores: np.ndarray, positive: np.ndarray, miss_cost: float, false_alarm_cost: float = 1.0) -> CostCurve:
    """Return the cost of every threshold from 0 to 1, from the scores [N] of a class and whether photos are of it."""
    score, own = np.asarray(scores, np.float64), np.asarray(positive, bool)
    values, place = np.unique(score, return_inverse=True)
    hits = np.bincount(place, weights=own, minlength=len(values))
    others = np.bincount(place, weights=~own, minlength=len(values))
    # Above the k-th value, all photos up to it are not called the class.
    missed = np.concatenate([[0.0], np.cumsum(hits)]).astype(np.int64)
    alarms = (others.sum() - np.concatenate([[0.0], np.cumsum(others)])).astype(np.int64)
    edges = np.concatenate([[0.0], values, [1.0]])
    keep = np.diff(edges) > 0  # a score of exactly 0 or 1 leaves no room for a threshold beyond it
    return CostCurve(
        np.append(edges[:-1][keep], 1.0),
        missed[keep],
        alarms[keep],
        missed[keep] * float(miss_cost) + alarms[keep] * float(false_alarm_cost),
    )


def best_threshold(
    scores: np.ndarray, positive: np.ndarray, miss_cost: float, false_alarm_cost: float = 1.0
) -> BestThreshold | None:
    """Return the cheapest threshold; None without a photo of the class, or without any other.

    Of several that cost the same, it is the one nearest to what would be right for exact probabilities (Elkan 2001),
    so that few photos do not drive it to an extreme.
    """
    own = np.asarray(positive, bool)
    if own.all() or not own.any():
        return None
    curve = cost_curve(scores, own, miss_cost, false_alarm_cost)
    wanted = false_alarm_cost / (false_alarm_cost + miss_cost)
    cheapest = np.flatnonzero(curve.cost <= curve.cost.min() + 1e-9)
    lows, highs = curve.edges[cheapest], curve.edges[cheapest + 1]
    # Not the ends themselves: the next photo's score lies there.
    margin = (highs - lows) / 10
    nearest = np.clip(wanted, lows + margin, highs - margin)
    pick = int(np.argmin(np.abs(nearest - wanted)))
    at = cheapest[pick]
    errors = Errors(int(curve.missed[at]), int(curve.false_alarms[at]), int(own.sum()), int((~own).sum()))
    return BestThreshold(
        float(nearest[pick]), float(lows[pick]), float(highs[pick]), errors, float(curve.cost[at]), wanted
    )


def errors_on_unseen(
    scores: np.ndarray, positive: np.ndarray, miss_cost: float, false_alarm_cost: float = 1.0, seed: int = 0
) -> Errors | None:
    """Count the mistakes where each photo is judged by a threshold that other photos have chosen.

    The photos are divided into five parts, each with its share of the class (cross-validation). A threshold looks too
    good on the photos that chose it. None where the class, or the others, have fewer than two photos.
    """
    score, own = np.asarray(scores, np.float64), np.asarray(positive, bool)
    if min(own.sum(), (~own).sum()) < 2:
        return None
    part = parts_of(own, seed)
    called = np.zeros(len(own), bool)
    for number in np.unique(part):
        held = part == number
        found = best_threshold(score[~held], own[~held], miss_cost, false_alarm_cost)
        called[held] = score[held] >= found.at if found is not None else False
    return errors_of(called, own)


def parts_of(groups: np.ndarray, seed: int = 0, parts: int = PARTS) -> np.ndarray:
    """Return a part for each photo: each group [N] is spread as evenly as possible over the parts."""
    dice = np.random.default_rng(seed)
    found = np.zeros(len(groups), np.int64)
    for value in np.unique(groups):
        members = dice.permutation(np.flatnonzero(groups == value))
        found[members] = np.arange(len(members)) % parts
    return found
