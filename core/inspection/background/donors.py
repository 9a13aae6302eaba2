"""Which photo gives another one its background: of the same class and of another one, the same choice each time."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Donors:
    """The photos that a photo gets a background from, by their place; None where there is none."""

    same: int | None
    other: int | None


def donors_of(images: Sequence[str], labels: Sequence[int], groups: Sequence[str] | None = None) -> list[Donors]:
    """Return the donors of each photo, known by its content hash.

    The photos of a class are taken in the order of their hashes, which is as good as random. The first gets a
    background of the next class, the second one of the class after that, and so on, so that every class gets
    the backgrounds of many others. Photos of one group are no donors for each other: they may share a background.
    """
    classes = sorted(set(labels))
    members = {one: sorted(_places(labels, one), key=lambda place: images[place]) for one in classes}
    found: dict[int, Donors] = {}
    for number, own in enumerate(classes):
        others = classes[number + 1 :] + classes[:number]
        for rank, place in enumerate(members[own]):
            other = None
            if others:
                given = members[others[rank % len(others)]]
                other = _first_apart(given, number + rank // len(others), place, groups)
            same = _first_apart(members[own], rank + 1, place, groups)
            found[place] = Donors(same, other)
    return [found[place] for place in range(len(labels))]


def _places(labels: Sequence[int], wanted: int) -> list[int]:
    return [place for place, label in enumerate(labels) if label == wanted]


def _first_apart(some: Sequence[int], start: int, place: int, groups: Sequence[str] | None) -> int | None:
    """Return the first photo from ``start`` on, round and round, that is neither the photo itself nor of its group."""
    for step in range(len(some)):
        candidate = some[(start + step) % len(some)]
        if candidate != place and (groups is None or groups[candidate] != groups[place]):
            return candidate
    return None
