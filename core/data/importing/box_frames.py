"""Bring boxes into pixels of the upright photo; where their unit, size or orientation is unclear, ask."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from core.data.importing.formats.gathering.boxes_beyond import BUTTONS, beyond_text, reach_beyond, stay_inside
from core.data.importing.formats.image_size import StoredSize, stored_size_of
from core.data.pictures.box import Box
from core.data.tables.label_rows import BoxFrame, LabelledBox, Problem
from core.data.tables.questions import SAMPLED, Asking, Choice, Question, SamplePhoto
from core.errors import ImageRefused

UNIT, SIZE, ORIENTATION, BEYOND = "box-unit", "box-size", "box-orientation", "box-beyond"
"""The kinds of questions."""

FRACTIONS, PERCENT, PIXELS, SKIP = "fractions", "percent", "pixels", "skip"
SCALE, KEEP = "scale", "keep"
STORED, UPRIGHT = "stored", "upright"

_ROUNDING = 1e-3  # of a fraction
PIXEL_DIGITS = 6  # of a pixel, after a fraction has been scaled
_HUNDRED = 100.5
_LARGE_SIDE = 200  # pixels: a photo of which all boxes lie in the first 100 pixels is unusual

Objects = tuple[LabelledBox, ...]


@dataclass(frozen=True)
class BoxedPhoto:
    """A photo with the boxes that a source gives it."""

    name: str
    objects: Objects
    frame: BoxFrame  # what the source says about their numbers
    read: Callable[[], bytes]  # raises ImageRefused
    stored: StoredSize | None = None  # where it is known already
    trusted: bool = False  # our own data: a box beyond the photo was kept before


@dataclass(frozen=True)
class _Measured:
    """A photo whose size has been read, with its boxes as far as they are settled."""

    photo: BoxedPhoto
    stored: StoredSize
    objects: Objects

    @property
    def name(self) -> str:
        return self.photo.name


def settle_boxes(
    photos: Sequence[BoxedPhoto], asking: Asking, place: str = ""
) -> tuple[dict[str, Objects], list[Problem]]:
    """Return the boxes of each photo in pixels of the upright photo, and remarks on those that were changed.

    Photos whose size cannot be read are left out of the result. While a question is open, its boxes stay as they are.
    ``place`` is that of the questions: the source of the boxes, if there are several.
    """
    measured = [
        _Measured(photo, stored, photo.objects) for photo in photos if photo.objects and (stored := _size(photo))
    ]
    remarks: list[Problem] = []
    measured = [_in_pixels(_in_file(one)) for one in measured]
    measured = _settle_unit(measured, asking, place)
    measured = _settle_size(measured, asking, place, remarks)
    measured = _settle_orientation(measured, asking, place)
    measured = _settle_beyond(measured, asking, place)
    remarks += _reduced(measured)
    return {one.name: _as_read(one, one.objects) for one in measured}, remarks


def _in_file(one: _Measured) -> _Measured:
    """Return the photo with boxes in pixels of the file; readers of fractions give those of the photo as it is read."""
    if one.stored.scale == 1 or one.photo.frame.fractions or not one.photo.frame.relative:
        return one
    (width, height), (across, down) = one.stored.upright, one.stored.as_read
    return replace(one, objects=_with(one.objects, lambda box: _scaled(box, width / across, height / down)))


def _as_read(one: _Measured, objects: Objects) -> Objects:
    """Return objects in pixels of the photo as it is read: a very large JPEG is read at reduced scale."""
    if one.stored.scale == 1:
        return objects
    (width, height), (across, down) = one.stored.upright, one.stored.as_read
    return _with(objects, lambda box: _scaled(box, across / width, down / height))


def _reduced(photos: list[_Measured]) -> list[Problem]:
    """Remark on the boxes of photos that are read at reduced scale."""
    names = [one.name for one in photos if one.stored.scale > 1]
    if not names:
        return []
    shown = ", ".join(names[:SAMPLED]) + (", ..." if len(names) > SAMPLED else "")
    which = f"The boxes of {len(names):,} photos are" if len(names) > 1 else "The boxes of 1 photo are"
    text = f"{which} reduced with the photo, which is too large to be read at its full scale: {shown}"
    return [Problem(None, text, harmless=True)]


def _in_pixels(one: _Measured) -> _Measured:
    """Return the photo with boxes in pixels where its source says that they are fractions."""
    if not one.photo.frame.fractions:
        return one
    photo = replace(one.photo, frame=BoxFrame(one.photo.frame.size, relative=True))
    return replace(one, photo=photo, objects=objects_in_pixels(one.objects, one.stored.upright))


def objects_in_pixels(objects: Objects, size: tuple[int, int]) -> Objects:
    """Return objects, whose boxes are fractions, in pixels of an upright photo of this size."""
    return _with(objects, lambda box: _rounded(_scaled(box, *size)))


def _size(photo: BoxedPhoto) -> StoredSize | None:
    try:
        return photo.stored or stored_size_of(photo.read())
    except (ImageRefused, OSError):  # whoever decodes the photo reports it
        return None


# --- fractions, percentages or pixels -------------------------------------------------------------------------------


def _settle_unit(photos: list[_Measured], asking: Asking, place: str) -> list[_Measured]:
    """Ask for the unit of boxes that lie in the first pixel of a photo, or all in the first hundred of large ones."""
    absolute = [one for one in photos if not one.photo.frame.relative]
    tiny = [one for one in absolute if any(_within(box, 1 + _ROUNDING) for box in one.objects)]
    if tiny:
        return _ask_unit(photos, tiny, FRACTIONS, 1.0, asking, place)
    if _mostly_large(absolute) and _in_first_hundred(absolute):
        return _ask_unit(photos, absolute, PERCENT, 100.0, asking, place)
    return photos


def _mostly_large(photos: list[_Measured]) -> bool:
    return sum(min(one.stored.upright) >= _LARGE_SIDE for one in photos) > len(photos) / 2


def _in_first_hundred(photos: list[_Measured]) -> bool:
    return all(_within(box, _HUNDRED) for one in photos for box in one.objects)


def _within(one: LabelledBox, most: float) -> bool:
    box = one.box
    return min(box.x, box.y) >= -_ROUNDING and max(box.x + box.width, box.y + box.height) <= most


def _ask_unit(
    photos: list[_Measured], unclear: list[_Measured], unit: str, whole: float, asking: Asking, place: str
) -> list[_Measured]:
    """Ask whether the numbers of small boxes are pixels, or parts of a photo that is ``whole`` wide and high."""
    most = 1 + _ROUNDING if unit == FRACTIONS else _HUNDRED

    def without(one: _Measured) -> Objects:
        return tuple(box for box in one.objects if not _within(box, most))

    small = [(one, box) for one in unclear for box in one.objects if _within(box, most)]
    boxes_lie = f"{len(small):,} boxes lie" if len(small) > 1 else "1 box lies"
    region = "in the first pixel of the photo" if unit == FRACTIONS else "in the first 100 pixels of large photos"
    units = "fractions of the photo (0 to 1)" if unit == FRACTIONS else "percent of the photo (0 to 100)"
    example = f"{_sides(small[0][1].box)} of {small[0][0].name}"
    text = f"{boxes_lie} {region}, such as {example}. Are the numbers {units}, or pixels?"
    meanings = {unit: lambda one: _from_parts(one, whole, most), PIXELS: lambda one: one.objects, SKIP: without}
    labels = {unit: f"Read them as {unit}", PIXELS: "Read them as pixels", SKIP: "Leave these boxes out"}
    return _answered(photos, unclear, Question(UNIT, text, (), place), meanings, labels, asking)


def _from_parts(one: _Measured, whole: float, most: float) -> Objects:
    """Return the photo's objects with the small boxes in pixels, which are parts of a photo ``whole`` wide and high."""
    width, height = one.stored.upright
    return _with(one.objects, lambda box: _rounded(_scaled(box, width / whole, height / whole)), most)


