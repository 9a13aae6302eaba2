"""How well boxes and heatmaps lie on the objects: overlap, distance of the middles, share of the heat."""

from collections.abc import Sequence

import numpy as np

from core.data.pictures.box import Box
from core.data.pictures.crop_geometry import corners_of


def ious(boxes: Sequence[Box], truths: Sequence[Box]) -> np.ndarray:
    """[N]: the intersection over the union of each two boxes; 0 where they do not touch."""
    a, b = _corners(boxes), _corners(truths)
    low, high = np.maximum(a[:, :2], b[:, :2]), np.minimum(a[:, 2:], b[:, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=1)
    union = (a[:, 2:] - a[:, :2]).prod(axis=1) + (b[:, 2:] - b[:, :2]).prod(axis=1) - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def center_errors(boxes: Sequence[Box], truths: Sequence[Box]) -> np.ndarray:
    """[N]: how far the middles of each two boxes lie apart, in pixels."""
    a, b = _corners(boxes), _corners(truths)
    return np.hypot(*(((a[:, :2] + a[:, 2:]) - (b[:, :2] + b[:, 2:])) / 2).T)


def heat_inside(heatmap: np.ndarray, corners: Sequence[float]) -> float | None:
    """The share of a heatmap [h, w] inside a box (left, top, right, bottom, as shares of it); None without any heat.

    A pixel that the box cuts counts by its part inside.
    """
    total = float(heatmap.sum(dtype=np.float64))
    if total <= 0:
        return None
    left, top, right, bottom = corners
    across, down = _covered(heatmap.shape[1], left, right), _covered(heatmap.shape[0], top, bottom)
    return float(down @ heatmap.astype(np.float64) @ across) / total


def _covered(length: int, low: float, high: float) -> np.ndarray:
    """[length]: how much of each pixel lies between two shares of the side."""
    edges = np.arange(length + 1)
    return np.clip(np.minimum(edges[1:], high * length) - np.maximum(edges[:-1], low * length), 0, None)


def _corners(boxes: Sequence[Box]) -> np.ndarray:
    return np.array([corners_of(box) for box in boxes], dtype=np.float64).reshape(-1, 4)
