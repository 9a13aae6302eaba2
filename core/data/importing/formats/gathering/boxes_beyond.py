"""Tell which boxes reach clearly beyond their photo: they were drawn on another one, or are in another unit."""

from collections.abc import Mapping, Sequence

from core.data.pictures.box import Box
from core.data.store.boxes.box_checks import MIN_INSIDE
from core.data.tables.label_rows import LabelledBox

BUTTONS = {
    "percent": "Read all boxes as percent of the photo",
    "percent-centre": "Read all boxes as percent of the photo, x and y as the centre",
    "thousandths": "Read all boxes as parts of a thousand",
    "thousandths-centre": "Read all boxes as parts of a thousand, x and y as the centre",
    "keep": "Keep these boxes unchanged, as far as they overlap their photo",
    "skip": "Leave these boxes out",
}
"""The labels of the choices, by their keys."""

_UNITS = {
    "percent": "are all numbers percent of the photo (0 to 100)",
    "thousandths": "are all numbers parts of a thousand (0 to 1000)",
}

_SHARE = 0.05  # of a side of the photo
_FEWEST_PIXELS = 2  # other programs round, and draw a little beyond the edge


def reach_beyond(objects: Sequence[LabelledBox], size: tuple[int, int]) -> tuple[LabelledBox, ...]:
    """Return the boxes that end clearly to the right of or below a photo of this size, or lie mostly outside it."""
    return tuple(one for one in objects if _reaches(one.box, *size))


def stay_inside(objects: Sequence[LabelledBox], size: tuple[int, int]) -> tuple[LabelledBox, ...]:
    """Return the other boxes."""
    return tuple(one for one in objects if not _reaches(one.box, *size))


def _reaches(box: Box, width: int, height: int) -> bool:
    right, lower = box.x + box.width, box.y + box.height
    if right - width > max(_SHARE * width, _FEWEST_PIXELS) or lower - height > max(_SHARE * height, _FEWEST_PIXELS):
        return True
    across = max(0.0, min(right, width) - max(box.x, 0))
    down = max(0.0, min(lower, height) - max(box.y, 0))
    return across * down < MIN_INSIDE * box.width * box.height  # the import would skip it


def beyond_text(beyond: Mapping[str, Sequence[LabelledBox]], size: str, *, fractions: bool, unit: str) -> str:
    """Return the question about boxes beyond their photos, by the photos' names; ``size`` is that of the first photo.

    ``fractions``: they are fractions of the photo, so its size explains nothing. ``unit`` is the key of the choice that
    reads all boxes in another unit, if there is one.
    """
    count = sum(map(len, beyond.values()))
    name, boxes = next(iter(beyond.items()))
    box = boxes[0].box
    shown = f"({box.x:g}, {box.y:g}, {box.width:g}, {box.height:g}) of {name}, which has {size}"
    if count == 1:
        found = f"1 box reaches beyond its photo: {shown}"
    elif len(beyond) == 1:
        found = f"{count:,} boxes reach beyond their photo, such as {shown}"
    else:
        found = f"{count:,} boxes of {len(beyond):,} photos reach beyond their photo, such as {shown}"
    if fractions:
        asked = "Are their numbers right?" if count > 1 else "Are its numbers right?"
    else:
        of = _UNITS.get(unit, "are the numbers in another unit")
        asked = f"{'Were they drawn on larger photos' if count > 1 else 'Was it drawn on a larger photo'}, or {of}?"
    return f"{found}. {asked}"
