"""Tell two corners from a corner and a size by the photos' sizes; where both fit, ask."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.data.importing.formats.csv_styles.sheet import Around
from core.data.tables.questions import SAMPLED, Choice, Question

CORNERS_OR_SIZE = "box-corners"
"""The kind of the question."""
CORNERS, SIZE = "corners", "size"
_TOLERATED = 1.0  # pixels beyond the photo

Four = tuple[float, float, float, float]


@dataclass(frozen=True)
class WrittenBox:
    """Four numbers of a box as they stand in a row."""

    filename: str
    numbers: Four
    size: tuple[int, int] | None = None  # of the photo, where the row says it


def possible_meanings(boxes: Iterable[WrittenBox], around: Around) -> set[str]:
    """Return what the four numbers may be: corners, or a corner and a size, or either."""
    possible = {CORNERS, SIZE}
    for box in boxes:
        x, y, third, fourth = box.numbers
        if third <= x or fourth <= y:
            possible.discard(CORNERS)
        if third <= 0 or fourth <= 0:
            possible.discard(SIZE)
        sizes = _sizes(box, around) if len(possible) == 2 else []
        if sizes and not any(_within((third, fourth), size) for size in sizes):
            possible.discard(CORNERS)
        if sizes and not any(_within((x + third, y + fourth), size) for size in sizes):
            possible.discard(SIZE)
    return possible


def ask_meaning(boxes: Sequence[WrittenBox], around: Around, place: str) -> str | None:
    """Ask whether the numbers are corners or a size; return the answer, None while nobody has given one."""
    shown = boxes[:SAMPLED]
    example = f"{_listed(shown[0].numbers)} of {shown[0].filename}"
    text = (
        f"The four numbers of a box, such as {example}, may be two corners or a corner with width and height. "
        "Which are they?"
    )
    as_size = tuple((box.filename, f"{box.numbers[2]:g} wide, {box.numbers[3]:g} high") for box in shown)
    as_corners = tuple(
        (
            box.filename,
            f"{box.numbers[2] - box.numbers[0]:g} wide, {box.numbers[3] - box.numbers[1]:g} high",
        )
        for box in shown
    )
    choices = (
        Choice(CORNERS, "Read two corners", as_corners),
        Choice(SIZE, "Read a corner, width and height", as_size),
    )
    return around.asking.ask(Question(CORNERS_OR_SIZE, text, choices, place, ("photo", "box")))


def as_corners(numbers: Four, meaning: str) -> Four:
    """Return left, top, right and bottom of a box that is written in this way."""
    x, y, third, fourth = numbers
    return (x, y, x + third, y + fourth) if meaning == SIZE else numbers


def _sizes(box: WrittenBox, around: Around) -> list[tuple[int, int]]:
    """Return the sizes that the numbers may refer to: that of the row, else the photo's as shown and as stored."""
    if box.size is not None:
        return [box.size]
    stored = around.photos.size_of(box.filename)
    return [stored.upright, (stored.width, stored.height)] if stored else []


def _within(point: tuple[float, float], size: tuple[int, int]) -> bool:
    return point[0] <= size[0] + _TOLERATED and point[1] <= size[1] + _TOLERATED


def _listed(numbers: Four) -> str:
    return f"({', '.join(f'{one:g}' for one in numbers)})"
