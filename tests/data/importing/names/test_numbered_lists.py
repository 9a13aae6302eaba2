"""Lists of classes with numbers on their lines: left out where they count the lines, else asked."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.importing.names.numbered_lists import NUMBERED, settle_numbered
from core.data.tables.label_rows import Problem
from core.data.tables.questions import Asking, Question


def settled(lines: list[str], answer: str = "") -> tuple[list[str], tuple[Question, ...], list[Problem]]:
    asking, problems = Asking({NUMBERED: answer} if answer else {}), list[Problem]()
    return settle_numbered(lines, "classes.txt", asking, problems), asking.open, problems


@pytest.mark.parametrize(
    "lines",
    [
        ["0 cat", "1 dog"],
        ["0: cat", "1: dog"],
        ["0,cat", "1,dog"],
        ["0. cat", "1. dog"],
        ["0\tcat", "1\tdog"],
        ["(0) cat", "(1) dog"],
        ["0 - cat", "1 - dog"],
        ["00 cat", "01 dog"],
        ["cat,0", "dog,1"],
        ["cat: 0", "dog: 1"],
        ["id,name", "0,cat", "1,dog"],
    ],
)
def test_numbers_that_count_the_lines_are_left_out_and_that_is_said(lines: list[str]) -> None:
    names, asked, problems = settled(lines)
    assert names == ["cat", "dog"] and not asked
    text = "classes.txt: each line has the number of its class, which is not part of the name: cat, dog"
    assert [(one.text, one.harmless) for one in problems] == [(text, True)]


def test_an_empty_line_keeps_its_place() -> None:
    assert settled(["0 cat", "", "2 dog"])[0] == ["cat", "", "dog"]


@pytest.mark.parametrize(
    "lines",
    [
        ["1 dog", "0 cat"],
        ["dog,1", "cat,0"],
        ["1_dog", "0_cat"],
        ["dog 1", "cat 0"],
        ["name;id", "dog;1", "cat;0"],
    ],
)
def test_numbers_in_another_order_are_asked(lines: list[str]) -> None:
    _, [question], problems = settled(lines)
    assert question.id == "class-numbers:classes.txt" and not problems
    assert {one.key: one.rows[:2] for one in question.choices if one.key != "names"} == {
        "numbers": (("0", "cat"), ("1", "dog")),
        "lines": (("0", "dog"), ("1", "cat")),
    }
    assert settled(lines, "numbers")[0] == ["cat", "dog"]
    assert settled(lines, "lines")[0] == ["dog", "cat"]
    assert settled(lines, "names")[0] == lines


@pytest.mark.parametrize("lines", [["1 cat", "2 dog"], ["1. cat", "2. dog"], ["001.cat", "002.dog"], ["1 cat"]])
def test_numbers_from_one_are_asked(lines: list[str]) -> None:
    _, [question], _ = settled(lines)
    assert question.choices[0].rows[:2] == (("0", ""), ("1", "cat"))
    assert settled(lines, "numbers")[0][:2] == ["", "cat"]
    assert settled(lines, "lines")[0][0] == "cat"


def test_numbers_with_gaps_are_asked() -> None:
    """As in COCO's own list, in which no class has the number 12."""
    assert settled(["11: hydrant", "13: stop sign"], "numbers")[0][11:] == ["hydrant", "", "stop sign"]


@pytest.mark.parametrize(
    "lines",
    [
        ["cat", "dog"],
        ["3D printer", "0 cat"],
        ["1 euro", "2 euro"],
        ["Class 1", "Class 2"],
        ["0_cat", "1_dog"],
        ["0", "1"],
        ["1", "0"],
        ["0,5 litres", "1,5 gallons"],
        ["boeing 747", "airbus 380"],
        ["n01440764 tench", "n01443537 goldfish"],
        ["2019 audi", "2020 bmw"],
        [],
        [""],
    ],
)
def test_names_that_begin_or_end_with_numbers_stay(lines: list[str]) -> None:
    assert settled(lines) == (lines, (), [])


@given(
    names=st.lists(st.sampled_from(["cat", "Barn Owl", "Größe", "猫", "x-y", "T-shirt"]), min_size=2, unique=True),
    first=st.sampled_from([0, 1]),
    form=st.sampled_from(["{} {}", "{}: {}", "{},{}", "{}.{}", "{}. {}"]),
    random=st.randoms(use_true_random=False),
)
@settings(max_examples=100, deadline=None)
def test_random_lists_mean_their_numbers_or_are_asked(names: list[str], first: int, form: str, random: object) -> None:
    lines = [form.format(number, name) for number, name in enumerate(names, start=first)]
    random.shuffle(lines)  # type: ignore[attr-defined]
    found, asked, _ = settled(lines)
    if asked:
        assert settled(lines, "numbers")[0] == [""] * first + names
    else:
        assert found == (lines if form == "{}.{}" else names)
