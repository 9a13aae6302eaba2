"""Two columns that may hold the label or the file: where they differ, a person chooses."""

import pytest

from core.data.tables.labels_csv import LabelTable, read_labels
from core.data.tables.questions import Asking
from core.errors import LabelsError


def read(text: str, **answers: str) -> tuple[LabelTable, Asking]:
    asking = Asking({name.replace("_", "-"): key for name, key in answers.items()})
    return read_labels(text.encode(), asking=asking), asking


def labels_of(table: LabelTable) -> list[str | None]:
    return [row.label for row in table.rows]


def said(table: LabelTable) -> list[str]:
    return [str(one) for one in table.problems]


def test_a_label_and_another_class_are_asked_with_both_in_three_rows() -> None:
    text = "filename,label,class\na.png,3,owl\nb.png,4,duck\nc.png,3,owl\nd.png,3,owl\n"
    _, asking = read(text)
    (question,) = asking.open
    assert question.id == "label-column"
    assert question.text == "The columns label and class may each hold the label, and they differ. Which one counts?"
    assert [(one.key, one.label) for one in question.choices] == [
        ("label", 'Use column 2, "label"'),
        ("class", 'Use column 3, "class"'),
    ]
    assert question.choices[1].rows == (("a.png", "owl"), ("b.png", "duck"), ("c.png", "owl"))
    assert labels_of(read(text, label_column="class")[0]) == ["owl", "duck", "owl", "owl"]
    table, _ = read(text, label_column="label")
    assert labels_of(table) == ["3", "4", "3", "3"] and table.ignored_columns == ("class",)


@pytest.mark.parametrize("header", ["filename,label,label", "filename,label,label.1", "filename,Label,label"])
def test_a_label_column_that_comes_twice(header: str) -> None:
    text = f"{header}\na.png,owl,duck\n"
    _, asking = read(text)
    (question,) = asking.open
    assert [one.rows for one in question.choices] == [(("a.png", "owl"),), (("a.png", "duck"),)]
    second = question.choices[1].key
    assert labels_of(read(text, label_column=second)[0]) == ["duck"]


@pytest.mark.parametrize("rows", ["a.png,owl,owl\nb.png,duck,duck \n", "a.png,owl,\nb.png,duck,\n"])
def test_columns_that_are_equal_or_empty_are_no_question(rows: str) -> None:
    table, asking = read(f"filename,label,class\n{rows}")
    assert not asking.open and labels_of(table) == ["owl", "duck"] and table.ignored_columns == ("class",)
    table, asking = read(f"filename,class,label\n{rows}")
    assert not asking.open and labels_of(table) == ["owl", "duck"]


def test_of_a_name_and_a_path_that_ends_with_it_the_path_names_the_photo() -> None:
    table, asking = read("filename,path,label\n1.png,owl/1.png,owl\n1.png,duck\\1.png,duck\n")
    assert not asking.open and [row.filename for row in table.rows] == ["owl/1.png", "duck\\1.png"]
    remark = "line 1: the column path names the photos, because it says more than filename"
    assert remark in said(table) and all(one.harmless for one in table.problems)


def test_of_an_id_and_a_name_the_name_names_the_photo() -> None:
    table, asking = read("image,filename,label\n7,7.png,owl\n")
    assert not asking.open and [row.filename for row in table.rows] == ["7.png"]


def test_a_name_and_a_path_of_different_photos_are_asked() -> None:
    text = "filename,path,label\n1.png,owl/2.png,owl\n2.png,owl/1.png,duck\n"
    _, asking = read(text)
    assert [one.id for one in asking.open] == ["file-column"]
    table, _ = read(text, file_column="path")
    assert [row.filename for row in table.rows] == ["owl/2.png", "owl/1.png"]
    table, _ = read(text, file_column="filename")
    assert [row.filename for row in table.rows] == ["1.png", "2.png"]


def test_a_split_that_comes_twice_is_a_problem_only_where_it_differs() -> None:
    table, _ = read("filename,label,split,split\na.png,owl,train,test\n")
    assert table.rows[0].split == "train"
    assert "line 1: the column split comes 2 times and differs; the first one is read" in said(table)
    table, _ = read("filename,label,split,split\na.png,owl,train,train\n")
    assert all(one.harmless for one in table.problems)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("filename label\na.png owl\n", "spaces"),
        ("filename:label\na.png:owl\n", "colons"),
        ("path\u00a0class\n", "spaces"),
    ],
)
def test_a_delimiter_that_is_not_read_is_named(text: str, words: str) -> None:
    with pytest.raises(
        LabelsError, match=rf"columns of labels\.csv are separated by {words} \(line 1\)\. Save it as CSV"
    ):
        read(text)


def test_vertical_bars_separate_columns() -> None:
    table, _ = read("filename|label|split\na.png|bird, large|train\n")
    assert [(row.filename, row.label, row.split) for row in table.rows] == [("a.png", "bird, large", "train")]
    table, _ = read("sep=|\nfilename|label\na.png|owl\n")
    assert labels_of(table) == ["owl"]
