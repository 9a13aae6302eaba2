"""Words that may be a class or nothing, numbers written in two ways, and characters that nobody sees."""

import pytest

from core.data.tables.labels_csv import LabelTable, read_labels
from core.data.tables.questions import Asking


def read(*labels: str, column: str = "label", **answers: str) -> tuple[LabelTable, Asking]:
    asking = Asking({name.replace("_", "-"): key for name, key in answers.items()})
    lines = [f"filename,{column}", *(f"{place}.png,{label}" for place, label in enumerate(labels))]
    return read_labels("\n".join(lines).encode(), asking=asking), asking


def labels_of(table: LabelTable) -> list[str | None]:
    return [row.label for row in table.rows]


def said(table: LabelTable) -> list[str]:
    return [str(one) for one in table.problems]


@pytest.mark.parametrize("word", ["nan", "NaN", "None", "null", "NA", "N/A", "#N/A", "<NA>", "NaT"])
def test_what_programs_write_for_nothing_is_asked(word: str) -> None:
    """pandas writes nan for a missing label; a class may be called NA."""
    _, asking = read("owl", word, word)
    (question,) = asking.open
    assert question.id == f"empty-word:{word.lower()}"
    assert question.text == (
        f'2 rows have the label "{word}", such as 1.png. Is that the name of a class, or is it empty?'
    )
    assert {one.key: one.rows for one in question.choices} == {
        "class": (("1.png", word), ("2.png", word)),
        "none": (("1.png", ""), ("2.png", "")),
    }
    assert labels_of(read("owl", word, empty_word="class")[0]) == ["owl", word]
    assert labels_of(read("owl", word, empty_word="none")[0]) == ["owl", None]


def test_each_word_is_a_question_of_its_own_whatever_its_case() -> None:
    _, asking = read("NA", "na", "nan")
    assert [one.id for one in asking.open] == ["empty-word:na", "empty-word:nan"]
    answers = Asking({"empty-word:na": "class", "empty-word:nan": "none"})
    table = read_labels(b"filename,label\na.png,NA\nb.png,na\nc.png,nan\n", asking=answers)
    assert labels_of(table) == ["NA", "na", None]


def test_a_group_called_nan_would_join_unrelated_photos() -> None:
    asking = Asking({"empty-word": "none"})
    table = read_labels(b"filename,label,person\na.png,owl,nan\nb.png,owl,nan\nc.png,owl,Bo\n", asking=asking)
    assert [row.group for row in table.rows] == [None, None, "Bo"]
    assert [one.question.id for one in asking.answered] == ["empty-word:group nan"]


def test_an_empty_split_of_pandas_sets_no_split() -> None:
    table = read_labels(b"filename,label,split\na.png,owl,nan\nb.png,owl,TRAIN\nc.png,owl,1\n")
    assert [row.split for row in table.rows] == [None, "train", None]
    assert said(table) == ['line 4: unknown split "1", so no split is set; use train, val or test']


def test_one_number_in_two_spellings_is_asked() -> None:
    """pandas turns 1, 2 and an empty cell into 1.0 and 2.0."""
    _, asking = read("1", "1.0", "2", "3")
    (question,) = asking.open
    assert question.id == "label-numbers"
    assert question.text == 'The labels "1" and "1.0" are written in several ways. Is each number one class?'
    assert {one.key: one.rows for one in question.choices} == {
        "one": (("0.png", "1"), ("1.png", "1")),
        "apart": (("0.png", "1"), ("1.png", "1.0")),
    }
    assert labels_of(read("1", "1.0", "02", "2", label_numbers="one")[0]) == ["1", "1", "2", "2"]
    assert labels_of(read("1", "1.0", "02", "2", label_numbers="apart")[0]) == ["1", "1.0", "02", "2"]


@pytest.mark.parametrize("labels", [("1.0", "2.0"), ("1", "2"), ("v1", "v1.0"), ("1", "-1"), ("1e0", "1")])
def test_numbers_in_one_spelling_are_classes_without_a_question(labels: tuple[str, str]) -> None:
    table, asking = read(*labels)
    assert not asking.open and labels_of(table) == [*labels]


@pytest.mark.parametrize("mark", ["\u200b", "\ufeff", "\u00ad", "\u2060", "\u202e", "\u200f"])
def test_characters_that_nobody_sees_are_removed_and_said(mark: str) -> None:
    """A zero-width space made a second class that looks the same."""
    table, asking = read("cat", f"cat{mark}", f"c{mark}at")
    assert labels_of(table) == ["cat"] * 3 and not asking.open
    assert said(table) == ["line 3: 2 labels have invisible characters, such as cat; they are removed"]
    assert table.problems[0].harmless


def test_invisible_characters_in_the_header_and_in_splits_and_boxes_do_not_hide_them() -> None:
    text = "\ufeff\ufefffilename,la\u200bbel,split,x,y,width,height\na.png,owl,tra\u200bin,1\u200b,2,3,4\n"
    table = read_labels(text.encode())
    row = table.rows[0]
    assert (row.label, row.split, row.box is not None) == ("owl", "train", True) and table.problems == ()


def test_a_label_of_invisible_characters_is_no_label() -> None:
    table, _ = read("owl", "\u200b\ufeff")
    assert labels_of(table) == ["owl", None]
    assert "line 3: no label; 1.png counts as unlabelled" in said(table)


def test_joiners_of_emoji_stay_and_are_said_where_nobody_sees_them() -> None:
    table, _ = read("👩\u200d🌾", "owl", "owl\u200d")
    assert labels_of(table) == ["👩\u200d🌾", "owl", "owl\u200d"]
    (problem,) = table.problems
    assert not problem.harmless and 'differs from "owl" (line 3) only by invisible characters' in problem.text


def test_spaces_around_a_label_are_a_remark() -> None:
    table, _ = read("cat", "\u00a0cat", "cat ")
    assert labels_of(table) == ["cat"] * 3
    assert all(one.harmless and "only by spaces around it" in one.text for one in table.problems)
