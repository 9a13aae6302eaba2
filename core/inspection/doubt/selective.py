"""Selective prediction: how accurate the answers are that a model gives when it leaves doubtful photos to a person."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Answered:
    """What is answered when answers below a confidence are left to a person; counts first."""

    leave_below: float
    n: int
    answered: int
    correct: int
    """Of the answered ones."""

    @property
    def left(self) -> int:
        return self.n - self.answered

    @property
    def share(self) -> float:
        """The share that is answered, also called coverage."""
        return self.answered / self.n if self.n else 0.0


@dataclass(frozen=True)
class RiskCoverage:
    """The risk-coverage curve: one point for each confidence at which fewer photos are answered, most confident first.

    All arrays have the same length; ``answered`` and ``wrong`` are counts of photos.
    """

    leave_below: np.ndarray
    answered: np.ndarray
    wrong: np.ndarray
    n: int

    @property
    def coverage(self) -> np.ndarray:
        """The share of photos that is answered."""
        return self.answered / self.n

    @property
    def risk(self) -> np.ndarray:
        """The share of the answered photos that is wrong."""
        return self.wrong / self.answered

    @property
    def area(self) -> float:
        """The mean risk over all shares of answered photos (AURC); a low area means that mistakes come last.

        Photos with the same confidence are answered together, so the curve is a straight line of counts between them.
        """
        return float(np.mean(np.repeat(self.risk, np.diff(self.answered, prepend=0))))


def answered(confidence: np.ndarray, correct: np.ndarray, leave_below: float) -> Answered:
    """Count the answered photos and the correct ones, if answers below this confidence are left to a person."""
    kept = np.asarray(confidence) >= leave_below
    return Answered(leave_below, len(kept), int(kept.sum()), int(np.asarray(correct, bool)[kept].sum()))


def risk_coverage(confidence: np.ndarray, correct: np.ndarray) -> RiskCoverage:
    """Return the risk for every share of answered photos (El-Yaniv and Wiener 2010; Geifman and El-Yaniv 2017).

    Photos with the same confidence [N] are answered or left together. Raises ValueError without photos.
    """
    sure, wrong = np.asarray(confidence, np.float64), ~np.asarray(correct, bool)
    if not len(sure):
        raise ValueError("there are no photos")
    order = np.argsort(-sure, kind="stable")
    sure, wrong = sure[order], wrong[order]
    ends = np.append(np.flatnonzero(np.diff(sure)), len(sure) - 1)  # the last photo of each confidence
    return RiskCoverage(sure[ends], ends + 1, np.cumsum(wrong)[ends], len(sure))


def confidence_for_accuracy(curve: RiskCoverage, accuracy: float) -> float | None:
    """Return the lowest ``leave_below`` at which the answered photos reach an accuracy; None if no limit does."""
    enough = np.flatnonzero(curve.risk <= 1 - accuracy + 1e-12)
    return float(curve.leave_below[enough[-1]]) if len(enough) else None
