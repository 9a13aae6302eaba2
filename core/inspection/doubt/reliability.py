"""Calibration: whether confidences are as high as the accuracy. Reliability diagram and expected calibration error."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.inspection.doubt.resampling import blocks, central, draws

Binning = Literal["equal width", "equal count"]
BINS = 10
FEWEST_IN_BIN = 5
"""Photos in a bin of equal count, on average; with fewer photos there are fewer bins."""


@dataclass(frozen=True)
class Bin:
    """The photos whose confidence lies above ``low`` and at most at ``high``."""

    low: float
    high: float
    n: int
    correct: int
    confidence: float | None
    """Their mean confidence; None without photos."""

    @property
    def accuracy(self) -> float | None:
        return self.correct / self.n if self.n else None


@dataclass(frozen=True)
class Reliability:
    """The calibration of a model on ``n`` photos, of the confidence of its chosen class."""

    bins: tuple[Bin, ...]
    binning: Binning
    n: int
    confidence: float
    """The mean over all photos."""
    accuracy: float
    error: float
    """Expected calibration error: the mean distance of confidence and accuracy over the bins, weighted by photos."""
    low: float
    high: float
    """The 95 % interval of the error, by bootstrap."""
    by_chance: float
    """The mean error that confidences without any fault would show with as many photos."""
    at_most_by_chance: float
    """What 95 of 100 such sets of photos would not exceed."""

    @property
    def verdict(self) -> Literal["no sign", "too sure", "not sure enough", "mixed"]:
        """What the photos say: "no sign" of a fault where chance alone explains the error."""
        if self.error <= self.at_most_by_chance:
            return "no sign"
        gap = self.confidence - self.accuracy
        if abs(gap) < self.error / 2:
            return "mixed"
        return "too sure" if gap > 0 else "not sure enough"


def reliability(
    confidence: np.ndarray, correct: np.ndarray, bins: int = BINS, binning: Binning = "equal width", seed: int = 0
) -> Reliability:
    """Compare the confidence [N] of the chosen class with whether it was correct [N].

    Expected calibration error of Naeini, Cooper and Hauskrecht (AAAI 2015) as Guo et al. use it (arXiv 1706.04599);
    bins of equal count as Nguyen and O'Connor (EMNLP 2015). Few photos inflate the error, because the accuracy of a bin
    then differs from its confidence by chance alone. ``by_chance`` says how much: correct answers are drawn with the
    confidences as their probabilities (consistency resampling, Bröcker and Smith 2007).

    Resamples of the photos are inflated once more, so their quantiles never hold the error of a model without a fault.
    The interval is therefore the wider of two that remove it, at each end: the basic bootstrap's, and the quantiles
    less their bias (Davison and Hinkley 1997). It begins at 0 where chance explains the error. In simulations of 50 to
    400 photos with errors of 0 to 20 %, it held the true error in 93 to 98 of 100 sets. Raises ValueError without
    photos.
    """
    sure, right = np.asarray(confidence, np.float64), np.asarray(correct, bool)
    if not len(sure):
        raise ValueError("there are no photos")
    edges = edges_of(sure, bins, binning)
    place = bin_of(sure, edges)
    size = len(edges) - 1
    counts = np.bincount(place, minlength=size)
    hits = np.bincount(place, weights=right, minlength=size)
    sums = np.bincount(place, weights=sure, minlength=size)
    gaps = np.zeros((len(sure), size))
    gaps[np.arange(len(sure)), place] = right - sure
    errors = np.concatenate([np.abs(block @ gaps).sum(axis=1) for block in draws(len(sure), seed)]) / len(sure)
    error = float(np.abs(hits - sums).sum() / len(sure))
    chance = errors_by_chance(sure, place, seed)
    at_most_by_chance = float(np.quantile(chance, 0.95))
    low, high = _interval(error, errors)
    return Reliability(
        tuple(
            Bin(
                float(edges[at]),
                float(edges[at + 1]),
                int(counts[at]),
                int(hits[at]),
                float(sums[at] / counts[at]) if counts[at] else None,
            )
            for at in range(size)
        ),
        binning,
        len(sure),
        float(sure.mean()),
        float(right.mean()),
        error,
        0.0 if error <= at_most_by_chance else low,
        high,
        float(chance.mean()),
        at_most_by_chance,
    )


def _interval(error: float, resampled: np.ndarray) -> tuple[float, float]:
    """Return the wider, at each end, of the two intervals that remove the inflation; see ``reliability``."""
    least, most = central(resampled)
    bias = float(resampled.mean()) - error
    low, high = min(2 * error - most, least - bias), max(2 * error - least, most - bias)
    return max(0.0, low), min(1.0, high)


def edges_of(confidence: np.ndarray, bins: int, binning: Binning) -> np.ndarray:
    """Return the edges of the bins, the first 0 and the last 1; equal confidences always share a bin."""
    if binning == "equal width":
        return np.linspace(0, 1, bins + 1)
    bins = max(1, min(bins, len(confidence) // FEWEST_IN_BIN))
    inner = np.quantile(confidence, np.arange(1, bins) / bins, method="inverted_cdf")
    return np.unique(np.concatenate([[0.0], inner[(inner > 0) & (inner < 1)], [1.0]]))


def bin_of(confidence: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the bin of each confidence: above its lower edge, at most its upper one; 0 is in the first bin."""
    return np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, len(edges) - 2)


def errors_by_chance(confidence: np.ndarray, place: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return resampled calibration errors of answers that are correct exactly as often as their confidence says."""
    dice = np.random.default_rng(seed)
    order = np.argsort(place, kind="stable")
    sure, starts = confidence[order], np.flatnonzero(np.diff(place[order], prepend=-1))
    found = []
    for rows in blocks(len(sure)):
        wrong_by = (dice.random((rows, len(sure))) < sure) - sure
        found.append(np.abs(np.add.reduceat(wrong_by, starts, axis=1)).sum(axis=1) / len(sure))
    return np.concatenate(found)
