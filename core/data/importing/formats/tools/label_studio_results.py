"""Read the results of a Label Studio annotation: choices of a photo, and regions in percent of it.

https://labelstud.io/guide/task_format: x, y, width, height, radii and points are percent of the photo's width and
height; ``rotation`` is clockwise about the upper left corner of a rectangle, and about the centre of an ellipse.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from core.data.importing.formats.gathered_labels import Files, class_text, shown_value
from core.data.importing.formats.gathering.untrusted_values import id_of, number_of
from core.data.importing.formats.image_size import StoredSize, stored_size_of
from core.data.importing.formats.tools.entries.outlines import (
    Sides,
    around,
    around_ellipse,
    around_turned,
    numbers_of,
    points_of,
)
from core.data.importing.formats.tools.entries.photo_entries import Region, ToolReading
from core.data.tables.label_rows import PIXELS, BoxFrame
from core.errors import ImageRefused

CHOICES = "choices"
_ABOUT_PHOTO = frozenset(("textarea", "rating", "number", "datetime", "pairwise", "relation"))
"""Results that are neither a class nor a place."""

_ALONE = frozenset(("rectangle", "ellipse", "polygon"))
"""Shapes whose class is in another result of the same id."""

_DIGITS = 9  # of a pixel
_SIDES = ("x", "y", "width", "height")
_RADII = ("x", "y", "radiusX", "radiusY")


@dataclass
class Answers:
    """What one annotation says of a photo."""

    choices: dict[str, list[str]] = field(default_factory=dict)  # control -> its chosen classes
    regions: list[Region] = field(default_factory=list)
    frame: BoxFrame = PIXELS
    size: tuple[int, int] | None = None  # of which the numbers of its regions are percent
    two_sizes: bool = False  # its regions say different sizes of the photo: none of them is used


@dataclass(frozen=True)
class Annotated:
    """The photo of an annotation, and its place in the file."""

    file: str
    where: str
    photo: str


class ResultReader:
    """Reads results; the photos' sizes are read from the photos."""

    def __init__(self, files: Files, reading: ToolReading) -> None:
        self._files, self._reading = files, reading
        self._sizes: dict[str, StoredSize | None] = {}

    def read(self, about: Annotated, results: Sequence[Any]) -> Answers:
        """Return the answers in a list of results; what cannot be used is a problem."""
        answers = Answers()
        usable = [one for one in results if isinstance(one, dict) and isinstance(one.get("type"), str)]
        named = {id_of(one.get("id")) for one in usable if one["type"].endswith("labels")} - {None}
        for one in usable:
            kind, value = one["type"], one.get("value")
            if not isinstance(value, dict):
                if kind not in _ABOUT_PHOTO:
                    self._reading.collected.add_problem(about.where, f"a {kind[:40]} has no value; it is skipped")
            elif kind == CHOICES and not _has_place(value):
                self._choose(about, answers, str(one.get("from_name") or CHOICES), value.get(CHOICES))
            elif kind in _ALONE and id_of(one.get("id")) in named:
                continue  # its class is in another result, which has its place too
            else:
                self.read_value(about, answers, kind, {**one, **value})
        if len(usable) < len(results):
            self._reading.collected.add_problem(about.where, "a result has no type; it is skipped")
        return answers

    def read_value(self, about: Annotated, answers: Answers, kind: str, value: Mapping[str, Any]) -> None:
        """Add a region; ``value`` holds its place, its labels and the size of the photo."""
        reading = self._reading
        if kind == CHOICES:
            one = "1 choice about a region is not used; its label is the class"
            many = "{n} choices about regions are not used; their labels are the classes"
            reading.note(about.file, one, many, about.photo, "remark")
            return
        if kind in _ABOUT_PHOTO:
            one, many = f"1 {kind} is not used", f"{{n}} results of the type {kind} are not used"
            reading.note(about.file, one, many, about.photo, "remark")
            return
        where = f"{about.where}, region {len(answers.regions) + 1}"
        if not _has_place(value):
            reading.skipped(about.file, kind[:40], about.photo, f"results of the type {kind[:40]}")
            return
        if number_of(value.get("image_rotation") or 0) != 0:
            reading.collected.add_problem(where, "the photo was turned in Label Studio, so its place is unclear")
            return
        if value.get("item_index"):
            reading.collected.add_problem(where, "it belongs to a further photo of the task; it is skipped")
            return
        label = self._label(where, kind, value)
        scale = self._scale(about, answers, value) if label is not None else None
        if label is None or scale is None:
            return
        sides, shape = _box(value, scale)
        if sides is None:
            reading.collected.add_problem(where, "its place is not given by numbers; it is skipped")
            return
        if shape:
            reading.boxed(about.file, shape, about.photo)
        answers.regions.append(Region(label, sides, where))

    def _choose(self, about: Annotated, answers: Answers, control: str, chosen: Any) -> None:
        some = answers.choices.setdefault(control, [])
        values = chosen if isinstance(chosen, list) else [chosen]
        if not values:
            self._reading.collected.add_problem(about.where, "a choice is empty; it is skipped")
        for value in values:
            name = class_text(value)
            if name is not None and not name.strip():
                self._reading.collected.add_problem(about.where, "a choice is empty; it is skipped")
            elif name is None:
                self._reading.collected.add_problem(about.where, f"{shown_value(value)} is not a name; it is skipped")
            else:
                some.append(name)

    def _label(self, where: str, kind: str, value: Mapping[str, Any]) -> str | None:
        """Return a region's only label; None, and a problem, where it has none or several."""
        labels = value.get(kind)
        if not isinstance(labels, list):
            labels = next((value[key] for key in value if key.endswith("labels") and isinstance(value[key], list)), [])
        names = [class_text(label) for label in labels]
        if len(names) == 1 and names[0] is not None:
            return names[0]
        what = f"{len(names)} classes; a box has one class here" if len(names) > 1 else "no class"
        self._reading.collected.add_problem(where, f"it has {what}, so it is skipped")
        return None

    def _scale(self, about: Annotated, answers: Answers, value: Mapping[str, Any]) -> tuple[float, float] | None:
        """Return the size of which the numbers are percent, and note the frame of the photo's boxes."""
        stored = self._size_of(about.photo)
        said = numbers_of(value.get(key) for key in ("original_width", "original_height"))
        original = (round(said[0]), round(said[1])) if said and min(said) >= 1 else None
        if original is None and stored is None:
            text = f"the size of {about.photo} cannot be read, so its boxes are skipped"
            self._reading.collected.add_problem(about.where, text)
            return None
        frame = frame_of(stored, original)
        size = frame.size or (stored.upright if stored else original)
        if answers.two_sizes or size != (answers.size or size):
            self._skip_two_sizes(about, answers, size)
            return None
        answers.size = size
        answers.frame = frame if frame.size else replace(frame, size=answers.frame.size)
        if size is None or stored is None:
            return (float(size[0]), float(size[1])) if size else None
        # Boxes that were relative are expected in pixels of the photo as it is read, which may be reduced.
        (width, height), (across, down) = stored.upright, stored.as_read
        return size[0] * across / width, size[1] * down / height

    def _skip_two_sizes(self, about: Annotated, answers: Answers, size: tuple[int, int] | None) -> None:
        """Skip all regions of an annotation that say different sizes of its photo: which one is right is not known."""
        if answers.two_sizes or size is None or answers.size is None:
            return
        answers.two_sizes, answers.frame = True, PIXELS
        answers.regions.clear()
        sizes = " and ".join(f"{width} × {height}" for width, height in (answers.size, size))
        text = f"its regions say two sizes of {about.photo}, {sizes} pixels (original_width); they are skipped"
        self._reading.collected.add_problem(about.where, text)

    def _size_of(self, photo: str) -> StoredSize | None:
        if photo not in self._sizes:
            try:
                self._sizes[photo] = stored_size_of(self._files[photo]())
            except ImageRefused:  # whoever decodes the photo reports it
                self._sizes[photo] = None
        return self._sizes[photo]


