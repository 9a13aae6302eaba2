"""How images are divided into train, val and test."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.splits import SPLITS, SplitItem, assign, complete
from core.errors import DataError

labels = st.sampled_from(["owl", "duck", "0", "Größe"])
splits = st.sampled_from([None, None, None, *SPLITS])
WRITTEN_DOWN = ["val", "train", "test", *["train"] * 4, "val", *["train"] * 5, "test"]


@st.composite
def item_lists(draw: st.DrawFn, given_splits: bool = True, groups: bool = True, most: int = 60) -> list[SplitItem]:
    """Items; of a group that has splits given, all members agree."""
    split_of_group: dict[str, str | None] = {}
    items = []
    for number in range(draw(st.integers(0, most))):
        group = f"g{draw(st.integers(0, 20))}" if groups and draw(st.booleans()) else f"own {number}"
        split = draw(splits) if given_splits else None
        split = split and (split_of_group.setdefault(group, split) or split)
        items.append(SplitItem(str(number), draw(labels), group, split))
    return items


def alone(count: int, label: str = "owl", split: str | None = None, start: int = 0) -> list[SplitItem]:
    return [SplitItem(str(number), label, str(number), split) for number in range(start, start + count)]


def in_order(items: list[SplitItem], seed: int = 0) -> list[str]:
    return list(assign(items, seed).values())


@given(item_lists(), st.integers())
def test_every_item_gets_a_split_and_existing_ones_never_change(items: list[SplitItem], seed: int) -> None:
    found = assign(items, seed)
    assert list(found) == [item.key for item in items]
    assert set(found.values()) <= set(SPLITS)
    assert all(found[item.key] == item.split for item in items if item.split)


@given(item_lists(), st.integers())
def test_a_group_is_never_on_two_sides(items: list[SplitItem], seed: int) -> None:
    sides: dict[str, set[str]] = {}
    for key, split in assign(items, seed).items():
        sides.setdefault(items[int(key)].group, set()).add(split)
    assert all(len(found) == 1 for found in sides.values())


@given(item_lists(given_splits=False), st.data(), st.integers())
def test_appending_items_never_moves_earlier_ones(items: list[SplitItem], data: st.DataObject, seed: int) -> None:
    cut = data.draw(st.integers(0, len(items)))
    before = assign(items[:cut], seed)
    assert {key: split for key, split in assign(items, seed).items() if key in before} == before


@given(item_lists(groups=False), st.data(), st.integers())
def test_appending_items_that_bring_their_split_moves_none_either(
    items: list[SplitItem], data: st.DataObject, seed: int
) -> None:
    cut = data.draw(st.integers(0, len(items)))
    before = assign(items[:cut], seed)
    assert {key: split for key, split in assign(items, seed).items() if key in before} == before


@given(item_lists(given_splits=False, groups=False, most=120), st.integers())
def test_each_class_is_within_one_image_of_the_ratio_after_whole_blocks(items: list[SplitItem], seed: int) -> None:
    found = assign(items, seed)
    for label in {item.label for item in items}:
        mine = [found[item.key] for item in items if item.label == label]
        blocks = len(mine) // 7
        assert Counter(mine[: 7 * blocks]) == Counter({"train": 5 * blocks, "val": blocks, "test": blocks})
        whole = Counter(mine)
        assert abs(whole["val"] - len(mine) / 7) <= 1
        assert abs(whole["test"] - len(mine) / 7) <= 1


@given(st.integers())
def test_two_images_give_train_and_val_and_three_give_all_parts(seed: int) -> None:
    assert set(in_order(alone(2), seed)) == {"train", "val"}
    assert set(in_order(alone(3), seed)) == {"train", "val", "test"}


def test_the_same_seed_divides_alike_on_every_machine_and_another_seed_differently() -> None:
    # Written down: a change of the rule would move images between train and test of projects that exist.
    assert in_order(alone(14), 0) == WRITTEN_DOWN
    assert in_order(alone(14), 0) == in_order(alone(14), 0)
    assert in_order(alone(70), 0) != in_order(alone(70), 1)
    assert in_order(alone(70, "owl"), 0) != in_order(alone(70, "duck"), 0)


def test_new_images_fill_what_the_given_splits_lack() -> None:
    items = alone(10, split="train") + alone(4, start=10)
    assert sorted(in_order(items)[10:]) == ["test", "test", "val", "val"]


def test_ten_thousand_images_of_one_class_that_are_all_in_train_are_no_work() -> None:
    found = assign(alone(10_000, split="train") + alone(100, start=10_000))
    assert Counter(found.values())["train"] == 10_000


def test_other_ratios() -> None:
    found = assign(alone(100), ratios=(0.8, 0.1, 0.1))
    assert Counter(found.values()) == {"train": 80, "val": 10, "test": 10}
    assert set(assign(alone(5), ratios=(1.0, 0.0, 0.0)).values()) == {"train"}
    with pytest.raises(DataError, match="add up to 1"):
        assign(alone(3), ratios=(0.8, 0.8, 0.1))


@settings(max_examples=50)
@given(st.integers(2, 60), st.integers(1, 20), st.integers(0, 10), st.integers())
def test_train_and_test_only_val_comes_out_of_train_and_test_is_never_touched(
    train: int, test: int, without: int, seed: int
) -> None:
    items = alone(train, split="train") + alone(test, split="test", start=100) + alone(without, start=200)
    found, remark = complete(items, seed)
    assert [key for key, split in found.items() if split == "test"] == [
        item.key for item in items if item.split == "test"
    ]
    taken = Counter(found.values())["val"]
    assert abs(taken - (train + without) / 6) <= 1
    assert taken >= 1
    assert remark == f"There was no validation set, so one training image in six was moved there: {taken} in all."


def test_a_copy_of_a_test_image_without_a_split_goes_to_test_too() -> None:
    items = [*alone(6, split="train"), SplitItem("t", "owl", "twins", "test"), SplitItem("copy", "owl", "twins")]
    assert complete(items)[0]["copy"] == "test"


def test_a_table_that_says_train_of_all_is_divided_by_the_rule() -> None:
    found, remark = complete(alone(21, split="train"))
    assert Counter(found.values()) == {"train": 15, "val": 3, "test": 3}
    assert remark is not None and "All images were in train" in remark


def test_train_and_val_only_stay_as_they_are() -> None:
    items = alone(5, split="train") + alone(2, split="val", start=5)
    found, remark = complete(items)
    assert found == {item.key: item.split for item in items}
    assert remark is None
