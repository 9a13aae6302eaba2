"""Whether vectors computed in 8 bits are good enough for a project: its own photos decide."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Probe = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""(vectors [n, C], labels [n], other vectors [m, C]) -> predicted labels [m]: trains a head and applies it."""

MOST_POINTS_LOST = 0.2
LEAST_PHOTOS = 200
"""With fewer, one photo is more than half a point, and the self-test says nothing."""
LEAST_MEDIAN_COSINE = 0.99
LEAST_LOW_COSINE = 0.97
"""What 99 of 100 photos must reach."""


@dataclass(frozen=True)
class Int8Check:
    """What the self-test counted, in photos held out in cross-validation."""

    photos: int
    correct_exact: int
    """With vectors in full precision."""
    correct_rounded: int
    """With vectors in 8 bits."""
    correct_mixed: int
    """Trained on vectors in 8 bits, applied to exact ones: what a trained model does when it predicts."""
    median_cosine: float
    low_cosine: float
    """The lowest of all but one photo in a hundred."""

    @property
    def passed(self) -> bool:
        """Whether 8 bits may be used.

        The same photos are held out in the same folds each time, so only photos that one predicts correctly and the
        other does not count. At most 0.2 % of the photos may be lost on balance; where that is less than one photo,
        one. Few photos in doubt are so decided against 8 bits, which costs time and no accuracy.
        """
        allowed = max(1.0, MOST_POINTS_LOST / 100 * self.photos)
        alike = are_alike(self.median_cosine, self.low_cosine)
        lost = self.correct_exact - min(self.correct_rounded, self.correct_mixed)
        return self.photos >= LEAST_PHOTOS and alike and lost <= allowed


def check(exact: np.ndarray, rounded: np.ndarray, labels: np.ndarray, folds: np.ndarray, probe: Probe) -> Int8Check:
    """Compare vectors of the same photos, float32 [n, C] each; ``folds`` [n] says in which fold each is held out."""
    correct = {"exact": 0, "rounded": 0, "mixed": 0}
    for fold in np.unique(folds):
        train, held = folds != fold, folds == fold
        for name, (known, new) in {
            "exact": (exact, exact),
            "rounded": (rounded, rounded),
            "mixed": (rounded, exact),
        }.items():
            correct[name] += int((probe(known[train], labels[train], new[held]) == labels[held]).sum())
    return Int8Check(len(labels), correct["exact"], correct["rounded"], correct["mixed"], *cosines_of(exact, rounded))


def cosines_of(exact: np.ndarray, rounded: np.ndarray) -> tuple[float, float]:
    """Return the median of the cosines between vectors of the same photos, and the lowest of all but one in 100."""
    lengths = np.linalg.norm(exact, axis=1) * np.linalg.norm(rounded, axis=1)
    cosines = (exact * rounded).sum(axis=1) / np.maximum(lengths, np.finfo(np.float32).tiny)
    return float(np.median(cosines)), float(np.quantile(cosines, 0.01))


def are_alike(median_cosine: float, low_cosine: float) -> bool:
    """Return whether the cosines allow 8 bits."""
    return median_cosine >= LEAST_MEDIAN_COSINE and low_cosine >= LEAST_LOW_COSINE
