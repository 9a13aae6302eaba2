"""Bootstrap resamples of photos, as how often each photo was drawn (Efron 1979). Needs numpy only."""

from collections.abc import Iterator

import numpy as np

CONFIDENCE = 0.95
RESAMPLES = 1000
FEWEST = 200
"""Resamples of very many photos: their interval is narrow anyway."""

_MOST_DRAWS = 10_000_000
_DRAWS_AT_ONCE = 2_000_000


def blocks(n: int) -> Iterator[int]:
    """Yield how many resamples of ``n`` photos to compute at once: 1,000 in all, fewer of more than 10,000 photos."""
    left = max(FEWEST, min(RESAMPLES, _MOST_DRAWS // max(1, n)))
    while left:
        some = min(left, max(1, _DRAWS_AT_ONCE // max(1, n)))
        yield some
        left -= some


def draws(n: int, seed: int = 0, groups: np.ndarray | None = None) -> Iterator[np.ndarray]:
    """Yield blocks [r, n] of resamples: how often each of the ``n`` photos was drawn.

    With ``groups`` [n], such as whether a photo has a class, each group keeps its number of photos in every resample.
    The same seed gives the same resamples.
    """
    dice = np.random.default_rng(seed)
    labels = np.zeros(n, int) if groups is None else np.asarray(groups)
    members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    for rows in blocks(n):
        found = np.zeros((rows, n), np.int64)
        for photos in members:
            size = len(photos)
            places = dice.integers(0, size, (rows, size)) + size * np.arange(rows)[:, None]
            found[:, photos] = np.bincount(places.ravel(), minlength=rows * size).reshape(rows, size)
        yield found


def central(values: np.ndarray) -> tuple[float, float]:
    """Return the central 95 % of resampled values: the percentile bootstrap interval."""
    low, high = np.quantile(values, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)
