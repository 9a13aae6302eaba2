"""Whole groups in train, val and test: never divided, stable when photos are added, with each class spread evenly."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.grouping.group_remarks import PlacedPhoto, copies_remark, few_groups_remarks, sides_remark
from core.data.grouping.group_splits import divide_groups, groups_on_several_sides
from core.data.splits import RATIOS, SPLITS, SplitItem, complete, lacks_validation, place_whole_groups, splits_of_new
from core.errors import DataError

SHARES = dict(zip(SPLITS, RATIOS, strict=True))


def drivers(count: int, each: int = 20, labels: tuple[str, ...] = ("awake", "drowsy")) -> list[SplitItem]:
    """Photos of drivers, the same number of each class."""
    return [
        SplitItem(f"{driver} {label} {number}", label, f"driver {driver}", named=True)
        for driver in range(count)
        for label in labels
        for number in range(each)
    ]


def sides_of(items: list[SplitItem], splits: dict[str, str]) -> dict[str, set[str]]:
    sides: dict[str, set[str]] = {}
    for item in items:
        if item.named:
            sides.setdefault(item.group, set()).add(splits[item.key])
    return sides


def with_splits(items: list[SplitItem], splits: dict[str, str]) -> list[SplitItem]:
    return [SplitItem(item.key, item.label, item.group, splits[item.key], item.named) for item in items]


@st.composite
def photos(draw: st.DrawFn, first: int = 0, most: int = 50) -> list[SplitItem]:
    """Photos of a few classes, most of them in a few groups of very different sizes."""
    items = []
    for number in range(first, first + draw(st.integers(0, most))):
        named = draw(st.integers(0, 4)) > 0
        group = f"g{draw(st.integers(0, 3)) ** 2 + draw(st.integers(0, 2))}" if named else f"own {number}"
        items.append(SplitItem(str(number), draw(st.sampled_from(["a", "b", "c"])), group, named=named))
    return items


@settings(max_examples=60, deadline=None)
@given(photos(), photos(first=1000), st.integers(0, 5))
def test_no_group_is_on_two_sides_and_adding_photos_never_moves_one(
    items: list[SplitItem], more: list[SplitItem], seed: int
) -> None:
    first = splits_of_new(items, seed)
    assert first.keys() == {item.key for item in items} and set(first.values()) <= set(SPLITS)
    assert all(len(found) == 1 for found in sides_of(items, first).values())

    stored = with_splits(items, first)
    late = splits_of_new([*stored, *more], seed)
    assert late.keys() == {item.key for item in more}  # the others keep what they have
    both = first | late
    assert all(len(found) == 1 for found in sides_of([*items, *more], both).values())

    # The snapshot of the same photos: nothing is torn there either, whether or not the splits were stored before.
    for given_splits in ([*stored, *more], [*items, *more]):
        found, _ = complete(given_splits, seed)
        assert all(len(one) == 1 for one in sides_of(given_splits, found).values())


@settings(max_examples=60, deadline=None)
@given(photos(), st.integers(0, 5))
def test_the_same_photos_and_seed_give_the_same_split_in_any_order(items: list[SplitItem], seed: int) -> None:
    named = [item for item in items if item.named]
    one = {item.group: item.split for item in place_whole_groups(named, seed)}
    other = {item.group: item.split for item in place_whole_groups(named[::-1], seed)}
    assert one == other


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("groups", "expected"), [(2, (1, 1, 0)), (3, (1, 1, 1)), (4, (2, 1, 1)), (7, (5, 1, 1)), (14, (10, 2, 2))]
)
def test_a_few_drivers_are_divided_as_single_photos_would_be(
    groups: int, expected: tuple[int, int, int], seed: int
) -> None:
    found = {item.group: item.split for item in place_whole_groups(drivers(groups), seed)}
    counts = Counter(found.values())
    assert tuple(counts[split] for split in SPLITS) == expected


def test_another_seed_takes_other_drivers_for_the_test() -> None:
    tested = {
        next(item.group for item in place_whole_groups(drivers(7), seed) if item.split == "test") for seed in range(9)
    }
    assert len(tested) > 2


def test_one_large_group_is_trained_on_and_the_small_ones_are_tested() -> None:
    sizes = {"large": {"a": 60, "b": 60}, **{f"small {n}": {"a": 5, "b": 5} for n in range(6)}}
    found = divide_groups(sizes, {}, {}, 0, SHARES)
    assert found["large"] == "train"
    photos_in = Counter[str]()
    for name, split in found.items():
        photos_in[split] += sum(sizes[name].values())
    assert 20 <= photos_in["val"] <= 40 and 20 <= photos_in["test"] <= 40


def test_each_class_is_in_all_parts_where_its_groups_allow_it() -> None:
    """The largest groups alone would leave class b, which only small groups have, without a test photo."""
    sizes = {f"big {n}": {"a": 30} for n in range(4)} | {f"small {n}": {"b": 3} for n in range(3)}
    found = divide_groups(sizes, {}, {}, 0, SHARES)
    for kind in ("big", "small"):
        assert {split for name, split in found.items() if name.startswith(kind)} == set(SPLITS)


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([f"g{n}" for n in range(9)]),
        st.dictionaries(st.sampled_from("abc"), st.integers(1, 20), min_size=1),
        min_size=3,
    ),
    st.integers(0, 3),
)
def test_every_class_is_trained_on(sizes: dict[str, dict[str, int]], seed: int) -> None:
    found = divide_groups(sizes, {}, {}, seed, SHARES)
    assert found.keys() == sizes.keys()
    for label in {label for some in sizes.values() for label in some}:
        assert any(found[name] == "train" for name in sizes if label in sizes[name])


def test_a_class_in_one_group_is_trained_on() -> None:
    sizes = {"bo": {"a": 5, "rare": 5}, "anna": {"a": 5}, "cy": {"a": 5}, "di": {"a": 5}}
    assert divide_groups(sizes, {}, {}, 1, SHARES)["bo"] == "train"


def test_photos_without_a_group_count_for_the_shares() -> None:
    """Ungrouped photos fill the gaps: a group is not needed for the test where there are many of them."""
    items = [SplitItem(f"own {n}", "a", f"own {n}") for n in range(70)]
    items += [SplitItem(f"g {n}", "a", "anna", named=True) for n in range(10)]
    counts = Counter(splits_of_new(items).values())
    assert abs(counts["val"] - 80 / 7) <= 2 and abs(counts["test"] - 80 / 7) <= 2


def test_shares_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(DataError, match="must add up to 1"):
        divide_groups({"g": {"a": 1}}, {}, {}, 0, {"train": 0.9, "val": 0.5, "test": 0.0})


def test_two_hundred_groups_of_many_photos_take_little_time() -> None:
    sizes = {f"g{n}": {f"class {n % 20}": 10 + n % 7, f"class {n % 3}": 5} for n in range(2000)}
    found = divide_groups(sizes, {}, {}, 0, SHARES)
    counts = Counter(found.values())
    assert 0.12 < counts["val"] / 2000 < 0.18 and 0.12 < counts["test"] / 2000 < 0.18


# Splits that exist


def test_new_photos_of_a_group_join_it_and_of_a_divided_group_go_to_train() -> None:
    items = with_splits(drivers(3), splits_of_new(drivers(3)))
    tested = next(item.group for item in items if item.split == "test")
    late = [SplitItem("late", "awake", tested, named=True)]
    assert splits_of_new([*items, *late]) == {"late": "test"}
    torn = [SplitItem("torn", "awake", tested, "train", named=True)]
    assert splits_of_new([*items, *torn, *late]) == {"late": "train"}


def test_a_new_photo_of_a_test_person_never_joins_train_while_val_is_missing() -> None:
    """Imported with train and test only: new photos joined train, those of people in the test set too."""
    items = [SplitItem(str(n), "a", "anna", "train", True) for n in range(4)]
    items += [SplitItem(f"t{n}", "a", "bo", "test", True) for n in range(4)]
    new = [SplitItem("new bo", "a", "bo", named=True), SplitItem("new cy", "a", "cy", named=True)]
    assert lacks_validation([*items, *new])
    assert splits_of_new([*items, *new]) == {"new bo": "test", "new cy": "train"}


def test_a_second_driver_is_not_lost_in_train_after_the_first() -> None:
    """All photos of the only driver are in train; the next driver's validate, although nothing did before."""
    one = with_splits(drivers(1), splits_of_new(drivers(1)))
    assert {item.split for item in one} == {"train"}
    found = splits_of_new([*one, *drivers(2)[40:]])
    assert set(found.values()) == {"val"}


