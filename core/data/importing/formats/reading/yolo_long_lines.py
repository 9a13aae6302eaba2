"""Ask how long lines of YOLO text are meant: as outlines, or as boxes with more numbers after them."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from core.data.importing.formats.gathered_labels import Files, LabelCollector
from core.data.importing.formats.image_size import size_of
from core.data.importing.formats.reading.yolo_classes import ClassLists
from core.data.importing.formats.reading.yolo_files import LabelFiles
from core.data.importing.formats.reading.yolo_lines import (
    LONGEST_USUAL,
    MORE,
    LineRefused,
    YoloLine,
    parse_line,
    possible_more,
)
from core.data.pictures.box import Box
from core.data.tables.questions import SAMPLED, Choice, Question, SamplePhoto
from core.errors import ImageRefused

LINES = "yolo-lines"
"""The kind of the question."""

OUTLINES, BOXES, SKIP = "outlines", "boxes", "skip"

PIXEL_DIGITS = 6  # of a coordinate: to a millionth of a pixel


def meaning_of_long_lines(labels: LabelFiles, lists: ClassLists | None, files: Files, collected: LabelCollector) -> str:
    """Return how long lines are read: as outlines, or as boxes with more numbers, which may have to be asked."""
    lines = [cells for path in labels.photos for cells in labels.texts[path] if _is_long(cells)]
    more = possible_more(lines)
    if more is None:
        return OUTLINES
    shown = [path for path in labels.photos if any(map(_is_long, labels.texts[path]))][:SAMPLED]
    meanings = {OUTLINES: None, BOXES: more}
    listed = {path: lists.of(path, collected) for path in shown} if lists is not None else {}
    names = {path: one.names for path, one in listed.items() if one is not None}
    buttons = {
        OUTLINES: "Read them as outlines, and use the box around each",
        BOXES: "Read them as boxes, and leave the other numbers out",
        SKIP: "Leave these lines out",
    }
    may_be = "a box with more numbers: key points (kpt_shape in data.yaml says so), a confidence or a track"
    if any(map(_may_be_outline, lines)):
        asked = f"They may be points of an outline, or {may_be}. Which are they?"
    else:
        del buttons[OUTLINES]
        asked = f"They may be {may_be}. Are they boxes?"
    choices = tuple(
        Choice(
            key,
            name,
            photos=tuple(
                _sample(labels, path, files, meanings[key], names.get(path, ())) for path in shown if key in meanings
            ),
        )
        for key, name in buttons.items()
    )
    found = f"{len(lines):,} lines have" if len(lines) > 1 else "1 line has"
    text = f"{found} {more + 4} numbers after the class, such as in {shown[0]}. {asked}"
    return collected.asking.ask(Question(LINES, text, choices)) or (OUTLINES if OUTLINES in buttons else SKIP)


def _is_long(cells: Sequence[str]) -> bool:
    return len(cells) > LONGEST_USUAL


def _may_be_outline(cells: Sequence[str]) -> bool:
    try:
        parse_line(cells)
    except LineRefused:
        return False
    return True


def _sample(labels: LabelFiles, path: str, files: Files, points: int | None, names: Sequence[str]) -> SamplePhoto:
    """Return a photo with the boxes of its long lines; a class without a name is shown by its number."""
    file = labels.photos[path]
    size = photo_size(file, files) or (1, 1)
    boxes = []
    for cells in filter(_is_long, labels.texts[path]):
        with suppress(LineRefused):
            one = parse_line(cells, points)
            name = names[one.number] if 0 <= one.number < len(names) else ""
            boxes.append((name or str(one.number), Box(*in_pixels(one, size))))
    return SamplePhoto(file, files[file], tuple(boxes))


@dataclass(frozen=True)
class Lines:
    """How lines are read."""

    points: int | None  # how many numbers of key points follow each box
    long: str  # OUTLINES, BOXES or SKIP

    def parse(self, cells: Sequence[str]) -> YoloLine | None:
        """Return the object of a line; None where it is to be left out. Raises LineRefused."""
        if self.points is not None:
            return parse_line(cells, self.points)
        if _is_long(cells) and self.long != OUTLINES:
            return None if self.long == SKIP else replace(parse_line(cells, len(cells) - 5), kind=MORE)
        return parse_line(cells)


def in_pixels(one: YoloLine, size: tuple[int, int]) -> list[float]:
    """Return x, y, width and height of an object in pixels of a photo of this size."""
    x, y, width, height = one.sides
    sides = (x * size[0], y * size[1], width * size[0], height * size[1])
    return [round(side, PIXEL_DIGITS) for side in sides]


def photo_size(file: str, files: Files) -> tuple[int, int] | None:
    """Return the size of the upright photo; None where it cannot be read."""
    try:
        return size_of(files[file]())
    except ImageRefused:
        return None
