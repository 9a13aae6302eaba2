"""Folds in which every class has its share and no group is divided, and random folds of the same sizes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import TooLittleData

FEWEST = 2


@dataclass(frozen=True)
class FoldCount:
    """How many folds the photos allow, and a sentence where that is fewer than wanted."""

    folds: int
    remark: str = ""


def possible_folds(
    labels: np.ndarray, classes: Sequence[str], groups: Sequence[object] | None, wanted: int, unit: str = "photo"
) -> FoldCount:
    """Return ``wanted``, or as many folds as the smallest class has groups; a class with a single one does not count.

    ``labels`` are class numbers [n]; ``groups`` are equal for photos that belong together (None: each photo is its own
    group), and ``unit`` is what a group is called. Raises TooLittleData unless two classes have two groups each.
    """
    names = range(len(labels)) if groups is None else groups
    members: dict[int, set[object]] = {}
    for label, name in zip(labels.tolist(), names, strict=True):
        members.setdefault(label, set()).add(name)
    sizes = {label: len(some) for label, some in members.items() if len(some) >= FEWEST}
    if len(sizes) < FEWEST:
        where, more = "two photos", "more photos"
        if unit != "photo":
            where, more = f"photos in two {unit}s", f"photos of more {unit}s"
        raise TooLittleData(f"Cross-validation needs two classes that each have {where}. Label {more} first.")
    smallest = min(sizes, key=sizes.__getitem__)
    if sizes[smallest] >= wanted:
        return FoldCount(wanted)
    least = sizes[smallest]
    found = f'Class "{classes[smallest]}" has photos in only {least} {unit}s'
    if unit == "photo":
        found = f'Class "{classes[smallest]}" has only {least} photos'
    return FoldCount(least, f"{found}, so there are {least} folds instead of {wanted}.")


def stratified_folds(labels: np.ndarray, groups: Sequence[object] | None, folds: int, seed: int) -> np.ndarray:
    """Return the fold of each photo, int64 [n], for class numbers [n].

    The groups come in the order of their size, equal ones in the seed's order. Each goes to the fold that has the
    smallest share of the group's classes so far, and of those to the fold with the fewest photos.
    """
    names: list[object] = list(range(len(labels))) if groups is None else list(groups)
    numbers: dict[object, int] = {}
    group = np.array([numbers.setdefault(name, len(numbers)) for name in names], dtype=np.int64)
    count, classes = len(numbers), int(labels.max(initial=-1)) + 1
    sizes = np.bincount(group, minlength=count)
    order = np.random.default_rng(seed).permutation(count)
    order = order[np.argsort(-sizes[order], kind="stable")]
    rows_of = np.split(np.argsort(group, kind="stable"), np.cumsum(sizes)[:-1])
    totals = np.maximum(np.bincount(labels, minlength=classes), 1)
    filled = np.zeros((folds, classes), dtype=np.int64)
    fold_of = np.empty(len(labels), dtype=np.int64)
    for one in order.tolist():
        rows = rows_of[one]
        own, counts = np.unique(labels[rows], return_counts=True)
        shares = filled[:, own] @ (counts / totals[own])
        fold = int(np.lexsort((filled.sum(axis=1), shares.round(12)))[0])
        filled[fold, own] += counts
        fold_of[rows] = fold
    return fold_of


def random_folds(labels: np.ndarray, fold_of: np.ndarray, seed: int) -> np.ndarray:
    """Return folds of the same sizes, with as many photos of each class, whose photos are drawn one by one."""
    dice = np.random.default_rng([seed, 1])
    found = np.empty_like(fold_of)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        found[rows] = dice.permutation(fold_of[rows])
    return found


def never_seen(labels: np.ndarray, fold_of: np.ndarray) -> list[int]:
    """Return the classes whose photos are all in one fold: the model that predicts them has not seen the class."""
    return [int(label) for label in np.unique(labels) if len(np.unique(fold_of[labels == label])) == 1]
