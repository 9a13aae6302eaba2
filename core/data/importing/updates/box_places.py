"""Compare sets of boxes whatever their order."""

from collections.abc import Iterable

from core.data.store.records import BoxRow
from core.data.tables.names import class_key

SAME_PIXELS = 0.001
"""Boxes that differ by less are the same: spreadsheets round."""


def sides_of(boxes: Iterable[BoxRow]) -> tuple[object, ...]:
    """Return what two equal sets of boxes have in common, whatever their order."""
    return tuple(sorted((class_key(box.label), *_place(box)) for box in boxes))


def places_of(boxes: Iterable[BoxRow]) -> list[tuple[int, ...]]:
    """Return where boxes are, whatever their classes."""
    return sorted(_place(box) for box in boxes)


def _place(box: BoxRow) -> tuple[int, ...]:
    return tuple(round(side / SAME_PIXELS) for side in (box.x, box.y, box.width, box.height))
