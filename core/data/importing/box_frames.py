"""Bring boxes into pixels of the upright photo; where their unit, place, size or orientation is unclear, ask."""

from collections.abc import Sequence
from dataclasses import replace

from core.data.importing.boxes.beyond_photo import BEYOND, settle_beyond
from core.data.importing.boxes.corner_or_centre import PLACE, settle_corner_or_centre
from core.data.importing.boxes.measured import (
    BoxedPhoto,
    Measured,
    Objects,
    PlacedBox,
    as_read,
    listed,
    objects_in_pixels,
    scaled,
    size_of_fractions,
    with_places,
)
from core.data.importing.boxes.orientation import ORIENTATION, settle_orientation
from core.data.importing.boxes.sizes import SIZE, settle_size
from core.data.importing.boxes.smaller_copies import COPIES, settle_copies
from core.data.importing.boxes.units import UNIT, settle_unit
from core.data.importing.formats.image_size import StoredSize, stored_size_of
from core.data.tables.label_rows import Problem
from core.data.tables.questions import Asking
from core.errors import ImageRefused

__all__ = [
    "BEYOND",
    "COPIES",
    "ORIENTATION",
    "PLACE",
    "SIZE",
    "UNIT",
    "BoxedPhoto",
    "objects_in_pixels",
    "settle_boxes",
]


def settle_boxes(
    photos: Sequence[BoxedPhoto], asking: Asking, place: str = ""
) -> tuple[dict[str, Objects], list[Problem]]:
    """Return the boxes of each photo in pixels of the upright photo, and remarks on those that were changed.

    Photos whose size cannot be read are left out of the result. While a question is open, its boxes stay as they are.
    ``place`` is that of the questions: the source of the boxes, if there are several. The photos have different names.
    """
    measured = [
        _begin(photo, stored, at) for at, photo in enumerate(photos) if photo.objects and (stored := _size(photo))
    ]
    remarks: list[Problem] = []
    measured = settle_unit(measured, asking, place)
    measured = settle_copies(measured, asking, place)
    measured = settle_corner_or_centre(measured, asking, place)
    measured = settle_size(measured, asking, place, remarks)
    measured = settle_orientation(measured, asking, place)
    measured = settle_beyond(measured, asking, place)
    remarks += _reduced(measured)
    return {one.name: as_read(one.stored, one.objects) for one in measured}, remarks


def _begin(photo: BoxedPhoto, stored: StoredSize, at: int) -> Measured:
    """Return the photo with boxes in pixels of its file: fractions, and those that a reader has made of fractions."""
    frame, objects = photo.frame, photo.objects
    relative = frame.relative or frame.fractions
    one = Measured(replace(photo, frame=replace(frame, relative=relative, fractions=False)), stored, (), at)
    if frame.fractions:
        objects = objects_in_pixels(objects, size_of_fractions(one))
    elif frame.relative and stored.scale > 1:  # readers give those of the photo as it is read
        (width, height), (across, down) = stored.upright, stored.as_read
        objects = with_places(objects, lambda box: scaled(box, width / across, height / down))
    return one.with_boxes(PlacedBox(marked, relative) for marked in objects)


def _reduced(photos: list[Measured]) -> list[Problem]:
    """Remark on the boxes of photos that are read at reduced scale."""
    names = [one.name for one in photos if one.stored.scale > 1]
    if not names:
        return []
    which = f"The boxes of {len(names):,} photos are" if len(names) > 1 else "The boxes of 1 photo are"
    text = f"{which} reduced with the photo, which is too large to be read at its full scale: {listed(names)}"
    return [Problem(None, text, harmless=True)]


def _size(photo: BoxedPhoto) -> StoredSize | None:
    try:
        return photo.stored or stored_size_of(photo.read())
    except (ImageRefused, OSError):  # whoever decodes the photo reports it
        return None
