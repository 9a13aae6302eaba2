"""Tell fractions and percentages from pixels; where both are possible, ask."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from core.data.importing.boxes.measured import (
    Meaning,
    Measured,
    PlacedBox,
    answered,
    fits,
    from_centre,
    rounded,
    scaled,
    sides,
    size_of_fractions,
)
from core.data.pictures.box import Box
from core.data.tables.questions import Asking, Question

UNIT = "box-unit"
"""The kind of the question."""
FRACTIONS, PERCENT, PIXELS, SKIP = "fractions", "percent", "pixels", "skip"
THOUSANDTHS, THOUSAND = "thousandths", 1000.0
CENTRE = "-centre"
"""What the choices end with that read x and y as the centre: fractions-centre."""

_MOST_FRACTION = 1.5  # boxes reach a little beyond their photo; one of pixels is hardly ever so small
_ROUNDING = 0.5  # percent, or parts of a thousand
_BEYOND = 0.05  # of the photo, that a box in percent may reach beyond it
_ROUNDED = 0.01  # of the photo: fractions with two decimal places
_LARGE = 4  # times the first hundred pixels across and down
_FEWEST, _SHARE = 3, 4  # so many photos, and one of so many, show that a part of the boxes is in percent

Chosen = Mapping[int, Collection[int]]
"""The places of boxes, by the place of their photo."""


def settle_unit(photos: list[Measured], asking: Asking, place: str) -> list[Measured]:
    """Ask for the unit of boxes that are hardly a pixel large, or lie in the first hundred pixels of large photos.

    The answer changes exactly these boxes: a source may be joined from others, some in pixels and some in fractions.
    """
    fractions, percent = _fractions(photos), _percent(photos)
    if all({*boxes} <= {*fractions.get(at, ())} for at, boxes in percent.items()):
        percent = {}  # numbers of at most 1.5 are no percentages
    chosen = {at: {*fractions.get(at, ()), *percent.get(at, ())} for at in {*fractions, *percent}}
    unclear = [one for one in photos if one.place in chosen]
    if not unclear:
        return photos
    meanings: dict[str, Meaning] = {}
    for unit, some, whole in ((FRACTIONS, fractions, 1.0), (PERCENT, percent, 100.0)):
        if some:
            meanings[unit] = from_parts(some, whole)
            if may_be_centres(photos, some, whole):
                meanings[unit + CENTRE] = from_parts(some, whole, centred=True)
    meanings[PIXELS] = lambda one: one
    meanings[SKIP] = lambda one: one.with_boxes(
        box for at, box in enumerate(one.boxes) if at not in chosen.get(one.place, ())
    )
    text = _text(unclear, fractions, percent, chosen, photos, any(key.endswith(CENTRE) for key in meanings))
    return answered(photos, unclear, Question(UNIT, text, (), place), meanings, LABELS, asking)


LABELS = {
    FRACTIONS: "Read them as fractions",
    FRACTIONS + CENTRE: "Read them as fractions, x and y as the centre",
    PERCENT: "Read them as percent",
    PERCENT + CENTRE: "Read them as percent, x and y as the centre",
    PIXELS: "Read them as pixels",
    SKIP: "Leave these boxes out",
}


def _text(
    unclear: Sequence[Measured],
    fractions: Chosen,
    percent: Chosen,
    chosen: Chosen,
    photos: Sequence[Measured],
    centres: bool,
) -> str:
    first = unclear[0]
    boxes = [one.boxes[at].box for one in unclear for at in sorted(chosen[one.place])]
    count, others = len(boxes), sum(not box.relative for one in photos for box in one.boxes) - len(boxes)
    if percent:
        region = "in the first 100 pixels of large photos"
        units = "percent of the photo (0 to 100)"
        units = f"fractions of the photo (0 to 1), {units}" if fractions else units
    else:
        all_in_first = all(fits(box, (1, 1), 0.001) for box in boxes)
        region = "in the first pixel of the photo" if all_in_first else "in the first pixels of the photo"
        units = "fractions of the photo (0 to 1)"
    lie = f"{count:,} boxes lie" if count > 1 else "1 box lies"
    rest = f" {'The other box is' if others == 1 else f'The other {others:,} boxes are'} larger and not changed."
    which = ", and do x and y give the upper left corner or the centre" if centres else ""
    said = f"{lie} {region}, such as {sides(boxes[0])} of {first.name}.{rest if others else ''}"
    return f"{said} Are the numbers {units}, or pixels{which}?"


def from_parts(chosen: Chosen, whole: float, centred: bool = False) -> Meaning:
    """Return the meaning by which the chosen boxes are parts of a photo that is ``whole`` wide and high.

    With ``centred`` x and y are the centre, where nothing says that they are the corner.
    """

    def read(one: Measured) -> Measured:
        width, height = size_of_fractions(one)
        places = chosen.get(one.place, ())

        def placed(box: Box) -> Box:
            box = from_centre(box) if centred and is_corner_unsure(one) else box
            return rounded(scaled(box, width / whole, height / whole))

        return one.with_boxes(
            PlacedBox(box.at(placed(box.box)).marked, relative=True) if at in places else box
            for at, box in enumerate(one.boxes)
        )

    return read


def may_be_centres(photos: Iterable[Measured], chosen: Chosen, whole: float) -> bool:
    """Return whether x and y of the chosen boxes may be the centre: they fit so, or better than as the corner."""
    boxes = [
        one.boxes[at].box for one in photos if is_corner_unsure(one) for at in chosen.get(one.place, ()) if one.boxes
    ]
    photo, beyond = (whole, whole), _ROUNDED * whole
    as_centres = sum(not fits(from_centre(box), photo, beyond) for box in boxes)
    as_corners = sum(not fits(box, photo, beyond) for box in boxes)
    return bool(boxes) and (as_centres == 0 or as_centres < as_corners)


def is_corner_unsure(one: Measured) -> bool:
    """Return whether x and y were read as the upper left corner, and people also write the centre there."""
    return one.photo.frame.read_as == "corner" and not one.photo.trusted


def _fractions(photos: Iterable[Measured]) -> Chosen:
    """Return the boxes of which all numbers are small, if one of them may lie inside its photo as a fraction."""
    found = {one.place: [at for at, box in enumerate(one.boxes) if _is_small(box)] for one in photos}
    inside = any(max(one.boxes[at].box.x, one.boxes[at].box.y) < 1 for one in photos for at in found.get(one.place, ()))
    return {at: boxes for at, boxes in found.items() if boxes} if inside else {}


def _is_small(one: PlacedBox) -> bool:
    box = one.box
    return not one.relative and max(abs(box.x), abs(box.y), box.width, box.height) <= _MOST_FRACTION


def _percent(photos: Iterable[Measured]) -> Chosen:
    """Return the boxes that may be in percent: all of a source, or all those of many of its large photos."""
    own = [one for one in photos if not one.photo.trusted and any(not box.relative for box in one.boxes)]
    large = [one for one in own if is_large(one)]
    found = [one for one in large if is_in_hundred(one)]
    if len(large) > len(own) / 2 and all(map(is_in_hundred, own)):
        found = own
    elif len(found) < _FEWEST or len(found) * _SHARE < len(large):
        return {}
    return {one.place: [at for at, box in enumerate(one.boxes) if not box.relative] for one in found}


def is_large(one: Measured) -> bool:
    """Return whether the first hundred pixels across and down are a small part of the photo."""
    width, height = one.upright
    return width * height >= _LARGE * min(width, 100) * min(height, 100)


def is_in_hundred(one: Measured) -> bool:
    """Return whether all boxes of the photo may be in percent."""
    return may_be_parts(one, 100)


def may_be_parts(one: Measured, whole: float) -> bool:
    """Return whether all boxes of the photo may be parts of one that is ``whole`` wide and high."""
    return all(_are_parts(box.box, whole, is_corner_unsure(one)) for box in one.boxes if not box.relative)


def _are_parts(box: Box, whole: float, centred: bool) -> bool:
    if max(box.x, box.y, box.width, box.height) > whole + _ROUNDING:
        return False
    photo, beyond = (whole, whole), whole * _BEYOND
    return fits(box, photo, beyond) or (centred and fits(from_centre(box), photo, beyond))