# --- the size that the source says ----------------------------------------------------------------------------------


def _settle_size(photos: list[_Measured], asking: Asking, place: str, remarks: list[Problem]) -> list[_Measured]:
    """Turn the boxes of photos whose stored size is the one that the source says; ask where the size is another."""
    turned = {one.name for one in photos if _is_turned(one)}
    if turned:
        shown = ", ".join(sorted(turned)[:SAMPLED]) + (", ..." if len(turned) > SAMPLED else "")
        photos_are = f"The boxes of {len(turned):,} photos are" if len(turned) > 1 else "The boxes of 1 photo are"
        text = (
            f"{photos_are} turned with the photo, because they were drawn before it is turned upright (EXIF): {shown}"
        )
        remarks.append(Problem(None, text, harmless=True))
        photos = [_turned(one) if one.name in turned else one for one in photos]
    other = [one for one in photos if one.name not in turned and _has_other_size(one)]
    if not other:
        return photos
    first = other[0]
    said, found = first.photo.frame.size or (0, 0), first.stored.upright
    which = f"{len(other):,} photos have" if len(other) > 1 else "1 photo has"
    text = (
        f"{which} another size than their labels say, such as {first.name}: {_pixels(found)}, and the labels say "
        f"{_pixels(said)}. Were the boxes drawn on photos of that other size?"
    )
    meanings = {SCALE: _to_own_size, KEEP: lambda one: one.objects, SKIP: lambda one: ()}
    labels = {SCALE: "Scale the boxes to the photos", KEEP: "Keep the boxes as they are", SKIP: "Leave these boxes out"}
    return _answered(photos, other, Question(SIZE, text, (), place), meanings, labels, asking)


