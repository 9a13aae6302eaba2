"""Folds: stratified, groups undivided, repeatable, and as many as the smallest class allows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import TooLittleData
from core.inspection.cross_validation.folds import never_seen, possible_folds, random_folds, stratified_folds


def counts(labels: np.ndarray, fold_of: np.ndarray) -> np.ndarray:
    table = np.zeros((fold_of.max() + 1, labels.max() + 1), int)
    np.add.at(table, (fold_of, labels), 1)
    return table


def test_every_class_has_its_share_in_every_fold() -> None:
    labels = np.repeat([0, 1, 2], [50, 23, 7])
    table = counts(labels, stratified_folds(labels, None, 5, seed=3))
    assert (table.max(axis=0) - table.min(axis=0) <= 1).all()
    assert table.sum(axis=1).max() - table.sum(axis=1).min() <= 2


def test_people_with_photos_of_both_classes_are_not_divided() -> None:
    groups = [f"driver {number // 20}" for number in range(200)]
    labels = np.arange(200) % 2
    fold_of = stratified_folds(labels, groups, 5, seed=0)
    assert all(len({fold_of[row] for row in range(200) if groups[row] == one}) == 1 for one in set(groups))
    assert (counts(labels, fold_of) == 20).all()


def test_groups_of_very_different_sizes_still_give_balanced_folds() -> None:
    sizes = [60, 50, 40, 30, 20, 20, 10, 10, 5, 5]
    groups = np.repeat(np.arange(len(sizes)), sizes).tolist()
    labels = np.array([group % 2 for group in groups])
    table = counts(labels, stratified_folds(labels, groups, 4, seed=0))
    assert table.sum(axis=1).max() <= 1.4 * len(groups) / 4 and (table > 0).all()


@settings(max_examples=40)
@given(st.data())
def test_no_group_is_ever_on_two_sides_and_no_fold_is_empty(data: st.DataObject) -> None:
    size = data.draw(st.integers(4, 40))
    labels = np.array(data.draw(st.lists(st.integers(0, 3), min_size=size, max_size=size)))
    groups = data.draw(st.lists(st.integers(0, 12), min_size=size, max_size=size))
    folds = data.draw(st.integers(2, 6))
    fold_of = stratified_folds(labels, groups, folds, seed=data.draw(st.integers(0, 5)))
    for one in set(groups):
        assert len({fold for fold, group in zip(fold_of.tolist(), groups, strict=True) if group == one}) == 1
    assert len(np.unique(fold_of)) == min(folds, len(set(groups)))
    drawn = random_folds(labels, fold_of, seed=1)
    assert (counts(labels, drawn) == counts(labels, fold_of)).all()


def test_the_seed_decides_and_nothing_else() -> None:
    labels = np.arange(60) % 3
    first, again, other = (stratified_folds(labels, None, 5, seed) for seed in (0, 0, 1))
    assert (first == again).all() and (first != other).any()
    assert (random_folds(labels, first, 0) == random_folds(labels, first, 0)).all()
    assert (random_folds(labels, first, 0) != random_folds(labels, first, 1)).any()


def test_fewer_photos_of_a_class_than_folds_reduce_the_folds_and_it_is_said() -> None:
    labels = np.repeat([0, 1, 2], [20, 3, 1])
    found = possible_folds(labels, ["owl", "duck", "wren"], None, 5)
    assert found.folds == 3
    assert found.remark == 'Class "duck" has only 3 photos, so there are 3 folds instead of 5.'
    assert possible_folds(labels, ["owl", "duck", "wren"], None, 3).remark == ""
    assert never_seen(labels, stratified_folds(labels, None, 3, 0)) == [2]


def test_groups_count_and_not_photos_where_they_are_kept_together() -> None:
    labels = np.array([0] * 8 + [1] * 8)
    groups = ["a", "b", "c", "d"] * 2 + ["a"] * 4 + ["b"] * 4
    found = possible_folds(labels, ["awake", "drowsy"], groups, 5, "group")
    assert found.folds == 2
    assert found.remark == 'Class "drowsy" has photos in only 2 groups, so there are 2 folds instead of 5.'


def test_with_one_class_that_can_be_held_out_the_error_says_what_is_missing() -> None:
    with pytest.raises(TooLittleData, match=r"two classes that each have two photos\. Label more photos"):
        possible_folds(np.array([0, 0, 0, 1]), ["owl", "duck"], None, 5)
    with pytest.raises(TooLittleData, match="two classes that each have photos in two groups"):
        possible_folds(np.array([0, 0, 1, 1]), ["owl", "duck"], ["a", "a", "b", "b"], 5, "group")
