"""How well boxes and heatmaps match objects: IoU, distance between box centres, share of the heat."""

from collections.abc import Sequence

import numpy as np

from core.data.pictures.box import Box
from core.data.pictures.crop_geometry import corners_of


def ious(boxes: Sequence[Box], truths: Sequence[Box]) -> np.ndarray:
    """Return the intersection over union [N] of pairs of boxes; 0 if they do not overlap."""
    a, b = _corners(boxes), _corners(truths)
    low, high = np.maximum(a[:, :2], b[:, :2]), np.minimum(a[:, 2:], b[:, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=1)
    union = (a[:, 2:] - a[:, :2]).prod(axis=1) + (b[:, 2:] - b[:, :2]).prod(axis=1) - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def center_errors(boxes: Sequence[Box], truths: Sequence[Box]) -> np.ndarray:
    """Return the distance [N] between the centres of pairs of boxes, in pixels."""
    a, b = _corners(boxes), _corners(truths)
    return np.hypot(*(((a[:, :2] + a[:, 2:]) - (b[:, :2] + b[:, 2:])) / 2).T)


def heat_inside(heatmap: np.ndarray, corners: Sequence[float]) -> float | None:
    """Return the share of a heatmap [h, w] inside a box (left, top, right, bottom, as shares of it); None without heat.

    A pixel that is partly inside counts by that part.
    """
    total = float(heatmap.sum(dtype=np.float64))
    if total <= 0:
        return None
    left, top, right, bottom = corners
    across, down = _covered(heatmap.shape[1], left, right), _covered(heatmap.shape[0], top, bottom)
    return float(down @ heatmap.astype(np.float64) @ across) / total


def _covered(length: int, low: float, high: float) -> np.ndarray:
    """Return how much of each pixel [length] lies between two shares of the side."""
    edges = np.arange(length + 1)
    return np.clip(np.minimum(edges[1:], high * length) - np.maximum(edges[:-1], low * length), 0, None)


def _corners(boxes: Sequence[Box]) -> np.ndarray:
    return np.array([corners_of(box) for box in boxes], dtype=np.float64).reshape(-1, 4)
