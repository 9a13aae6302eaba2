"""Quality flags: pictures that are too dark, too bright, blurred, nearly empty, or unusual in shape or size.

The limits are CleanVision's, except the one on blur. It was chosen on the thumbnails of half of 360 photos of flowers,
things and raccoons. Of the other half no sharp photo is below it; blurred with a radius of 1 pixel of the thumbnail 6 %
are, with 2 pixels 95 %, with 3 pixels all. With the limit of 15, from before thumbnails were JPEG, 2 pixels gave 53 %.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Generic, Protocol, TypeVar

from core.data.pictures.image_quality import ImageQuality

DARK, BRIGHT, EMPTY, BLURRED, LONG = 0.32, 0.95, 3.0, 30.0, 0.35
UNUSUAL_SIZE = "odd size"
REASONS = ("too dark", "too bright", "nearly empty", "blurred", "odd shape", UNUSUAL_SIZE)
QUARTILE_RANGES = 3.0  # a size is unusual if it is this far outside the middle half of all sizes ...
TIMES = 2.0  # ... and also this many times larger or smaller than the median


class Sized(Protocol):
    """The part of the store's ImageRow that is needed here."""

    @property
    def id(self) -> int: ...
    @property
    def hash(self) -> str: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...


Row = TypeVar("Row", bound=Sized)


@dataclass(frozen=True)
class QualityFlag(Generic[Row]):
    """One picture and one reason to look at it."""

    row: Row
    reason: str  # one of REASONS
    score: float  # lower is worse


def quality_flags(rows: Sequence[Row], measures: Mapping[str, ImageQuality]) -> list[QualityFlag[Row]]:
    """Return the flags of all pictures by reason, the worst first; a picture may have several."""
    found = [*_by_measures(rows, measures), *_by_size(rows)]
    return sorted(found, key=lambda one: (REASONS.index(one.reason), one.score, one.row.id))


def _by_measures(rows: Sequence[Row], measures: Mapping[str, ImageQuality]) -> Iterable[QualityFlag[Row]]:
    for row in rows:
        shape = min(row.width, row.height) / max(row.width, row.height)
        if shape < LONG:
            yield QualityFlag(row, "odd shape", shape)
        measured = measures.get(row.hash)
        if measured is None:
            continue
        if measured.brightest < DARK:
            yield QualityFlag(row, "too dark", measured.brightest)
        elif measured.darkest > BRIGHT:
            yield QualityFlag(row, "too bright", 1 - measured.darkest)
        elif measured.entropy < EMPTY:
            yield QualityFlag(row, "nearly empty", measured.entropy)
        elif measured.sharpness < BLURRED:  # the cases above lack contrast and so are never sharp
            yield QualityFlag(row, "blurred", measured.sharpness)


def _by_size(rows: Sequence[Row]) -> Iterable[QualityFlag[Row]]:
    sides = [(row.width * row.height) ** 0.5 for row in rows]
    if len(sides) < 8:  # too few to tell what is usual
        return
    low, _, high = quantiles(sides, n=4)
    reach, usual = QUARTILE_RANGES * (high - low), median(sides)
    for row, side in zip(rows, sides, strict=True):
        times = max(side / usual, usual / side)
        if not low - reach <= side <= high + reach and times >= TIMES:
            yield QualityFlag(row, UNUSUAL_SIZE, 1 / times)
