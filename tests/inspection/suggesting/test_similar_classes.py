"""Likely typos among class names are offered for merging, and names that are meant to differ are not."""

import pytest

from core.data.store.records import ClassInfo
from core.inspection.suggesting.similar_classes import distance, likely_typos


def offered(*classes: tuple[str, int]) -> list[tuple[str, str]]:
    infos = [ClassInfo(place + 1, name, place, count) for place, (name, count) in enumerate(classes)]
    return [(one.rare.name, one.common.name) for one in likely_typos(infos)]


def test_rosse_beside_roses_is_offered_with_the_rare_one_first() -> None:
    assert offered(("roses", 41), ("rosse", 1), ("tulips", 40)) == [("rosse", "roses")]


@pytest.mark.parametrize(
    ("rare", "common"),
    [
        ("dandelon", "dandelion"),
        ("Dandelionn", "dandelion"),
        ("sunflwoers", "sunflowers"),
        ("crysantemum", "chrysanthemum"),  # two letters left out
        ("snow leopart", "snow leopard"),
        ("tulip", "tulips"),
        ("береса", "береза"),
    ],
)
def test_a_letter_or_two_in_a_long_word_are_a_typo(rare: str, common: str) -> None:
    assert offered((common, 40), (rare, 2)) == [(rare, common)]


@pytest.mark.parametrize(
    ("rare", "common"),
    [
        ("cat", "car"),
        ("cats", "cars"),
        ("class_1", "class_2"),
        ("class_12", "class_1"),
        ("sign 3", "sign 8"),
        ("letter b", "letter d"),
        ("stage ii", "stage i"),
        ("group1a", "group1b"),
        ("version 1.5", "version 15"),
        ("mouse", "house"),
        ("unhealthy", "healthy"),
        ("male", "female"),
        ("left hand", "right hand"),
        ("with mask", "without mask"),
        ("c", "c++"),
        ("北京烤鸭店", "北京烤鸭饭"),
        ("owl", "eagle"),
    ],
)
def test_names_that_are_meant_to_differ_are_not_offered(rare: str, common: str) -> None:
    assert offered((common, 400), (rare, 1)) == []
    assert offered((rare, 400), (common, 1)) == []


def test_two_common_classes_are_two_classes_whatever_their_names() -> None:
    assert offered(("horse", 40), ("horsey", 38)) == []
    assert offered(("horse", 40), ("horsey", 5)) == []  # more than a tenth
    assert offered(("horse", 9), ("horsey", 0)) == []  # nothing labelled yet


@pytest.mark.parametrize("other", ["snow-leopard", "snow_leopard", "snowleopard", "Snow  leopard."])
def test_names_that_differ_only_in_marks_are_offered_with_any_counts(other: str) -> None:
    assert offered(("snow leopard", 20), (other, 15)) == [(other, "snow leopard")]


def test_a_rare_class_is_offered_once_beside_its_most_common_partner() -> None:
    assert offered(("roses", 41), ("rosess", 60), ("rosses", 1)) == [("rosses", "rosess")]


@pytest.mark.parametrize(
    ("first", "second", "steps"),
    [("rosse", "roses", 1), ("a", "a", 0), ("", "ab", 2), ("kitten", "sitting", 3), ("ca", "abc", 3)],
)
def test_a_swap_of_neighbours_is_one_step(first: str, second: str, steps: int) -> None:
    assert distance(first, second) == distance(second, first) == steps
