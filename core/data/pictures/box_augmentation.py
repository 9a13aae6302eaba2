"""Data augmentation of a picture together with the box of its object."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from PIL import Image
from torch import Tensor

from core.data.pictures.box import Box
from core.data.pictures.crop_geometry import corners_of
from core.data.pictures.transforms import (
    AUGMENTATIONS,
    IMAGENET_MEAN,
    IMAGENET_STD,
    Draw,
    Preprocessing,
    ViewSettings,
    draw,
    to_tensor,
)

KEPT_SHARE = 0.7
"""A variation must show this share of an object's box."""
# After this many draws the whole copy is used.
_MAX_DRAWS = 20
# Points of an object's outline; a multiple of four, so that its outermost ones are among them.
_OUTLINE = 32


def augment_boxed(
    copy: Tensor,
    corners: Sequence[float],
    level: str,
    size: int,
    seed: Sequence[int],
    fill: Sequence[float] = (0, 0, 0),
) -> tuple[Tensor, Tensor]:
    """Augment a picture with an object like ``augment``; return it and the object's box in it, float32 [4].

    ``corners`` are left, top, right and bottom in pixels of the copy. A variation that loses the object is drawn again.
    If a part of the object is cut off, the box ends at the edge.
    """
    augmentation = AUGMENTATIONS[level]
    if augmentation is None:
        raise ValueError("level none has no variations; use the view")
    canvas = (copy.shape[-2], copy.shape[-1])
    for attempt in range(_MAX_DRAWS):
        drawn = draw(augmentation, *canvas, (*seed, attempt) if attempt else seed)
        moved = moved_corners(drawn, corners, canvas, size, fill)
        if _area(moved.clamp(0, size)) >= KEPT_SHARE * _area(moved):
            break
    else:
        drawn = replace(drawn, top=0, left=0, height=canvas[0], width=canvas[1], degrees=0.0)
        moved = moved_corners(drawn, corners, canvas, size, fill)
    return drawn.color(drawn.geometry(copy, size, fill)), moved.clamp(0, size)


def preview_boxed(
    image: Image.Image, box: Box, recipe: ViewSettings, draws: int = 8, seed: int = 0
) -> list[tuple[Image.Image, tuple[float, float, float, float]]]:
    """Return what the network will see of a photo in the first epochs, each with left, top, right, bottom in pixels."""
    seen = Preprocessing(**recipe.preprocessing(IMAGENET_MEAN, IMAGENET_STD))
    if AUGMENTATIONS[recipe.augmentation] is None:
        return [(seen.view(image), corners_of(seen.view_placement(*image.size).there(box)))] * draws
    copy = to_tensor(seen.training_copy(image))
    corners = corners_of(seen.copy_placement(*image.size).there(box))
    found = []
    for epoch in range(draws):
        varied, moved = augment_boxed(copy, corners, recipe.augmentation, seen.size, (seed, epoch, 0), seen.gray)
        left, top, right, bottom = moved.tolist()
        found.append((Image.fromarray(varied.permute(1, 2, 0).numpy()), (left, top, right, bottom)))
    return found


def moved_corners(
    drawn: Draw, corners: Sequence[float], canvas: tuple[int, int], size: int, fill: Sequence[float]
) -> Tensor:
    """Transform a box (left, top, right, bottom) on a canvas (height, width), float32 [4]; nothing is clipped.

    The points of the ellipse in the box are transformed, and the result is the box around them: the box around a
    rotated box would grow with every rotation, and objects are rounder than their boxes.
    """
    from torchvision import tv_tensors  # see transforms.py

    left, top, right, bottom = corners
    turn = torch.arange(_OUTLINE) * (2 * torch.pi / _OUTLINE)
    x = (left + right) / 2 + (right - left) / 2 * turn.cos()
    y = (top + bottom) / 2 + (bottom - top) / 2 * turn.sin()
    # Boxes without an extent, because torchvision mirrors its key points about the centres of pixels.
    points = tv_tensors.BoundingBoxes(
        torch.stack([x, y, x, y], 1), format="XYXY", canvas_size=canvas, clamping_mode=None
    )
    moved = drawn.geometry(points, size, fill).as_subclass(Tensor)
    return torch.cat([moved[:, :2].amin(0), moved[:, :2].amax(0)])


def _area(corners: Tensor) -> float:
    return float((corners[2:] - corners[:2]).clamp(min=0).prod())
