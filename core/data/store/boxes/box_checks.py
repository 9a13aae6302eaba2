"""What is wrong with a box: no numbers, no area, outside the image, or mostly so. Nothing is ever clipped."""

import math

from core.data.store.records import BoxRow

TOLERATED_PIXELS = 0.5
"""A box may reach so far beyond the image without a word: other programs round."""

LEAST_INSIDE = 0.1
"""Of a box with less of its area in the image nobody has marked a thing in it: a wrong unit, column or image."""


def wrong_with(box: BoxRow, width: int, height: int) -> str | None:
    """Why a box cannot be in an image of this size: no numbers, no area, nothing or hardly anything of it inside.

    None if it can. A box that reaches beyond the image can: it is never clipped, and ``reaches_out`` says by how much.
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
    if inside < LEAST_INSIDE:
        return f"only {inside:.1%} of it lies inside the image, which has {width} × {height} pixels"
    return None


def reaches_out(box: BoxRow, width: int, height: int) -> float:
    """By how many pixels a box reaches beyond the image's farthest-passed edge; 0 where it lies inside."""
    return max(0.0, -box.x, -box.y, box.x + box.width - width, box.y + box.height - height)
