"""Merge two people's boxes of one photo: apply what this tab did to what is stored now."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from core.data.store.store import BoxRow

BOTH_KEPT = "Somebody else worked on this photo too. Their boxes and your changes are both kept."
LOOK = "Somebody else changed the same box. Both versions are kept: delete the one that is wrong."


class Merged(NamedTuple):
    """The boxes to store, and a message if somebody else changed them too."""

    boxes: list[BoxRow]
    said: str


def merge(base: Sequence[BoxRow], mine: Sequence[BoxRow], theirs: Sequence[BoxRow]) -> Merged:
    """Return what is stored now (``theirs``), plus what this tab added since ``base``, minus what it removed.

    A changed box counts as one removed and one added: if both people changed the same box, both versions stay.
    """
    if list(theirs) == list(base):
        return Merged(list(mine), "")
    gone, added = Counter(base) - Counter(mine), Counter(mine) - Counter(base)
    kept = []
    for box in theirs:
        if gone[box]:
            gone[box] -= 1
        else:
            kept.append(box)
    # Boxes equal to the last digit are one box: two tabs of one person, or a message that arrived twice.
    new = [box for box in added.elements() if box not in kept]
    return Merged([*kept, *new], LOOK if gone.total() else BOTH_KEPT)
