"""Which pictures look nearly the same, by perceptual hash: copies in another size, frames of one burst."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL import Image

DIFFERING_BITS = 4
"""Chosen by eye on bursts of hand signs, on eyes, on birds and on photos of raccoons: what it calls the same are copies
and neighboring frames, and of a hundred different birds no two."""

_SIDE = 128  # pixels of the shorter side that the hash is taken of: four for each of its own 32


def phash_of(image: "Image.Image") -> int:
    """The perceptual hash (64 bits) of an upright picture; pictures that look the same differ in few bits.

    Source: Zauner, "Implementation and benchmarking of perceptual image hash functions" (2010), as in ImageHash.
    """
    import imagehash  # here, because it brings SciPy along

    gray = image.convert("L")
    # Whole blocks are averaged first: on a photo of 12 megapixels a third of the time, and the same bits but a few.
    factor = min(gray.size) // _SIDE
    return int(str(imagehash.phash(gray.reduce(factor) if factor > 1 else gray)), 16)


def group_leaders(phashes: Sequence[int | None]) -> list[int]:
    """For each picture the place of the first one that it is a twin of, its own place where there is none before it.

    Every picture is compared with those that lead a group and not with all: chains of small differences do not grow
    into one group, and a picture that is added never changes the groups of earlier ones. None stands for itself.
    """
    answer: list[int] = []
    found = np.zeros(len(phashes), np.uint64)  # the hashes of those that lead, ``count`` of them
    places: list[int] = []
    for place, phash in enumerate(phashes):
        if phash is None:
            answer.append(place)
            continue
        close = np.bitwise_count(found[: len(places)] ^ np.uint64(phash)) <= DIFFERING_BITS
        first = int(close.argmax()) if len(places) else 0
        if len(places) and close[first]:
            answer.append(places[first])
            continue
        found[len(places)] = phash
        places.append(place)
        answer.append(place)
    return answer


def near_duplicate_groups(labels: Sequence[str], phashes: Sequence[int | None]) -> list[str]:
    """A name of each picture's group: twins of one class share it. A picture without a twin is a group of its own."""
    members: dict[str, list[int]] = {}
    for place, label in enumerate(labels):
        members.setdefault(label, []).append(place)
    groups = [""] * len(labels)
    for places in members.values():
        for place, leader in zip(places, group_leaders([phashes[place] for place in places]), strict=True):
            groups[place] = f"twins of {places[leader]}"
    return groups
