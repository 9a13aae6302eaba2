"""Columns that give the split though they are called otherwise: words of splits alone, or flags."""

import pytest

from core.data.tables.labels_csv import LabelTable, read_labels
from core.data.tables.questions import Asking


def read(column: str, *cells: str) -> LabelTable:
    rows = "".join(f"{place}.png,owl,{cell}\n" for place, cell in enumerate(cells))
    return read_labels(f"filename,label,{column}\n{rows}".encode(), asking=Asking())


def splits(table: LabelTable) -> list[str | None]:
    return [row.split for row in table.rows]


def said(table: LabelTable) -> list[str]:
    return [str(one) for one in table.problems]


@pytest.mark.parametrize("name", ["set", "Subset", "phase", "partition", "fold", "dataset", "data set", "mode"])
def test_a_column_with_words_of_splits_alone_gives_the_split(name: str) -> None:
    """It was an unused column, a remark: photos of the test were trained on."""
    table = read(name, "train", "Validation", "test", "")
    assert splits(table) == ["train", "val", "test", None]
    assert said(table) == [f"line 1: the column {name} gives the split"] and table.problems[0].harmless
    assert table.ignored_columns == ()


@pytest.mark.parametrize("cells", [("train", "other"), ("1", "2"), ("", ""), ("COCO", "test")])
def test_a_column_with_other_words_is_not_used(cells: tuple[str, str]) -> None:
    table = read("dataset", *cells)
    assert splits(table) == [None, None] and said(table) == ["line 1: unused columns: dataset"]


@pytest.mark.parametrize(
    ("name", "true", "false"),
    [
        ("is_test", "test", "train"),
        ("is_train", "train", "test"),
        ("is test", "test", "train"),
        ("is_val", "val", "train"),
    ],
)
@pytest.mark.parametrize(("yes", "no"), [("1", "0"), ("True", "False"), ("TRUE", "FALSE"), ("1.0", "0.0")])
def test_a_flag_gives_the_split(name: str, true: str, false: str, yes: str, no: str) -> None:
    table = read(name, yes, no, "")
    assert splits(table) == [true, false, None]
    assert said(table) == [f"line 1: the column {name} gives the split; other photos are in {false}"]
    assert table.problems[0].harmless and table.ignored_columns == ()


def test_several_flags_complete_each_other() -> None:
    table = read("is_train,is_test", "1,0", "0,1", "0,0")
    assert splits(table) == ["train", "test", "val"]
    table = read("is_train,is_val,is_test", "1,0,0", "0,1,0", "0,0,1", "0,0,0")
    assert splits(table) == ["train", "val", "test", None]
    table = read("is_train,is_test", "1,1")
    assert splits(table) == ["test"]
    assert "line 2: the photo is marked as test and as train; test counts" in said(table)


def test_a_flag_with_other_numbers_is_not_used() -> None:
    assert splits(read("is_test", "0", "2")) == [None, None]


def test_beside_a_split_the_others_are_not_used_which_is_said() -> None:
    table = read("split,set,is_test", "train,training,0", "test,test,1")
    assert splits(table) == ["train", "test"]
    assert "line 1: the column split gives the split; set says the same and is not used" in said(table)
    assert all(one.harmless for one in table.problems)
    for columns, second in (("split,set", "test"), ("set,split", "test"), ("split,is_test", "1")):
        cells = ["train", second] if columns.startswith("split") else [second, "train"]
        table = read(columns, ",".join(cells))
        (problem,) = [one for one in table.problems if not one.harmless]
        assert splits(table) == ["train"] and problem.line == 2
        assert problem.text.startswith("the column split gives the split, although ")


def test_of_two_others_that_disagree_the_first_counts_and_it_is_a_problem() -> None:
    table = read("phase,subset", "train,train", "test,val")
    (problem,) = [one for one in table.problems if not one.harmless]
    assert splits(table) == ["train", "test"] or splits(table) == ["train", "val"]
    assert problem.line == 3 and "make them agree" in problem.text


def test_an_empty_split_leaves_the_place_to_another_column() -> None:
    table = read("split,phase", ",train", ",test")
    assert splits(table) == ["train", "test"] and all(one.harmless for one in table.problems)
