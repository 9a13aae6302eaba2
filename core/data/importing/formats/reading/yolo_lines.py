"""Parse one line of YOLO text: a class with a box, a box and its confidence, key points, or an outline.

https://docs.ultralytics.com/datasets: a box is its centre and size; an outline (segment, or turned box) is a list of
points; key points follow the box where ``kpt_shape`` in data.yaml says how many. All numbers are fractions of the
photo. Predictions that a tracker or a pose model has saved have their confidence and the number of the track after
the box (https://docs.ultralytics.com/modes/predict: save_txt, save_conf).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.data.importing.formats.gathering.untrusted_values import number_of
from core.data.importing.formats.tools.entries.outlines import Sides, around
from core.data.importing.formats.yaml_text import Node

MOST = 2.0
"""No number may be larger: a box may reach beyond its photo, but not by the size of another one."""

LONGEST_USUAL = 6
"""How many cells a class, a box and its confidence take; longer lines are something else."""

BOX, CONFIDENCE, POINTS, MORE, OUTLINE = "box", "confidence", "points", "more", "outline"

_SHOWN = 60
_ROUNDING = 0.01
_BEYOND = 0.05  # of the photo
_FEWEST_POINTS = 2  # with a confidence each: a single one may be anything


class LineRefused(ValueError):
    """The line is no label; the message is half a sentence."""


@dataclass(frozen=True)
class YoloLine:
    """One object."""

    number: int  # of the class
    sides: Sides  # as fractions of the photo; x and y are the upper left corner
    kind: str  # BOX, CONFIDENCE, POINTS, MORE (other numbers after a box) or OUTLINE


def lines_of(text: str) -> list[str]:
    """Return the lines of a text; other line ends than \\n, \\r and \\r\\n belong to the line."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def parse_line(cells: Sequence[str], points: int | None = None) -> YoloLine:
    """Return the object of a line that is split at white space; ``points`` numbers of key points follow each box.

    Raises LineRefused.
    """
    shown = f'"{" ".join(cells)[:_SHOWN]}"'
    number = number_of(cells[0])
    if number is None or not number.is_integer() or abs(number) >= 2**31:
        raise LineRefused(f"{shown} is not a class and four numbers")
    found = [number_of(cell) for cell in cells[1:]]
    numbers = [one for one in found if one is not None]
    if len(numbers) < len(found):
        raise LineRefused(f"the box of {shown} is not four numbers")
    if any(abs(one) > MOST for one in numbers[: None if points is None else 4]):
        raise LineRefused(f"{shown} has numbers that are no fractions of the photo (0 to 1); they may be pixels")
    kind = _kind(numbers, points)
    if kind == OUTLINE and not all(-_BEYOND <= one <= 1 + _BEYOND for one in numbers):
        raise LineRefused(f"{shown} has points outside the photo")
    if kind is None:
        raise LineRefused(f"{len(numbers)} number{'' if len(numbers) == 1 else 's'} after the class instead of 4")
    if kind == OUTLINE:
        sides = around(list(zip(numbers[::2], numbers[1::2], strict=True)))
    else:
        x, y, width, height = numbers[:4]
        sides = (x - width / 2, y - height / 2, width, height)
    return YoloLine(int(number), sides, kind)


def _kind(numbers: Sequence[float], points: int | None) -> str | None:
    count = len(numbers)
    if count == 4:
        return BOX
    if points is not None:
        return POINTS if count in (4 + points, 5 + points) else None
    if count == 5:
        return CONFIDENCE if 0 <= numbers[4] <= 1 else None
    return OUTLINE if count >= 6 and count % 2 == 0 else None


def points_said(settings: Iterable[dict[str, Node]]) -> int | None:
    """Return how many numbers of key points follow a box according to ``kpt_shape``; None where nothing says so."""
    for one in settings:
        shape = one.get("kpt_shape")
        if isinstance(shape, list) and len(shape) == 2:
            sides = [number_of(side) for side in shape]
            if all(side is not None and side.is_integer() and 0 < side < 10_000 for side in sides):
                return int((sides[0] or 0) * (sides[1] or 0))
    return None


def possible_more(lines: Sequence[Sequence[str]]) -> int | None:
    """Return how many numbers may follow a box in the long lines, which are no outlines then; None: surely none.

    They are as many in every line: outlines have different lengths. Each line begins with a box inside the photo, and
    the rest may be key points, a confidence or the number of a track.
    """
    long = [cells for cells in lines if len(cells) > LONGEST_USUAL]
    counts = {len(cells) for cells in long if len(cells) % 2} or {len(cells) for cells in long}
    if len(counts) != 1:
        return None
    count = counts.pop()
    for cells in long:
        numbers = [number for cell in cells if (number := number_of(cell)) is not None]
        if len(cells) == count and (len(numbers) < count or not _may_have_more(numbers[1:])):
            return None
    return count - 5


def _may_have_more(numbers: Sequence[float]) -> bool:
    """Return whether the numbers of a line may be a box inside the photo with more numbers."""
    x, y, width, height = numbers[:4]
    inside = all(_is_fraction(side) for side in (x - width / 2, y - height / 2, x + width / 2, y + height / 2))
    if not inside or width <= 0 or height <= 0:
        return False
    rest = numbers[4:]
    if len(rest) == 2 and any(0 <= one <= 1 and _is_track(other) for one, other in (rest, rest[::-1])):
        return True
    possible = [rest]
    possible += [rest[1:]] if 0 <= rest[0] <= 1 else []
    possible += [rest[:-1]] if 0 <= rest[-1] <= 1 or _is_track(rest[-1]) else []
    possible += [rest[:-2]] if 0 <= rest[-2] <= 1 and _is_track(rest[-1]) else []
    return any(_may_be_points(some, (x, y, width, height)) for some in possible)


def _is_fraction(number: float) -> bool:
    return -_BEYOND <= number <= 1 + _BEYOND


def _is_track(number: float) -> bool:
    return number >= 0 and number.is_integer()


def _may_be_points(numbers: Sequence[float], box: Sides) -> bool:
    """Return whether numbers may be key points: with a visibility of 0, 1 or 2, or all of them inside the box."""
    x, y, width, height = box
    count = len(numbers)

    def inside(across: float, down: float) -> bool:
        near = abs(across - x) <= width / 2 + _ROUNDING and abs(down - y) <= height / 2 + _ROUNDING
        return near or (across, down) == (0, 0)

    if count == 0:
        return False
    if count % 3 == 0:
        places = list(zip(numbers[::3], numbers[1::3], strict=True))
        if all(number in (0, 1, 2) for number in numbers[2::3]):
            return all(_is_fraction(side) for place in places for side in place)
        certain = all(0 <= number <= 1 for number in numbers[2::3])  # a confidence instead of a visibility
        if certain and len(places) >= _FEWEST_POINTS and all(inside(*place) for place in places):
            return True
    return count % 2 == 0 and all(inside(*numbers[place : place + 2]) for place in range(0, count, 2))
