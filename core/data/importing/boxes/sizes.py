"""Fit boxes to photos of another size than their source says: turned ones are turned, for others it is asked."""

from core.data.importing.boxes.measured import (
    Meaning,
    Measured,
    PlacedBox,
    Size,
    answered,
    listed,
    pixels,
    scaled,
    size_of_fractions,
)
from core.data.pictures.box import Box
from core.data.tables.label_rows import Problem
from core.data.tables.questions import Asking, Question

SIZE = "box-size"
"""The kind of the question."""
SCALE, KEEP, SKIP = "scale", "keep", "skip"


def settle_size(photos: list[Measured], asking: Asking, place: str, remarks: list[Problem]) -> list[Measured]:
    """Turn the boxes of photos whose stored size is the one that the source says; ask where the size is another.

    Fractions of a photo of the same shape stay what they are.
    """
    turned = [one.name for one in photos if any(_is_turned(one, box) for box in one.boxes)]
    if turned:
        photos_are = f"The boxes of {len(turned):,} photos are" if len(turned) > 1 else "The boxes of 1 photo are"
        text = (
            f"{photos_are} turned with the photo, because they were drawn before it is turned upright (EXIF): "
            f"{listed(sorted(turned))}"
        )
        remarks.append(Problem(None, text, harmless=True))
        photos = [_turned(one) for one in photos]
    other = [one for one in photos if has_other_size(one)]
    if not other:
        return photos
    first = other[0]
    which = f"{len(other):,} photos have" if len(other) > 1 else "1 photo has"
    text = (
        f"{which} another size than their labels say, such as {first.name}: {pixels(first.upright)}, and the labels "
        f"say {pixels(first.said or (0, 0))}. Were the boxes drawn on photos of that other size?"
    )
    meanings: dict[str, Meaning] = {
        SCALE: lambda one: one.changed(lambda box: _to_own_size(one, box)),
        KEEP: lambda one: one,
        SKIP: lambda one: one.with_boxes(box for box in one.boxes if not _is_of_other_size(one, box)),
    }
    labels = {SCALE: "Scale the boxes to the photos", KEEP: "Keep the boxes as they are", SKIP: "Leave these boxes out"}
    return answered(photos, other, Question(SIZE, text, (), place), meanings, labels, asking)


def _size_of(one: Measured, box: PlacedBox) -> Size | None:
    """Return the size that the source says of the photo in which the box was drawn."""
    return size_of_fractions(one) if box.relative and one.said else one.said


def _is_turned(one: Measured, box: PlacedBox) -> bool:
    """Return whether the box was drawn on the stored photo, which is not the upright one."""
    return _size_of(one, box) == one.as_stored != one.upright


def _turned(one: Measured) -> Measured:
    return one.changed(lambda box: one.stored.turn(box.box) if _is_turned(one, box) else box.box)


def has_other_size(one: Measured) -> bool:
    """Return whether boxes of the photo were drawn on one of another size, as it is or as it is stored."""
    return any(_is_of_other_size(one, box) for box in one.boxes)


def _is_of_other_size(one: Measured, box: PlacedBox) -> bool:
    size = _size_of(one, box)
    return size is not None and size not in (one.upright, one.as_stored)


def _to_own_size(one: Measured, box: PlacedBox) -> Box:
    """Return the box in the photo's own size; that of a stored photo is turned, if only its shape fits."""
    size = _size_of(one, box)
    if size is None or not _is_of_other_size(one, box):
        return box.box
    width, height = size
    stored, upright = one.as_stored, one.upright
    if stored != upright and _difference(size, stored) < _difference(size, upright):
        return one.stored.turn(scaled(box.box, stored[0] / width, stored[1] / height))
    return scaled(box.box, upright[0] / width, upright[1] / height)


def _difference(size: Size, other: Size) -> float:
    return abs(size[0] * other[1] - size[1] * other[0])
