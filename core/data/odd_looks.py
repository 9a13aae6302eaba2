"""Pictures that are unlike what a network can learn from: too dark, too bright, blurred, empty, odd in shape or size.

The limits are CleanVision's, but for the one on blur: sharp photos lie above 200, those blurred so far that it shows at
224 pixels below 15.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from core.data.looks import Look
from core.data.records import ImageRow

DARK, BRIGHT, EMPTY, BLURRED, LONG = 0.32, 0.95, 3.0, 15.0, 0.35
ODD_SIZE = "odd size"
REASONS = ("too dark", "too bright", "nearly empty", "blurred", "odd shape", ODD_SIZE)
QUARTILE_RANGES = 3.0  # so far outside of the middle half a size is odd ...
TIMES = 2.0  # ... if it also is so many times the usual one, or that part of it


@dataclass(frozen=True)
class Odd:
    """One picture and one reason to look at it."""

    row: ImageRow
    reason: str  # one of REASONS
    score: float  # the lower the odder


def odd_ones(rows: Sequence[ImageRow], looks: Mapping[str, Look]) -> list[Odd]:
    """What is odd about pictures, by reason and then by degree; a picture may be odd for several reasons."""
    found = [*_by_measures(rows, looks), *_by_size(rows)]
    return sorted(found, key=lambda one: (REASONS.index(one.reason), one.score, one.row.id))


def _by_measures(rows: Sequence[ImageRow], looks: Mapping[str, Look]) -> Iterable[Odd]:
    for row in rows:
        shape = min(row.width, row.height) / max(row.width, row.height)
        if shape < LONG:
            yield Odd(row, "odd shape", shape)
        look = looks.get(row.hash)
        if look is None:
            continue
        if look.brightest < DARK:
            yield Odd(row, "too dark", look.brightest)
        elif look.darkest > BRIGHT:
            yield Odd(row, "too bright", 1 - look.darkest)
        elif look.entropy < EMPTY:
            yield Odd(row, "nearly empty", look.entropy)
        elif look.sharpness < BLURRED:  # without contrast nothing is sharp: those above are not called blurred as well
            yield Odd(row, "blurred", look.sharpness)


def _by_size(rows: Sequence[ImageRow]) -> Iterable[Odd]:
    sides = [(row.width * row.height) ** 0.5 for row in rows]
    if len(sides) < 8:  # too few to know what is usual
        return
    low, _, high = quantiles(sides, n=4)
    reach, usual = QUARTILE_RANGES * (high - low), median(sides)
    for row, side in zip(rows, sides, strict=True):
        times = max(side / usual, usual / side)
        if not low - reach <= side <= high + reach and times >= TIMES:
            yield Odd(row, ODD_SIZE, 1 / times)
