"""Ask for boxes that all lie in the upper left part of large photos: of smaller copies, or parts of a thousand."""

from collections.abc import Sequence
from math import prod

from core.data.importing.boxes.measured import Meaning, Measured, answered, fits, pixels, sides
from core.data.importing.boxes.units import (
    CENTRE,
    THOUSAND,
    THOUSANDTHS,
    UNIT,
    from_parts,
    is_in_hundred,
    is_large,
    may_be_centres,
)
from core.data.tables.questions import Asking, Question

COPIES = "box-copies"
"""The kind of the question."""
KEEP, SKIP = "keep", "skip"

_FEWEST = 3  # photos: objects of so many lie elsewhere, too
_MOST = 1000.5
_NEAR = 900  # of a thousand, that some boxes reach
_CHANCE = 1 / 16  # that boxes anywhere in the photos all lie in the first thousand pixels

_LABELS = {
    THOUSANDTHS: "Read them as parts of a thousand",
    THOUSANDTHS + CENTRE: "Read them as parts of a thousand, x and y as the centre",
    KEEP: "Keep the boxes as they are",
    SKIP: "Leave these boxes out",
}


def settle_copies(photos: list[Measured], asking: Asking, place: str) -> list[Measured]:
    """Ask for boxes of which none reaches the right or lower half of its photo, or lies beyond a thousand pixels.

    They may have been drawn on smaller copies, whose size nothing says, or be parts of a thousand, as models give them.
    """
    if any(question.kind == UNIT for question in asking.open):  # its answer may change the boxes
        return photos
    some = [one for one in photos if one.boxes and is_large(one) and _is_plain(one)]
    if len(some) < _FEWEST or all(map(is_in_hundred, some)):  # that has been asked as percent
        return photos
    right = max(box.box.x + box.box.width for one in some for box in one.boxes)
    lower = max(box.box.y + box.box.height for one in some for box in one.boxes)
    thousand = max(right, lower) <= _MOST
    if not all(map(_in_first_quarter, some)) and not (thousand and min(right, lower) >= _NEAR and _is_chance(some)):
        return photos
    meanings: dict[str, Meaning] = {}
    if thousand:
        every = {one.place: range(len(one.boxes)) for one in some}
        meanings[THOUSANDTHS] = from_parts(every, THOUSAND)
        if may_be_centres(some, every, THOUSAND):
            meanings[THOUSANDTHS + CENTRE] = from_parts(every, THOUSAND, centred=True)
    meanings[KEEP] = lambda one: one
    meanings[SKIP] = lambda one: one.with_boxes(())
    first = some[0]
    parts = ", are they parts of a thousand (0 to 1000)," if thousand else ""
    text = (
        f"The boxes of {len(some):,} photos all lie in the first {right:,.0f} × {lower:,.0f} pixels, such as "
        f"{sides(first.boxes[0].box)} of {first.name}, which has {pixels(first.upright)}. Were they drawn on smaller "
        f"copies (then add their size as columns image_width and image_height){parts} or are they right?"
    )
    return answered(photos, some, Question(COPIES, text, (), place), meanings, _LABELS, asking)


def _is_plain(one: Measured) -> bool:
    return one.said is None and not one.photo.trusted and not any(box.relative for box in one.boxes)


def _in_first_quarter(one: Measured) -> bool:
    width, height = one.upright
    return all(fits(box.box, (width / 2, height / 2), 1.0) for box in one.boxes)


def _is_chance(photos: Sequence[Measured]) -> bool:
    return prod(min(1.0, THOUSAND / side) for one in photos for side in one.upright) <= _CHANCE
