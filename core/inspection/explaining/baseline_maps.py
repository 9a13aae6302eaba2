"""Maps that know nothing of the model, to compare heatmaps with: a blob in the centre, and random places."""

import numpy as np
from PIL import Image

GRID = 7
"""Random places are as large as those of a heatmap of the last stage, which has 7 x 7 of them at 224 pixels. Single
pixels would be no fair comparison: they leave noise behind, which disturbs a network more than missing places do."""

_BLOB = 0.25
"""The standard deviation of the blob, as a share of the side."""
_SAMPLES = 32


def centre_blob(side: int) -> np.ndarray:
    """Return a Gaussian in the centre, float32 [side, side], 0 to 1: photographers put the object there."""
    away = (np.arange(side) + 0.5) / side - 0.5
    one = np.exp(-(away**2) / (2 * _BLOB**2))
    blob = np.outer(one, one)
    return (blob / blob.max()).astype(np.float32)


def random_places(side: int, seed: int) -> np.ndarray:
    """Return a random map as smooth as a heatmap, float32 [side, side], 0 to 1."""
    coarse = np.random.default_rng(seed).random((GRID, GRID), dtype=np.float32)
    return np.asarray(Image.fromarray(coarse).resize((side, side), Image.Resampling.BILINEAR), np.float32)


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float | None:
    """Return Spearman's rank correlation of two maps of one size, -1 to 1; None if one of them is even."""
    from scipy.stats import spearmanr

    step = max(1, len(one) // _SAMPLES)
    first, second = (values[::step, ::step].ravel() for values in (one, other))
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    return float(spearmanr(first, second).statistic)