def _is_turned(one: _Measured) -> bool:
    """Return whether the source says the size of the stored photo, and this is not the size of the upright one."""
    stored = (one.stored.width, one.stored.height)
    return one.photo.frame.size == stored != one.stored.upright


def _has_other_size(one: _Measured) -> bool:
    size = one.photo.frame.size
    return size is not None and size not in (one.stored.upright, (one.stored.width, one.stored.height))


def _turned(one: _Measured) -> _Measured:
    return replace(one, objects=_with(one.objects, one.stored.turn))


def _to_own_size(one: _Measured) -> Objects:
    """Return the boxes in the photo's own size; those of a stored photo are turned, if only its shape fits."""
    width, height = one.photo.frame.size or one.stored.upright
    stored, upright = (one.stored.width, one.stored.height), one.stored.upright
    if stored != upright and _difference(width, height, stored) < _difference(width, height, upright):
        scaled = _with(one.objects, lambda box: _scaled(box, stored[0] / width, stored[1] / height))
        return _with(scaled, one.stored.turn)
    return _with(one.objects, lambda box: _scaled(box, upright[0] / width, upright[1] / height))


def _difference(width: int, height: int, size: tuple[int, int]) -> float:
    return abs(width * size[1] - height * size[0])


# --- turned or mirrored photos --------------------------------------------------------------------------------------


def _settle_orientation(photos: list[_Measured], asking: Asking, place: str) -> list[_Measured]:
    """Ask on which photo the boxes were drawn that the size cannot tell: half turns, mirrored and square ones."""
    unclear = [one for one in photos if one.objects and one.stored.orientation != 1 and not _size_tells(one)]
    if not unclear:
        return photos
    which = "1 photo is stored" if len(unclear) == 1 else f"{len(unclear):,} photos are stored"
    text = (
        f"{which} turned or mirrored and shown upright (EXIF), such as {unclear[0].name}. Were the boxes drawn on the "
        "photo as it is shown, or as it is stored?"
    )
    meanings = {UPRIGHT: lambda one: one.objects, STORED: _from_stored}
    labels = {UPRIGHT: "Drawn on the photo as it is shown", STORED: "Drawn on the photo as it is stored"}
    return _answered(photos, unclear, Question(ORIENTATION, text, (), place), meanings, labels, asking)


def _size_tells(one: _Measured) -> bool:
    """Return whether the size that the source says shows how the photo was turned when the boxes were drawn."""
    stored = (one.stored.width, one.stored.height)
    return one.photo.frame.size is not None and stored != one.stored.upright


