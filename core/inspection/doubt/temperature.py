"""Fit the temperature that calibrates probabilities, on validation photos (Guo et al. 2017, arXiv 1706.04599).

The logits are divided by one number T, which changes no ranking. T minimises the mean cross-entropy.
"""

from dataclasses import dataclass

import numpy as np

from core.models.decision import MAX_TEMPERATURE, MIN_TEMPERATURE

FEWEST_PHOTOS = 20
"""With fewer, the temperature depends on one or two photos."""

_STEPS = 60
_TOLERANCE = 1e-10


@dataclass(frozen=True)
class FittedTemperature:
    """The temperature with the mean cross-entropy before and after; or None and a sentence that says why."""

    temperature: float | None
    loss_before: float | None = None
    loss_after: float | None = None
    reason: str = ""


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> FittedTemperature:
    """Return the temperature for logits [N, C] and the indices of the true classes [N].

    The targets are smoothed as Platt's are (1999), for N photos: the true class gets (N + 1) / (N + 2) and the
    likeliest other class 1 / (N + 2). That is as if about one more photo had been wrong. Without it, a set without a
    mistake would have no best temperature: the loss falls for ever as T goes to 0, and every answer gets 100 %.
    """
    count, classes = logits.shape
    if classes < 2:
        return FittedTemperature(None, reason="The model has one class, so there is nothing to calibrate.")
    if count < FEWEST_PHOTOS:
        found = "There is 1 validation photo" if count == 1 else f"There are {count or 'no'} validation photos"
        return FittedTemperature(
            None, reason=f"{found}; the temperature needs at least {FEWEST_PHOTOS}. Label more photos."
        )
    wide = _from_largest(logits)
    b = _best_inverse(wide, _aims(wide, labels), 1 / MAX_TEMPERATURE, 1 / MIN_TEMPERATURE)
    temperature = float(np.clip(1 / b, MIN_TEMPERATURE, MAX_TEMPERATURE))
    return FittedTemperature(temperature, mean_loss(logits, labels), mean_loss(logits / temperature, labels))


def cross_fitted(logits: np.ndarray, labels: np.ndarray, folds: int = 5) -> np.ndarray | None:
    """Return the logits [N, C], each divided by the temperature of the photos outside its fold; None if there is none.

    What is measured on them is honest: no photo took part in its own temperature.
    """
    places = np.random.default_rng(0).permutation(len(labels)) % folds
    scaled = logits.astype(np.float64)
    for fold in range(folds):
        inside = places == fold
        found = fit_temperature(logits[~inside], labels[~inside]).temperature
        if found is None:
            return None
        scaled[inside] /= found
    return scaled


def helps_unseen(logits: np.ndarray, labels: np.ndarray) -> bool:
    """Return whether the temperature lowers the mean cross-entropy on photos that took no part in it."""
    scaled = cross_fitted(logits, labels)
    return scaled is not None and mean_loss(scaled, labels) < mean_loss(logits, labels)


def mean_loss(logits: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean cross-entropy."""
    wide = _from_largest(logits)
    return float((np.log(np.exp(wide).sum(axis=1)) - wide[np.arange(len(labels)), labels]).mean())


def _from_largest(logits: np.ndarray) -> np.ndarray:
    """Return logits as float64 with a largest one of 0 in every row, so that no power overflows."""
    wide = logits.astype(np.float64)
    return wide - wide.max(axis=1, keepdims=True)


def _aims(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the mean logit of each photo under its smoothed target [N]."""
    rows, smoothing = np.arange(len(labels)), 1 / (len(labels) + 2)
    others = logits.copy()
    others[rows, labels] = -np.inf
    return (1 - smoothing) * logits[rows, labels] + smoothing * others.max(axis=1)


def _best_inverse(logits: np.ndarray, aims: np.ndarray, low: float, high: float) -> float:
    """Return the b = 1 / T between two bounds with the smallest loss mean(log(sum(exp(b z))) - b aim).

    The loss is convex in b. Newton's steps are replaced by bisection where they leave the interval.
    """

    def slopes(b: float) -> tuple[float, float]:
        powers = np.exp(b * logits)
        shares = powers / powers.sum(axis=1, keepdims=True)
        means = (shares * logits).sum(axis=1)
        return float((means - aims).mean()), float(((shares * logits**2).sum(axis=1) - means**2).mean())

    if slopes(low)[0] >= 0:
        return low
    if slopes(high)[0] <= 0:
        return high
    b = 1.0
    for _ in range(_STEPS):
        slope, curvature = slopes(b)
        low, high = (low, b) if slope > 0 else (b, high)
        step = b - slope / curvature if curvature > 0 else 0.0
        next_b = step if low < step < high else (low * high) ** 0.5
        if abs(next_b - b) <= _TOLERANCE * b:
            return next_b
        b = next_b
    return b
