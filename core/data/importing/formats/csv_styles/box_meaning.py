"""Tell two corners from a corner or centre and a size by the photos' sizes; where several fit, ask."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.data.importing.formats.csv_styles.sheet import Around
from core.data.tables.questions import SAMPLED, Choice, Question

CORNERS_OR_SIZE = "box-corners"
"""The kind of the question."""
CORNERS, SIZE, CENTRE = "corners", "size", "centre"
_TOLERATED = 1.0  # pixels beyond the photo
_UNIT_MOST, _UNIT_TOLERATED = 1.5, 0.01  # of fractions
_FEW = 20  # boxes decide nothing if so many times as many fit both ways
_MANY = 4  # boxes that fit both ways are too many for a single one to decide
_SURELY_CORNERS = 5  # so many boxes whose last numbers all exceed the first two are no centres with a size
_LABELS = {
    CORNERS: "Read two corners",
    SIZE: "Read a corner, width and height",
    CENTRE: "Read the centre, width and height",
}
_WORDS = {
    CORNERS: "two corners",
    SIZE: "a corner with width and height",
    CENTRE: "the centre with width and height",
}

Four = tuple[float, float, float, float]


@dataclass(frozen=True)
class WrittenBox:
    """Four numbers of a box as they stand in a row."""

    filename: str
    numbers: Four
    size: tuple[int, int] | None = None  # of the photo, where the row says it


@dataclass(frozen=True)
class Fitting:
    """Which boxes fit as two corners, as a corner and a size, or as both. What fits as neither shows nothing."""

    corners: tuple[WrittenBox, ...]
    size: tuple[WrittenBox, ...]
    both: int

    @property
    def possible(self) -> tuple[str, ...]:
        """What the four numbers may be; a centre is another question.

        Boxes that fit in one way only decide, unless they contradict each other or are few among those that fit both.
        """
        decisive = len(self.corners) + len(self.size)
        few = decisive * _FEW < self.both or (decisive == 1 and self.both >= _MANY)
        if few or bool(self.corners) == bool(self.size):
            return CORNERS, SIZE
        return (CORNERS,) if self.corners else (SIZE,)

    @property
    def remark(self) -> str:
        """Why the numbers are read in one way, where most boxes fit both ways; empty where there is nothing to say."""
        decisive = self.corners or self.size
        if len(self.possible) > 1 or len(decisive) >= self.both:
            return ""
        word = _WORDS[self.possible[0]]
        reason = f"{_listed(decisive[0].numbers)} of {decisive[0].filename}"
        if len(decisive) > 1:
            reason += f", like {len(decisive) - 1:,} more,"
        fit = "box fits" if self.both == 1 else "boxes fit"
        return f"boxes are read as {word}, because {reason} fits only so; {self.both:,} {fit} both ways"


def fitting(boxes: Iterable[WrittenBox], around: Around) -> Fitting:
    """Return which boxes fit in which way, by their numbers and the sizes of their photos."""
    corners, size, both = [], [], 0
    for box in boxes:
        ways = _ways(box, around)
        if ways == {CORNERS}:
            corners.append(box)
        elif ways == {SIZE}:
            size.append(box)
        else:
            both += len(ways) == 2
    return Fitting(tuple(corners), tuple(size), both)


def _ways(box: WrittenBox, around: Around) -> set[str]:
    ways = {CORNERS, SIZE}
    x, y, third, fourth = box.numbers
    if third <= x or fourth <= y:
        ways.discard(CORNERS)
    if third <= 0 or fourth <= 0:
        ways.discard(SIZE)
    sizes = _sizes(box, around) if len(ways) == 2 else []
    if sizes and not any(_within((third, fourth), one) for one in sizes):
        ways.discard(CORNERS)
    if sizes and not any(_within((x + third, y + fourth), one) for one in sizes):
        ways.discard(SIZE)
    return ways


@dataclass(frozen=True)
class Meaning:
    """What the four numbers are."""

    kind: str  # CORNERS, SIZE or CENTRE
    asked: bool = False  # a person said it
    remark: str = ""  # why, where most boxes fit in another way as well


def settle_meaning(boxes: Sequence[WrittenBox], around: Around, place: str) -> Meaning:
    """Return what the four numbers of all boxes are; where they may be several things, ask.

    The centre is one of them only where a corner and a size do not fit, or where it is asked anyway. While nobody has
    answered, they are a corner and a size.
    """
    found = fitting(boxes, around)
    usual = found.possible
    if not boxes or usual == (SIZE,):
        return Meaning(SIZE, remark=found.remark if boxes else "")
    centred = _are_centres(boxes, around) and (usual != (CORNERS,) or len(boxes) < _SURELY_CORNERS)
    meanings = [*usual, CENTRE] if centred else usual
    if len(meanings) == 1:
        return Meaning(meanings[0], remark=found.remark)
    answer = ask_meaning(boxes, around, place, found, meanings)
    return Meaning(answer or SIZE, asked=True)


def _are_centres(boxes: Iterable[WrittenBox], around: Around) -> bool:
    """Return whether all boxes lie in their photos if the first two numbers are the centre."""
    for box in boxes:
        left, top, right, bottom = as_corners(box.numbers, CENTRE)
        unit = max(box.numbers) <= _UNIT_MOST
        sizes = [(1, 1)] if unit else _sizes(box, around)
        beyond = _UNIT_TOLERATED if unit else _TOLERATED
        if min(left, top) < -beyond or right <= left or bottom <= top:
            return False
        if sizes and not any(_within((right, bottom), size, beyond) for size in sizes):
            return False
    return True


def ask_meaning(
    boxes: Sequence[WrittenBox],
    around: Around,
    place: str,
    found: Fitting,
    meanings: Sequence[str] = (CORNERS, SIZE),
) -> str | None:
    """Ask which of the meanings the numbers have; return the answer, None while nobody has given one."""
    decisive = [*found.corners[:1], *found.size[:1]] if len(found.possible) == 2 else []
    shown = [*decisive, *(box for box in boxes if box not in decisive)][:SAMPLED]
    example = f"{_listed(shown[0].numbers)} of {shown[0].filename}"
    words = [_WORDS[meaning] for meaning in meanings]
    text = (
        f"The four numbers of a box, such as {example}, may be {', '.join(words[:-1])} or {words[-1]}. Which are they?"
    )
    if decisive:
        counted = ((found.corners, CORNERS), (found.size, SIZE))
        said = [f"{len(some):,} of {len(boxes):,} fit only as {_WORDS[way]}" for some, way in counted if some]
        both = [f"{found.both:,} fit both ways"] if found.both else []
        text = text.replace(" Which are they?", f" {', '.join([*said, *both])}. Which are they?")
    with_place = CENTRE in meanings or bool(decisive)

    def rows(meaning: str) -> tuple[tuple[str, str], ...]:
        return tuple((box.filename, _shown(box.numbers, meaning, with_place)) for box in shown)

    choices = tuple(Choice(meaning, _LABELS[meaning], rows(meaning)) for meaning in meanings)
    return around.asking.ask(Question(CORNERS_OR_SIZE, text, choices, place, ("photo", "box")))


def _shown(numbers: Four, meaning: str, with_place: bool) -> str:
    left, top, right, bottom = as_corners(numbers, meaning)
    size = f"{right - left:g} wide, {bottom - top:g} high"
    return f"{size}, from {left:g} across and {top:g} down" if with_place else size


def as_corners(numbers: Four, meaning: str) -> Four:
    """Return left, top, right and bottom of a box that is written in this way."""
    x, y, third, fourth = numbers
    if meaning == CENTRE:
        return x - third / 2, y - fourth / 2, x + third / 2, y + fourth / 2
    return (x, y, x + third, y + fourth) if meaning == SIZE else numbers


def _sizes(box: WrittenBox, around: Around) -> list[tuple[int, int]]:
    """Return the sizes that the numbers may refer to: that of the row, else the photo's as shown and as stored."""
    if box.size is not None:
        return [box.size]
    stored = around.photos.size_of(box.filename)
    return [stored.upright, (stored.width, stored.height)] if stored else []


def _within(point: tuple[float, float], size: tuple[int, int], beyond: float = _TOLERATED) -> bool:
    return point[0] <= size[0] + beyond and point[1] <= size[1] + beyond


def _listed(numbers: Four) -> str:
    return f"({', '.join(f'{one:g}' for one in numbers)})"