def frame_of(stored: StoredSize | None, original: tuple[int, int] | None) -> BoxFrame:
    """Return the frame of boxes in percent of a photo that had the size ``original`` when they were drawn.

    Percentages are the same for a photo that was reduced since. Only its shape tells whether it was upright then.
    """
    if original is None or stored is None:
        return BoxFrame(size=original, relative=True)
    for size in (stored.upright, (stored.width, stored.height)):
        factor = size[0] / original[0]
        if abs(original[1] * factor - size[1]) <= max(1.0, factor):
            return BoxFrame(size=size, relative=True)
    return BoxFrame(size=original, relative=True)


def _has_place(value: Mapping[str, Any]) -> bool:
    return "points" in value or value.keys() >= set(_SIDES) or value.keys() >= set(_RADII)


def _box(value: Mapping[str, Any], scale: tuple[float, float]) -> tuple[Sides | None, str]:
    """Return the box in pixels, and the name of the shape that it is drawn around; "" for a box."""
    across, down = scale[0] / 100, scale[1] / 100
    rotation = number_of(value.get("rotation") or 0)
    if rotation is None:
        return None, ""
    if "points" in value:
        points = points_of(value["points"])
        if points is None or len(points) < 3:
            return None, ""
        return around([(x * across, y * down) for x, y in points]), "polygon"
    numbers = numbers_of(value.get(key) for key in (_RADII if "radiusX" in value else _SIDES))
    if numbers is None:
        return None, ""
    x, y, width, height = (side * factor for side, factor in zip(numbers, (across, down) * 2, strict=True))
    if "radiusX" in value:
        return around_ellipse(x, y, width, height, math.radians(rotation)), "ellipse"
    sides = (round(x, _DIGITS), round(y, _DIGITS), round(width, _DIGITS), round(height, _DIGITS))
    if rotation % 360:
        return around_turned((x, y, width, height), rotation, (x, y)), "turned box"
    return sides, ""
