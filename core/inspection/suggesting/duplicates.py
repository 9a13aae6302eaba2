"""Pictures that are nearly the same: by perceptual hash, and by what a network sees in them.

The hash finds the same picture in another size, format or brightness; the vectors also find it mirrored or slightly
cropped. The 0.9 was chosen by eye on the same pictures as the bits of the hash.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from core.data.pictures.image_quality import ImageQuality
from core.data.pictures.near_duplicates import DIFFERING_BITS
from core.data.store.records import ImageRow

LIKENESS = 0.9  # cosine of vectors from which the project's mean is taken away
SHARP = 0.6
"""Of the sharpest of a group: below, a copy is blurred or darkened. The same photo compressed anew measures 0.7 and
more against its original, in either direction; darkened to 60 % it measures 0.36, softly blurred mostly below 0.5."""
ROWS_AT_ONCE = 1024
DIRECTIONS = 256


def duplicate_groups(phashes: Sequence[int], vectors: np.ndarray | None = None) -> list[list[int]]:
    """Groups of places that are nearly the same, each in order, the first group first.

    ``vectors`` [n, C] are those of the same pictures; a row of NaN stands for a picture that has none yet.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    count = len(phashes)
    pairs = [*_close_hashes(np.array(phashes, np.uint64))]
    if vectors is not None and len(vectors):
        pairs += _close_vectors(vectors)
    if not pairs:
        return []
    first, second = np.concatenate([one for one, _ in pairs]), np.concatenate([other for _, other in pairs])
    graph = coo_array((np.ones(len(first), bool), (first, second)), shape=(count, count))
    _, component = connected_components(graph, directed=False)
    members: dict[int, list[int]] = {}
    for place, number in enumerate(component.tolist()):
        members.setdefault(number, []).append(place)
    return [group for group in members.values() if len(group) > 1]


def common_split(splits: Iterable[str | None]) -> str | None:
    """Where a group belongs as a whole: what was tested on stays in test, what was validated on in val."""
    present = set(splits)
    return next((split for split in ("test", "val", "train") if split in present), None)


def best_copy_first(
    rows: Sequence[ImageRow], looks: Mapping[str, ImageQuality], *, boxed: bool = False
) -> list[ImageRow]:
    """The pictures of a group, the one that is worth keeping first: the largest, sharp, labelled, least compressed.

    ``looks`` are by content hash; where one is missing, sharpness decides nothing. ``boxed`` puts those with a label
    before all others, because a box fits no other picture than its own.
    """
    sharpness = [looks[row.hash].sharpness for row in rows if row.hash in looks]
    known = len(sharpness) == len(rows)
    least = SHARP * max(sharpness, default=0.0)

    def worth(row: ImageRow) -> tuple[bool | int, ...]:
        labelled = row.label is not None
        sharp = known and looks[row.hash].sharpness >= least
        return (boxed and labelled, row.width * row.height, sharp, labelled, row.bytes, -row.id)

    return sorted(rows, key=worth, reverse=True)


def name_of(rows: Iterable[ImageRow]) -> str:
    """A name for a group that is the same as long as it holds the same pictures."""
    return hashlib.sha256("\n".join(sorted(row.hash for row in rows)).encode()).hexdigest()


def _close_hashes(phashes: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for start in range(0, len(phashes), ROWS_AT_ONCE):
        block, rest = phashes[start : start + ROWS_AT_ONCE], phashes[start:]
        first, second = np.nonzero(np.bitwise_count(block[:, None] ^ rest[None]) <= DIFFERING_BITS)
        apart = first < second
        yield first[apart] + start, second[apart] + start


def _close_vectors(vectors: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    rows = np.flatnonzero(np.isfinite(vectors[:, 0]))
    if len(rows) < 2:
        return
    centered = vectors[rows] - vectors[rows].mean(axis=0)
    centered /= np.maximum(np.linalg.norm(centered, axis=1, keepdims=True), 1e-12)
    # Fewer directions, drawn at random, keep cosines to about 1 / sqrt(256): a first look at an eighth of the price,
    # and what it finds is compared in full.
    width = centered.shape[1]
    few = centered
    margin = 0.0
    if width > DIRECTIONS:
        dice = np.random.default_rng(0)
        few = centered @ (dice.standard_normal((width, DIRECTIONS)) / np.sqrt(DIRECTIONS)).astype(np.float32)
        margin = 4 / np.sqrt(DIRECTIONS)
    for start in range(0, len(few), ROWS_AT_ONCE):
        first, second = np.nonzero(few[start : start + ROWS_AT_ONCE] @ few[start:].T >= LIKENESS - margin)
        apart = first < second
        first, second = first[apart] + start, second[apart] + start
        near = np.einsum("ij,ij->i", centered[first], centered[second]) >= LIKENESS
        yield rows[first[near]], rows[second[near]]
