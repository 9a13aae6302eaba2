"""Folds for cross-validation: stratified by class, with the photos of a group in one fold."""

from collections.abc import Sequence

import numpy as np


def grouped_folds(labels: np.ndarray, groups: Sequence[object] | None, folds: int, seed: int) -> np.ndarray:
    """Return the fold of each photo, int64 [n]: groups are assigned to folds class by class, in the seed's order.

    ``labels`` are class numbers [n]; ``groups`` are equal for photos that must not be separated (None: each photo is
    its own group). A group counts for the class of its first photo.
    """
    names = list(range(len(labels))) if groups is None else list(groups)
    first: dict[object, int] = {}
    for row, name in enumerate(names):
        first.setdefault(name, row)
    order = np.random.default_rng(seed).permutation(np.array(list(first.values()), dtype=np.int64))
    order = order[np.argsort(labels[order], kind="stable")]
    fold_of = {names[row]: place % folds for place, row in enumerate(order)}
    return np.array([fold_of[name] for name in names], dtype=np.int64)
