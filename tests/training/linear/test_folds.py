"""Folds: stratified, the same for the same seed, groups together."""

import numpy as np

from core.training.linear.folds import grouped_folds


def test_each_class_is_spread_over_the_folds() -> None:
    labels = np.repeat([0, 1], [50, 20])
    fold_of = grouped_folds(labels, None, 5, 0)
    assert np.bincount(fold_of[labels == 0]).tolist() == [10] * 5
    assert np.bincount(fold_of[labels == 1]).tolist() == [4] * 5


def test_groups_are_never_separated() -> None:
    dice = np.random.default_rng(0)
    groups = dice.integers(0, 20, 100).tolist()
    fold_of = grouped_folds(dice.integers(0, 3, 100), groups, 4, 0)
    for group in set(groups):
        assert len({int(fold_of[row]) for row in range(100) if groups[row] == group}) == 1


def test_the_seed_decides() -> None:
    labels = np.arange(60) % 3
    first = grouped_folds(labels, None, 5, 0)
    assert (first == grouped_folds(labels, None, 5, 0)).all()
    assert (first != grouped_folds(labels, None, 5, 1)).any()
