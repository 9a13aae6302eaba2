"""Ask whether x and y are the upper left corner or the centre of boxes that do not fit as they were read."""

from collections.abc import Callable, Mapping, Sequence

from core.data.importing.boxes.measured import (
    Meaning,
    Measured,
    PlacedBox,
    Size,
    answered,
    as_centre,
    fits,
    from_centre,
    sides,
    size_of_fractions,
)
from core.data.importing.boxes.units import UNIT
from core.data.pictures.box import Box
from core.data.tables.questions import Asking, Question

PLACE = "box-place"
"""The kind of the question."""
CORNER, CENTRE, CORNERS = "corner", "centre", "corners"

_BEYOND_PIXELS, _BEYOND_SHARE = 1.0, 0.005  # other programs round, and draw a little beyond the edge
_FEW = 10  # a reading explains the boxes if it fails for one in so many of those that the usual one fails for

Reading = Callable[[Box], Box]


def _of_corners(box: Box) -> Box:
    return Box(box.x, box.y, box.width - box.x, box.height - box.y)


_READINGS: Mapping[str, Mapping[str, Reading]] = {
    CORNER: {CENTRE: from_centre, CORNERS: _of_corners},
    CENTRE: {CORNER: as_centre, CORNERS: lambda box: _of_corners(as_centre(box))},
}
"""What else the four numbers of a box may mean, by how x and y were read."""
_LABELS = {
    CORNER: "Read x and y as the upper left corner",
    CENTRE: "Read x and y as the centre",
    CORNERS: "Read the four numbers as two corners",
}
_WORDS = {CORNER: "the upper left corner", CENTRE: "the centre"}


def settle_corner_or_centre(photos: list[Measured], asking: Asking, place: str) -> list[Measured]:
    """Ask what x and y are where a box reaches beyond its photo as it was read, and all boxes fit in another way.

    Boxes that all fit as their format says are what it says. Fractions in a table are asked with their unit.
    """
    if any(question.kind == UNIT for question in asking.open):  # its answer may change the boxes
        return photos
    for read_as in (CORNER, CENTRE):
        some = [one for one in photos if one.photo.frame.read_as == read_as and not one.photo.trusted]
        photos = _settle(photos, some, read_as, asking, place)
    return photos


def _settle(
    photos: list[Measured], some: Sequence[Measured], read_as: str, asking: Asking, place: str
) -> list[Measured]:
    boxes = [(one, box) for one in some for box in one.boxes if _is_asked(one, box)]
    reaching = [(one, box) for one, box in boxes if not _fits(one, box.box)]
    readings = {key: read for key, read in _READINGS[read_as].items() if _explains(read, boxes, len(reaching))}
    if not reaching or not readings:
        return photos
    first, box = reaching[0]
    written = as_centre(box.box) if read_as == CENTRE else box.box
    reach = f"{len(reaching):,} boxes reach" if len(reaching) > 1 else "1 box reaches"
    text = (
        f"{reach} beyond the photo if x and y are {_WORDS[read_as]}, such as {sides(written)} of {first.name}, and the "
        "boxes fit if they are not. What do the four numbers mean?"
    )
    meanings: dict[str, Meaning] = {key: _meaning(read) for key, read in readings.items()}
    meanings[read_as] = lambda one: one
    shown = {one.place for one, _ in reaching}
    unclear = sorted(some, key=lambda one: one.place not in shown)
    return answered(photos, unclear, Question(PLACE, text, (), place), meanings, _LABELS, asking)


def _is_asked(one: Measured, box: PlacedBox) -> bool:
    return not box.relative or one.photo.frame.read_as == CENTRE


def _explains(read: Reading, boxes: Sequence[tuple[Measured, PlacedBox]], failures: int) -> bool:
    """Return whether all boxes fit their photos when they are read so, or nearly all where many do not as usual."""
    places = [(one, read(box.box)) for one, box in boxes]
    if any(box.width <= 0 or box.height <= 0 for _, box in places):
        return False
    return sum(not _fits(one, box) for one, box in places) * _FEW <= failures


def _fits(one: Measured, box: Box) -> bool:
    return any(fits(box, size, max(_BEYOND_PIXELS, _BEYOND_SHARE * max(size))) for size in _sizes(one))


def _sizes(one: Measured) -> list[Size]:
    """Return the sizes of which the photo's boxes may be in pixels."""
    if one.photo.frame.relative:
        return [size_of_fractions(one)]
    return [one.said] if one.said else [one.upright, one.as_stored]


def _meaning(read: Reading) -> Meaning:
    return lambda one: one.with_boxes(box.at(read(box.box)) if _is_asked(one, box) else box for box in one.boxes)
