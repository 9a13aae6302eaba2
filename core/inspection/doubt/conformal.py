"""Conformal sets: classes of which the true one is among them with a chosen probability, whatever the model.

LAC, "least ambiguous set-valued classifiers" (Sadinle, Lei and Wasserman 2019, arXiv 1609.00451): a set holds the
classes with a score 1 - p of at most a limit, a quantile of the true classes' scores on validation photos.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.inspection.deciding.decide import lac_sets
from core.inspection.measuring.report import Rate
from core.models.decision import LEVELS


@dataclass(frozen=True)
class Coverage:
    """How often the sets at one level hold the true class, on photos that did not take part in the limit."""

    level: int
    limit: float
    """Of all photos together: the one that is saved."""
    overall: Rate
    by_class: dict[str, Rate]
    sizes: np.ndarray
    """The number of classes in each photo's set [N]."""

    @property
    def mean_size(self) -> float:
        return float(self.sizes.mean()) if len(self.sizes) else 0.0

    @property
    def ambiguous(self) -> int:
        """How many sets have more than one class."""
        return int((self.sizes > 1).sum())


def permitted_levels(count: int) -> tuple[int, ...]:
    """Return the levels in per cent that this number of photos permits: 90 from 9 photos on, 95 from 19, 99 from 99."""
    return tuple(level for level in LEVELS if _rank(count, level) <= count)


def fit_limits(probabilities: np.ndarray, labels: np.ndarray) -> dict[int, float]:
    """Return the limit of each permitted level, from calibrated probabilities [N, C] and true classes [N]."""
    scores = np.sort(_scores(probabilities, labels))
    return {level: float(scores[_rank(len(scores), level) - 1]) for level in permitted_levels(len(scores))}


def coverage(probabilities: np.ndarray, labels: np.ndarray, classes: Sequence[str], level: int) -> Coverage | None:
    """Return how well the sets of a level cover, by leaving one photo out; None if there are too few photos.

    Each photo's set has the limit that the other photos give (Barber et al. 2021, the jackknife). The likeliest class
    always belongs to the set, as in ``likely_sets``, so sets of an accurate model cover more than the level promises.
    The probabilities should not come from a temperature that a photo itself took part in: see ``cross_fitted``.
    """
    count = len(labels)
    rank = _rank(count - 1, level)
    if count < 2 or rank > count - 1:
        return None
    scores = _scores(probabilities, labels)
    ordered = np.sort(scores)
    # Without a photo whose score is among the smallest, the limit is the next larger score.
    limits = np.where(scores <= ordered[rank - 1], ordered[rank], ordered[rank - 1])
    sets = 1 - probabilities <= limits[:, None]
    sets[np.arange(count), probabilities.argmax(axis=1)] = True
    covered = sets[np.arange(count), labels]
    by_class = {
        name: Rate.of(int(covered[labels == index].sum()), int((labels == index).sum()))
        for index, name in enumerate(classes)
    }
    limit = float(ordered[_rank(count, level) - 1])
    return Coverage(level, limit, Rate.of(int(covered.sum()), count), by_class, sets.sum(axis=1))


def sets_at(probabilities: np.ndarray, limit: float) -> np.ndarray:
    """Return the sets [N, C] at a limit, each with its likeliest class."""
    sets = lac_sets(probabilities, limit)
    sets[np.arange(len(sets)), probabilities.argmax(axis=1)] = True
    return sets


def _scores(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return 1 - p of the true classes [N]."""
    return np.asarray(1 - probabilities[np.arange(len(labels)), labels])


def _rank(count: int, level: int) -> int:
    """Return which of the ordered scores is the limit, from 1: the smallest whole number >= (count + 1) level / 100."""
    return -(-(count + 1) * level // 100)