def test_train_and_test_by_driver_takes_whole_drivers_for_validation() -> None:
    items = [
        SplitItem(item.key, item.label, item.group, "test" if item.group == "driver 0" else "train", True)
        for item in drivers(7)
    ]
    found, remark = complete(items)
    assert {group: len(found_in) for group, found_in in sides_of(items, found).items()} == {
        f"driver {number}": 1 for number in range(7)
    }
    assert Counter(found.values()) == {"train": 200, "val": 40, "test": 40}
    assert remark is not None and "in whole groups: 40 in all" in remark


# Words


def test_what_a_split_by_group_cannot_do_is_said() -> None:
    pairs = [("awake", "anna"), ("awake", "bo"), ("awake", "cy"), ("drowsy", "anna")]
    assert few_groups_remarks(pairs) == [
        "The class drowsy is in one group only (anna), so it cannot be tested on a new group."
    ]
    assert "All photos are in one group (anna)" in few_groups_remarks([("a", "anna"), ("b", "anna")])[0]
    two = few_groups_remarks([("a", "anna"), ("a", "bo")])
    assert two == ["There are only two groups: one to train on and one to validate on. No photo is left to test."]
    many = few_groups_remarks([(f"class {n}", f"g{n}") for n in range(6)])
    assert len(many) == 4 and many[-1] == "The same holds for 3 more classes."
    assert few_groups_remarks([("a", " own 1"), ("a", "bo"), ("b", " own 2"), ("a", "cy"), ("b", "cy")]) == []


