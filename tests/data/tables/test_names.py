"""Names: invisible characters are removed, and a name of nothing else is refused."""

import pytest

from core.data.tables.labels_csv import read_labels
from core.data.tables.names import LONGEST_NAME, name_key, tidy_name
from core.errors import DataError


@pytest.mark.parametrize(
    "name", ["owl\u200b", "\ufeffowl", "o\u00adwl", "\u202eowl\u202c", "owl\u2060 ", "ow\x00l\x01"]
)
def test_invisible_characters_are_removed(name: str) -> None:
    expected = "ow\ufffdl" if "\x00" in name else "owl"
    assert tidy_name(name, "class") == expected
    assert name_key(name) == expected


@pytest.mark.parametrize("name", ["\u200b", " \ufeff ", "\u3164", "\u2800\u2800", "\u200d", "\ufe0f", "\u202e\u200f"])
def test_names_of_invisible_characters_alone_are_refused(name: str) -> None:
    with pytest.raises(DataError, match="no visible character"):
        tidy_name(name, "class")


@pytest.mark.parametrize("name", ["👩\u200d🌾", "❤\ufe0f", "می\u200cخواهم", "naïve", "größe", "🏴\U000e0067\U000e007f"])
def test_joiners_inside_a_name_stay(name: str) -> None:
    assert tidy_name(name, "class") == name


def test_names_have_at_most_200_characters() -> None:
    assert tidy_name("x" * LONGEST_NAME, "class")
    with pytest.raises(DataError, match="201 characters"):
        tidy_name("x" * 201, "class")


def test_a_zero_width_space_in_a_table_makes_no_second_class() -> None:
    table = read_labels("filename,label\na.jpg,owl\nb.jpg,owl\u200b\n".encode())
    assert [str(problem) for problem in table.problems] == [
        "line 3: the label owl has invisible characters; they are removed"
    ]
