"""ROC and precision-recall curves of one class against the others, with their areas and 95 % intervals."""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from core.inspection.doubt.resampling import CONFIDENCE, central, draws


@dataclass(frozen=True)
class Area:
    """The area under a curve; ``low`` and ``high`` are None where the photos cannot show an interval."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class ClassCurves:
    """The curves of one class. Each array has a point for every threshold, the highest first.

    A photo is called the class if its score is at least the threshold. ``hits`` and ``false_alarms`` are counts.
    """

    thresholds: np.ndarray
    hits: np.ndarray
    """Photos of the class that are called so."""
    false_alarms: np.ndarray
    """Photos of other classes that are called so."""
    positives: int
    negatives: int
    roc: Area
    average_precision: Area

    @property
    def recall(self) -> np.ndarray:
        """The share of the class's photos that are found: the true-positive rate."""
        return self.hits / self.positives

    @property
    def false_positive_rate(self) -> np.ndarray:
        """The share of the other photos that are called the class."""
        return self.false_alarms / self.negatives

    @property
    def precision(self) -> np.ndarray:
        """The share of the photos called the class that are of it."""
        return self.hits / (self.hits + self.false_alarms)


def class_curves(scores: np.ndarray, positive: np.ndarray, seed: int = 0) -> ClassCurves | None:
    """Return the curves of a class from its scores [N] and whether each photo is of it [N].

    The area under the ROC curve is the probability that a photo of the class has a higher score than another photo,
    ties counting half; its interval is Newcombe's method 5 (Statistics in Medicine 25, 2006), which has a width also
    where all photos are ranked correctly. The average precision is the mean precision over the recall, without
    interpolation (as in scikit-learn); its interval is a percentile bootstrap that keeps the number of photos of the
    class, None where every photo of the class is ranked first.
    None if there is no photo of the class, or no other photo: then there is nothing to tell apart.
    """
    score, own = np.asarray(scores, np.float64), np.asarray(positive, bool)
    positives, negatives = int(own.sum()), int((~own).sum())
    if not positives or not negatives:
        return None
    order = np.argsort(-score, kind="stable")
    starts = np.flatnonzero(np.diff(score[order], prepend=np.inf))  # of each run of equal scores
    hits = np.cumsum(np.add.reduceat(own[order].astype(np.int64), starts))
    alarms = np.cumsum(np.add.reduceat((~own[order]).astype(np.int64), starts))
    area = float(roc_area(hits[None], alarms[None])[0])
    mean_precision = float(average_precision(hits[None], alarms[None])[0])
    between: tuple[float | None, float | None] = (None, None)
    if mean_precision < 1:
        between = central(_resampled_precision(own[order], starts, seed))
    return ClassCurves(
        score[order][starts],
        hits,
        alarms,
        positives,
        negatives,
        Area(area, *roc_interval(area, positives, negatives)),
        Area(mean_precision, *between),
    )


def roc_area(hits: np.ndarray, false_alarms: np.ndarray) -> np.ndarray:
    """Return the areas [R] under ROC curves from cumulated counts [R, thresholds], by the trapezoidal rule."""
    before_hits = np.pad(hits, ((0, 0), (1, 0)))
    steps = np.diff(false_alarms, prepend=0, axis=1)
    middles = (before_hits[:, 1:] + before_hits[:, :-1]) / 2
    areas: np.ndarray = (middles * steps).sum(axis=1) / (hits[:, -1] * false_alarms[:, -1])
    return areas


def average_precision(hits: np.ndarray, false_alarms: np.ndarray) -> np.ndarray:
    """Return the average precisions [R] from cumulated counts [R, thresholds]."""
    called = hits + false_alarms
    precision = np.divide(hits, called, out=np.zeros(called.shape), where=called > 0)
    areas: np.ndarray = (precision * np.diff(hits, prepend=0, axis=1)).sum(axis=1) / hits[:, -1]
    return areas


def roc_interval(area: float, positives: int, negatives: int) -> tuple[float, float]:
    """Return Newcombe's interval: the areas whose own standard error does not contradict the observed area.

    The variance is Hanley and McNeil's (1982) with the mean of both counts, which makes it symmetric.
    """
    z, mean_count = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2), (positives + negatives) / 2 - 1

    def error(true: float) -> float:
        spread = 1 + mean_count * ((1 - true) / (2 - true) + true / (1 + true))
        return z * math.sqrt(true * (1 - true) * spread / (positives * negatives))

    def end(worst: float) -> float:
        """Find by bisection the farthest area, on the way to 0 or 1, that is still within its own error."""
        near, far = area, worst
        for _ in range(60):
            middle = (near + far) / 2
            near, far = (middle, far) if abs(middle - area) <= error(middle) else (near, middle)
        return near

    return end(0.0), end(1.0)


def _resampled_precision(own: np.ndarray, starts: np.ndarray, seed: int) -> np.ndarray:
    """Return average precisions of resamples; ``own`` [N] is in the order of falling scores."""
    found = []
    for block in draws(len(own), seed, groups=own):
        hits = np.cumsum(np.add.reduceat(block * own, starts, axis=1), axis=1)
        alarms = np.cumsum(np.add.reduceat(block * ~own, starts, axis=1), axis=1)
        found.append(average_precision(hits, alarms))
    return np.concatenate(found)
