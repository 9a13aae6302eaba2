"""Near-duplicates, found by perceptual hash: copies in another size or light, mirrored copies, frames of one burst.

One rule serves both the splits and the check on the Data page, so the groups that a person sees are those that the
splits keep together. It ignores labels, because a picture and its copy belong in one split whatever they are called,
and correcting a label must not move a picture to another group.

A network's vectors would also find copies that are cropped more. They are not used: they exist only once somebody has
had them computed, and a split must not depend on that.
"""

from collections.abc import Mapping

import numpy as np
from PIL import Image

DIFFERING_BITS = 4
"""Chosen by eye on bursts of hand signs, on eyes, on birds and on photos of raccoons: what it calls the same are copies
and neighbouring frames, and of a hundred different birds no two."""

MIRRORED = 0x5555555555555555
"""The bits that a mirrored picture has the other way round: mirroring changes the sign of every odd column of the
cosine transform. On 223 photos of birds and other things 80 % of the mirrored copies are within 4 bits of this, and no
mirrored copy is within 12 bits of another photo."""

_POINTS, _LOWEST = 32, 8  # the hash's own pixels a side, and the frequencies used of them
_SIDE = 4 * _POINTS  # pixels of the shorter side that it is computed from
_ZERO = 1e-6
_COSINES = 2 * np.cos(np.pi * np.outer(np.arange(_LOWEST), 2 * np.arange(_POINTS) + 1) / (2 * _POINTS))
"""The lowest rows of the discrete cosine transform (type II), [8, 32]."""


def phash_of(image: Image.Image) -> int:
    """Return the perceptual hash (64 bits) of an upright picture; similar pictures differ in few bits.

    Source: Zauner, "Implementation and benchmarking of perceptual image hash functions" (2010), as in ImageHash.
    """
    gray = image.convert("L")
    # Averaging whole blocks first takes a third of the time on a 12-megapixel photo and changes very few bits.
    factor = min(gray.size) // _SIDE
    small = (gray.reduce(factor) if factor > 1 else gray).resize((_POINTS, _POINTS), Image.Resampling.LANCZOS)
    # As a product of matrices, because loading SciPy for its transform takes longer than hashing a thousand photos.
    frequencies = _COSINES @ np.asarray(small, np.float64) @ _COSINES.T  # [8, 8], the lowest first
    # A picture of one colour has exact zeros there, which the product gives only almost.
    frequencies[np.abs(frequencies) < _ZERO] = 0
    in_order = np.sort(frequencies, axis=None)
    median = (in_order[31] + in_order[32]) / 2
    return int.from_bytes(np.packbits(frequencies > median).tobytes(), "big")


def near_duplicate_groups(phashes: Mapping[str, int | None]) -> dict[str, str]:
    """Map each picture to the first picture of its group; one without near-duplicates is a group of its own.

    ``phashes`` are the perceptual hashes by content hash, the oldest picture first. A picture is compared with the
    first picture of each group and not with all: small differences do not chain into one large group, and adding a
    picture never changes the groups of earlier ones. A picture without a hash (None) is a group of its own.
    """
    answer: dict[str, str] = {}
    firsts: list[str] = []
    found = np.zeros(len(phashes), np.uint64)  # the hashes of ``firsts``
    for picture, phash in phashes.items():
        answer[picture] = picture
        if phash is None:
            continue
        differing = found[: len(firsts)] ^ np.uint64(phash)
        close = np.bitwise_count(differing) <= DIFFERING_BITS
        close |= np.bitwise_count(differing ^ np.uint64(MIRRORED)) <= DIFFERING_BITS
        if close.any():
            answer[picture] = firsts[int(close.argmax())]
        else:
            found[len(firsts)] = phash
            firsts.append(picture)
    return answer
