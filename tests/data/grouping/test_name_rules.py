"""Groups read from file names: every rule with names as people have them, and patterns that cannot be used."""

import time

import pytest

from core.data.grouping.name_rules import (
    EXAMPLE_PATTERN,
    EXAMPLES,
    PATTERN,
    RULES,
    group_reader,
    groups_by_name,
    groups_of,
)
from core.errors import DataError


@pytest.mark.parametrize(
    ("rule", "filename", "group"),
    [
        ("before-underscore", "anna_003_left.jpg", "anna"),
        ("before-underscore", "day 1/anna_003.jpg", "anna"),
        ("before-underscore", "day_1/anna.jpg", None),  # the folder's _ does not count
        ("before-dash", "anna-maria_3.jpg", "anna"),
        ("before-dash", "anna_3.jpg", None),
        ("letters", "anna003.jpg", "anna"),
        ("letters", "anna_003_left.jpg", "anna"),
        ("letters", "day2_frame10.jpg", "day2_frame"),
        ("letters", "0034.jpg", None),
        ("letters", "anna.jpg", None),
        ("letters", "Größe 12 (2).jpg", "Größe 12"),
        ("folder", "anna/day 1/003.jpg", "anna/day 1"),
        ("folder", "anna\\003.jpg", "anna"),
        ("folder", "003.jpg", None),
        ("first-folder", "anna/day 1/003.jpg", "anna"),
        ("first-folder", "003.jpg", None),
    ],
)
def test_every_rule_reads_what_it_says(rule: str, filename: str, group: str | None) -> None:
    assert group_reader(rule)(filename) == group


@pytest.mark.parametrize(
    ("pattern", "filename", "group"),
    [
        (EXAMPLE_PATTERN, "cam2_anna_003.jpg", "anna"),
        (EXAMPLE_PATTERN, "anna_003.jpg", None),
        ("{group}_*", "anna_003_left.jpg", "anna"),
        ("day{number}", "day12.jpg", "12"),
        ("day{number}", "day12_1.jpg", None),
        ("*S{number}*", "xS7frame12.png", "7"),
        ("*_{number}_*", "cam_a_12_left.jpg", "12"),  # the first _ has no digits behind it
        ("{letters}*", "anna003.jpg", "anna"),
        ("*{letters}.png", "003ärzte.png", "ärzte"),
        ("*{letters}.png", "003anna.jpg", None),
        ("*/{group}/*", "set/anna/3.jpg", "anna"),
        ("*/{group}/*", "anna/3.jpg", None),
        ("{group}_?", "anna_?.jpg", "anna"),  # only * and the places mean anything
        ("(a+)+{group}", "(a+)+b.jpg", "b"),
    ],
)
def test_a_pattern_of_ones_own(pattern: str, filename: str, group: str | None) -> None:
    assert group_reader(PATTERN, pattern)(filename) == group


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("", "Type a pattern, such as"),
        ("anna_*", "must have one place for the group, but has none"),
        ("{group}_{number}", "but has 2 of them"),
        ("*{group}_*", "directly beside {group}"),
        ("{group}*", "directly beside {group}"),
        ("{group}" + "x" * 300, "at most 200 are allowed"),
    ],
)
def test_a_pattern_that_cannot_be_used_says_what_to_write(pattern: str, said: str) -> None:
    with pytest.raises(DataError, match=said.replace("{", r"\{")):
        group_reader(PATTERN, pattern)


def test_a_pattern_full_of_stars_does_not_keep_the_server_busy() -> None:
    """As a usual regular expression, this one takes longer than the age of the universe."""
    read = group_reader(PATTERN, "*a" * 60 + "_{group}_b")
    began = time.process_time()
    assert read("a" * 1000 + ".jpg") is None
    assert read("a" * 60 + "_anna_b.jpg") == "anna"
    assert group_reader(PATTERN, "*a" * 60 + "*{number}*b")("a1" * 400) is None
    assert time.process_time() - began < 5


def test_an_unknown_rule_names_those_that_exist() -> None:
    with pytest.raises(DataError, match="Use one of: before-underscore, before-dash"):
        group_reader("guess")
    assert list(EXAMPLES) == list(RULES)
    for rule, (filename, group) in EXAMPLES.items():
        assert group_reader(rule, EXAMPLE_PATTERN)(filename) == group


def test_groups_are_ordered_by_size_and_names_that_read_the_same_are_one_group() -> None:
    names = ["Bo_1.jpg", "anna_1.jpg", "Anna_2.jpg", "bo 2_1.jpg", "none.jpg", "bo 10_1.jpg", "_x.jpg"]
    found = groups_by_name("before-underscore", enumerate(names))
    assert found.groups == {"anna": (1, 2), "Bo": (0,), "bo 2": (3,), "bo 10": (5,)}
    assert found.unmatched == (4, 6)
    assert found.group_of == {1: "anna", 2: "anna", 0: "Bo", 3: "bo 2", 5: "bo 10"}


def test_a_name_that_cannot_be_a_group_is_not_matched() -> None:
    assert groups_of([(1, "\u200b"), (2, "x" * 300), (3, " a \n b ")]).groups == {"a b": (3,)}
