"""Two people's boxes of one photo put together: what this tab did, done to what is stored now."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from core.data.store.store import BoxRow

BOTH_KEPT = "Somebody else worked on this photo too. What they drew and what you did are both kept."
LOOK = "Somebody else changed the same box meanwhile. Nothing is lost: see which box is right, and delete the other."


class Merged(NamedTuple):
    """The boxes to store, and one sentence where somebody else had a hand in them."""

    boxes: list[BoxRow]
    said: str


def merge(base: Sequence[BoxRow], mine: Sequence[BoxRow], theirs: Sequence[BoxRow]) -> Merged:
    """What is stored now (``theirs``) with what this tab added since ``base``, and without what it took away.

    A box that was changed counts as one taken away and one added: where both changed the same box, both stay.
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
    # What both drew alike, to the last digit, is one box: two tabs of one person, or a message that came twice.
    new = [box for box in added.elements() if box not in kept]
    return Merged([*kept, *new], LOOK if gone.total() else BOTH_KEPT)
