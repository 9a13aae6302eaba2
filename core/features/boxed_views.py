"""Where the box of an object lies in the fixed views of its photo, from the photo's hash and the view's name alone."""

from collections.abc import Sequence

import numpy as np
import torch

from core.data.pictures.box import Box
from core.data.pictures.box_augmentation import KEPT_SHARE, moved_corners
from core.data.pictures.crop_geometry import corners_of
from core.data.pictures.source import Source
from core.data.pictures.transforms import AUGMENTATIONS, Preprocessing, draw
from core.features.views import MIRRORED, ORIGINAL, crop_seed


def box_in_view(
    source: Source, box: Box, size: tuple[int, int], view: str, preprocessing: Preprocessing
) -> np.ndarray | None:
    """Return left, top, right and bottom, float32 [4], as fractions of the network's square input.

    ``size`` is the photo's width and height. None if a crop cuts off so much of the object that the view cannot stand
    for it; the other views show whatever the photo itself shows.
    """
    if view in (ORIGINAL, MIRRORED):
        corners = np.array(corners_of(preprocessing.view_placement(*size).there(box)), np.float32) / preprocessing.size
        return corners if view == ORIGINAL else _mirrored(corners)
    level, seed = crop_seed(source.hash, view)
    augmentation = AUGMENTATIONS[level]
    if augmentation is None:
        raise ValueError("level none has no crops")
    width, height = preprocessing.copy_size(*size)
    drawn = draw(augmentation, height, width, seed)
    corners_there = corners_of(preprocessing.copy_placement(*size).there(box))
    moved = moved_corners(drawn, corners_there, (height, width), preprocessing.size, preprocessing.gray)
    inside = moved.clamp(0, preprocessing.size)
    if _area(inside) < KEPT_SHARE * _area(moved):
        return None
    return np.asarray((inside / preprocessing.size).numpy(), np.float32)


def boxes_in_views(
    sources: Sequence[Source],
    boxes: Sequence[Box],
    sizes: Sequence[tuple[int, int]],
    views: Sequence[str],
    preprocessing: Preprocessing,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the boxes, float32 [photos, views, 4], and which views keep their object, bool [photos, views]."""
    found = np.zeros((len(sources), len(views), 4), np.float32)
    kept = np.zeros((len(sources), len(views)), bool)
    for row, (source, box, size) in enumerate(zip(sources, boxes, sizes, strict=True)):
        for column, view in enumerate(views):
            corners = box_in_view(source, box, size, view, preprocessing)
            if corners is not None:
                found[row, column], kept[row, column] = corners, True
    return found, kept


def _mirrored(corners: np.ndarray) -> np.ndarray:
    left, top, right, bottom = corners
    return np.array([1 - right, top, 1 - left, bottom], np.float32)


def _area(corners: torch.Tensor) -> float:
    return float((corners[2:] - corners[:2]).clamp(min=0).prod())
