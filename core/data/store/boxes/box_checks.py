"""Checks on a box: finite numbers, an area, and enough of it inside the image. Nothing is ever clipped."""

import math

from core.data.store.records import BoxRow

TOLERATED_PIXELS = 0.5
"""How far a box may reach beyond the image without a warning: other programs round."""

MIN_INSIDE = 0.1
"""A box with a smaller share of its area inside the image marks nothing: the unit, column or image is wrong."""


def invalid_reason(box: BoxRow, width: int, height: int) -> str | None:
    """Return why a box is invalid in an image of this size, None if it is valid.

    A box that reaches beyond the image is valid: it is never clipped, and ``reaches_out`` says by how much.
    """
    sides = (box.x, box.y, box.width, box.height)
    if not all(math.isfinite(side) for side in sides):
        return "its numbers are not all finite"
    if box.width < 0 or box.height < 0:
        return "its corners are swapped"
    if box.width == 0 or box.height == 0:
        return "it has no area"
    if box.x >= width or box.y >= height or box.x + box.width <= 0 or box.y + box.height <= 0:
        return f"it lies outside the image, which has {width} × {height} pixels"
    across = min(box.x + box.width, width) - max(box.x, 0)
    down = min(box.y + box.height, height) - max(box.y, 0)
    inside = across * down / (box.width * box.height)
    if inside < MIN_INSIDE:
        return f"only {inside:.1%} of it lies inside the image, which has {width} × {height} pixels"
    return None


def reaches_out(box: BoxRow, width: int, height: int) -> float:
    """Return by how many pixels, at most, a box reaches beyond an edge of the image; 0 if it lies inside."""
    return max(0.0, -box.x, -box.y, box.x + box.width - width, box.y + box.height - height)
