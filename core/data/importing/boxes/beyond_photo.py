"""Ask for boxes that reach clearly beyond their photos: of larger photos, in another unit, or right as they are."""

from core.data.importing.boxes.measured import Meaning, Measured, answered, pixels
from core.data.importing.boxes.sizes import has_other_size
from core.data.importing.boxes.units import (
    CENTRE,
    PERCENT,
    THOUSAND,
    THOUSANDTHS,
    from_parts,
    is_in_hundred,
    is_large,
    may_be_centres,
    may_be_parts,
)
from core.data.importing.formats.gathering.boxes_beyond import BUTTONS, beyond_text, reach_beyond, stay_inside
from core.data.tables.questions import Asking, Question

BEYOND = "box-beyond"
"""The kind of the question."""
KEEP, SKIP = "keep", "skip"


def settle_beyond(photos: list[Measured], asking: Asking, place: str) -> list[Measured]:
    """Ask for the boxes that reach beyond their photos; in a small photo they may be percent, if all may be."""
    if asking.open:  # its answer may change the boxes
        return photos
    doubtful = [one for one in photos if not (one.photo.trusted or _size_was_kept(one))]
    beyond = {one.place: found for one in doubtful if (found := reach_beyond(one.objects, one.upright))}
    unclear = [one for one in doubtful if one.place in beyond]
    if not unclear:
        return photos
    unit, whole = _parts(photos)
    meanings: dict[str, Meaning] = {}
    if unit:
        every = {one.place: range(len(one.boxes)) for one in photos}
        meanings[unit] = from_parts(every, whole)
        if may_be_centres(photos, every, whole):
            meanings[unit + CENTRE] = from_parts(every, whole, centred=True)
    meanings[KEEP] = lambda one: one
    meanings[SKIP] = _inside
    fractions = all(box.relative for one in unclear for box in one.boxes)
    named = {one.name: beyond[one.place] for one in unclear}
    text = beyond_text(named, pixels(unclear[0].upright), fractions=fractions, unit=unit)
    # All boxes are percent, or none is.
    others = [one for one in photos if one.place not in beyond] if unit else []
    return answered(photos, [*unclear, *others], Question(BEYOND, text, (), place), meanings, BUTTONS, asking)


def _inside(one: Measured) -> Measured:
    return one.with_boxes(box for box in one.boxes if stay_inside((box.marked,), one.upright))


def _size_was_kept(one: Measured) -> bool:
    """Return whether somebody has seen that the labels say another size, and kept the boxes as they are."""
    return has_other_size(one) and one.objects == one.photo.objects


def _parts(photos: list[Measured]) -> tuple[str, float]:
    """Return the unit that all boxes may have, and how many parts the photo has in it; "" where they are pixels.

    Of large photos it has been asked already whether they are percent.
    """
    plain = not any(
        one.photo.trusted
        or has_other_size(one)
        or one.stored.orientation != 1
        or any(box.relative for box in one.boxes)
        for one in photos
    )
    if plain and sum(map(is_large, photos)) <= len(photos) / 2 and all(map(is_in_hundred, photos)):
        return PERCENT, 100.0
    most = max(side for one in photos for box in one.boxes for side in (box.box.x, box.box.y))
    if plain and most >= THOUSAND / 2 and all(may_be_parts(one, THOUSAND) for one in photos):
        return THOUSANDTHS, THOUSAND
    return "", 1.0