def test_groups_on_several_sides_are_named_with_their_sides() -> None:
    sides = groups_on_several_sides([("anna", "test"), ("anna", "train"), ("bo", "val"), ("bo", None), ("bo", "val")])
    assert sides == {"anna": ("train", "test")}
    assert sides_remark(sides).startswith("One group is in several splits: anna is in training and test.")
    assert "2 groups are in several splits, such as anna" in sides_remark({**sides, "bo": ("val", "test")})


def test_near_duplicates_across_groups_are_counted_where_they_are_in_other_splits() -> None:
    photos = [
        PlacedPhoto("a.jpg", "day 1", "train", "h1"),
        PlacedPhoto("a2.jpg", "day 2", "test", "h1"),
        PlacedPhoto("a3.jpg", "day 3", "train", "h1"),
        PlacedPhoto("a4.jpg", "day 1", "val", "h1"),  # its group is in several splits, which is said anyway
        PlacedPhoto("b.jpg", "day 1", "train", "h2"),
        PlacedPhoto("b2.jpg", "day 4", None, "h2"),
    ]
    assert copies_remark(photos) == (
        "One photo has a near-duplicate in another group and another split: a.jpg (day 1, training) and "
        "a2.jpg (day 2, test). The results are too good for new photos. Put them into one group, or delete one of them."
    )
    more = [*photos, PlacedPhoto("b3.jpg", "day 5", "val", "h2")]
    assert copies_remark(more).startswith("2 photos have near-duplicates in another group and another split, such as")
    assert copies_remark(photos[4:]) == ""