def _from_stored(one: _Measured) -> Objects:
    if not one.photo.frame.relative:
        return _turned(one).objects
    width, height = one.stored.upright
    across, down = one.stored.width / width, one.stored.height / height
    return _with(one.objects, lambda box: one.stored.turn(_scaled(box, across, down)))


# --- boxes that reach beyond their photos ---------------------------------------------------------------------------


def _settle_beyond(photos: list[_Measured], asking: Asking, place: str) -> list[_Measured]:
    """Ask for boxes that reach clearly beyond their photos: of larger photos, in another unit, or right as they are."""
    if asking.open:  # its answer may change the boxes
        return photos
    doubtful = [one for one in photos if not (one.photo.trusted or _size_was_kept(one))]
    beyond = {one.name: found for one in doubtful if (found := reach_beyond(one.objects, one.stored.upright))}
    unclear = [one for one in doubtful if one.name in beyond]
    if not unclear:
        return photos
    percent = _may_be_percent(photos)
    meanings: dict[str, Callable[[_Measured], Objects]] = {
        **({PERCENT: lambda one: _from_parts(one, 100.0, _HUNDRED)} if percent else {}),
        KEEP: lambda one: one.objects,
        SKIP: lambda one: stay_inside(one.objects, one.stored.upright),
    }
    fractions = all(one.photo.frame.relative for one in unclear)
    text = beyond_text(beyond, _pixels(unclear[0].stored.upright), fractions=fractions, percent=percent)
    # All boxes are percent, or none is.
    others = [one for one in photos if one.name not in beyond] if percent else []
    return _answered(photos, [*unclear, *others], Question(BEYOND, text, (), place), meanings, BUTTONS, asking)


def _size_was_kept(one: _Measured) -> bool:
    """Return whether somebody has seen that the labels say another size, and kept the boxes as they are."""
    return _has_other_size(one) and one.objects == one.photo.objects


def _may_be_percent(photos: list[_Measured]) -> bool:
    """Return whether all boxes may be percent of their photos; of large ones this has been asked already."""
    plain = not any(
        one.photo.frame.relative or one.photo.trusted or _has_other_size(one) or one.stored.orientation != 1
        for one in photos
    )
    return plain and not _mostly_large(photos) and _in_first_hundred(photos)


# --- shared ---------------------------------------------------------------------------------------------------------


def _answered(
    photos: list[_Measured],
    unclear: list[_Measured],
    question: Question,
    meanings: Mapping[str, Callable[[_Measured], Objects]],
    labels: Mapping[str, str],
    asking: Asking,
) -> list[_Measured]:
    """Ask with the first unclear photos as samples, and return all photos with the boxes that the answer gives."""
    choices = tuple(
        Choice(key, labels[key], photos=tuple(_sample(one, meaning(one)) for one in unclear[:SAMPLED]))
        for key, meaning in meanings.items()
    )
    key = asking.ask(replace(question, choices=choices))
    if key is None:
        return photos
    changed = {one.name: replace(one, objects=meanings[key](one)) for one in unclear}
    return [changed.get(one.name, one) for one in photos]


def _sample(one: _Measured, objects: Objects) -> SamplePhoto:
    return SamplePhoto(one.name, one.photo.read, tuple((box.label or "", box.box) for box in _as_read(one, objects)))


def _with(objects: Objects, change: Callable[[Box], Box], most: float | None = None) -> Objects:
    """Return the objects with changed boxes; with ``most``, only those whose numbers are at most that."""
    return tuple(replace(one, box=change(one.box)) if most is None or _within(one, most) else one for one in objects)


def _scaled(box: Box, across: float, down: float) -> Box:
    return Box(box.x * across, box.y * down, box.width * across, box.height * down)


def _rounded(box: Box) -> Box:
    """Return the box without what calculating in fractions adds: 81 instead of 80.99999999."""
    return Box(*(round(side, PIXEL_DIGITS) for side in (box.x, box.y, box.width, box.height)))


def _sides(box: Box) -> str:
    return f"({box.x:g}, {box.y:g}, {box.width:g}, {box.height:g})"


def _pixels(size: tuple[int, int]) -> str:
    return f"{size[0]:,} × {size[1]:,} pixels"
