"""Tables of Kaggle, fastai and TensorFlow: other names of columns, one-hot columns, several labels, a box in a cell."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.importing.formats.csv_styles.read_table import read_table
from core.data.pictures.box import Box
from core.data.tables.label_rows import LabelTable, objects_of
from core.data.tables.questions import Asking
from core.errors import LabelsError
from tests.data.importing.formats.csv_styles.tables import (
    boxes,
    labels,
    only_question,
    photo,
    photos,
    planned,
    problems,
    remarks,
)


def read(text: str, answers: dict[str, str] | None = None) -> LabelTable:
    asking = Asking(answers or {})
    table = read_table(text.encode(), "train.csv", None, asking)
    assert not asking.open
    return table


def labels_in(table: LabelTable) -> dict[str, str | None]:
    return {row.filename: row.label for row in table.rows}


# The columns of the photo and its class


@pytest.mark.parametrize(
    "header",
    ["id,breed", "Id,Category", "image_id,label", "img,class", "name,label", "image_id,dbn_prediction", "Image,Id"],
)
def test_other_names_of_the_two_columns(tmp_path: Path, header: str) -> None:
    plan = planned(tmp_path, {**photos("7a.jpg", "8b.jpg"), "train.csv": f"{header}\n7a,owl\n8b,duck\n"})
    assert labels(plan) == {"7a.jpg": ("owl", None), "8b.jpg": ("duck", None)}
    assert not problems(plan) and not plan.questions


def test_the_columns_that_were_taken_are_said(tmp_path: Path) -> None:
    plan = planned(tmp_path, {**photos("7a.jpg"), "train.csv": "id,breed\n7a,owl\n"})
    assert "columns of train.csv: id names the photo, breed its class" in remarks(plan)


@pytest.mark.parametrize("table", ["id,label\n1,0.31\n2,0.5\n", "filename,author\na.jpg,Ann\n", "id,width\n1,300\n"])
def test_a_table_without_a_class_is_no_table_of_labels(table: str) -> None:
    with pytest.raises(LabelsError):
        read(table)


def test_two_columns_of_classes_that_differ_are_asked() -> None:
    table = "image_id,species,diagnosis\na,owl,ill\nb,owl,well\n"
    asking = Asking()
    read_table(table.encode(), "train.csv", None, asking)
    [question] = asking.open
    assert question.kind == "class-column" and [one.key for one in question.choices] == ["species", "diagnosis"]
    assert question.choices[1].rows == (("a", "ill"), ("b", "well"))
    assert labels_in(read(table, {"class-column": "diagnosis"})) == {"a": "ill", "b": "well"}


def test_a_class_and_its_number_are_no_two_classes() -> None:
    assert labels_in(read("image_id,class_id,class_name\na,1,owl\nb,2,duck\nc,1,owl\n")) == {
        "a": "owl",
        "b": "duck",
        "c": "owl",
    }


def test_a_column_of_patients_still_groups() -> None:
    table = read("image_name,patient_id,diagnosis\na,p1,ill\nb,p2,well\n")
    assert [row.group for row in table.rows] == ["p1", "p2"]


def test_lines_of_problems_are_those_of_the_table() -> None:
    table = read("id,breed\na,owl\n\nb,\na,duck\n")
    assert [one.line for one in table.problems if not one.harmless] == [4, 5]
    assert any('"owl" (line 2) and "duck" (line 5)' in one.text for one in table.problems)


def test_quoted_line_breaks_do_not_move_the_lines() -> None:
    table = read('id,breed,note\na,owl,"one\ntwo"\nb,duck,\nc,,\n')
    assert [(row.filename, row.line) for row in table.rows] == [("a", 2), ("b", 4), ("c", 5)]


# One-hot columns

ONE_HOT = "image,MEL,NV,BCC\na,1,0,0\nb,0.0,1.0,0.0\nc,0,0,1\n"


def test_the_column_with_a_1_is_the_class(tmp_path: Path) -> None:
    plan = planned(tmp_path, {**photos("a.jpg", "b.jpg", "c.jpg"), "truth.csv": ONE_HOT})
    assert labels(plan) == {"a.jpg": ("MEL", None), "b.jpg": ("NV", None), "c.jpg": ("BCC", None)}
    assert "the class is the column with a 1: MEL, NV, BCC" in remarks(plan) and not problems(plan)


def test_a_row_without_a_1_is_a_problem_and_one_with_several_is_asked(tmp_path: Path) -> None:
    files = {
        **photos("a.jpg", "b.jpg", "c.jpg", "d.jpg"),
        "truth.csv": ONE_HOT.replace("b,0.0,1.0", "b,0,0") + "d,1,0,1\n",
    }
    plan = planned(tmp_path, files)
    assert problems(plan) == ["line 3: no column has a 1, so b counts as unlabelled"]
    question = only_question(plan)
    assert question.kind == "several-labels" and "d: MEL, BCC" in question.text
    answered = planned(tmp_path, {}, {"several-labels": "single"})
    assert labels(answered) == {
        "a.jpg": ("MEL", None),
        "b.jpg": (None, None),
        "c.jpg": ("BCC", None),
        "d.jpg": (None, None),
    }


def test_numbers_other_than_0_and_1_are_no_one_hot_columns() -> None:
    with pytest.raises(LabelsError):
        read("image,MEL,NV\na,0.7,0.3\nb,0.2,0.8\n")


def test_a_column_of_row_numbers_is_no_class() -> None:
    assert labels_in(read(",image,owl,duck\n0,a,1,0\n1,b,0,1\n")) == {"a": "owl", "b": "duck"}


def test_one_hot_columns_beside_a_split() -> None:
    table = read("image,owl,duck,split\na,1,0,train\nb,0,1,test\n")
    assert [(row.label, row.split) for row in table.rows] == [("owl", "train"), ("duck", "test")]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_delimiter_is_any_that_a_labels_csv_may_have(tmp_path: Path, mark: str) -> None:
    table = "id,breed\n7a,owl\n8b,duck\n".replace(",", mark)
    plan = planned(tmp_path, {**photos("7a.jpg", "8b.jpg"), "train.csv": table})
    assert labels(plan) == {"7a.jpg": ("owl", None), "8b.jpg": ("duck", None)}


# Several labels in a cell


@pytest.mark.parametrize(
    ("header", "one", "two"),
    [
        ("image_name,tags", "clear", "haze primary"),
        ("image_id,labels", "clear", "haze primary"),
        ("image_id,labels", "clear", "haze|primary"),
        ("image,label", "haze", "haze|primary"),
    ],
)
def test_several_labels_are_asked_and_never_one_class(tmp_path: Path, header: str, one: str, two: str) -> None:
    files = {**photos("a.jpg", "b.jpg"), "train.csv": f"{header}\na,{one}\nb,{two}\n"}
    question = only_question(planned(tmp_path, files))
    assert question.kind == "several-labels" and "b: haze, primary" in question.text
    assert "one class a photo" in question.text
    single = planned(tmp_path, {}, {"several-labels": "single"})
    assert labels(single) == {"a.jpg": (one, None), "b.jpg": (None, None)}
    assert "1 photo has several labels and is imported without one" in remarks(single)
    joined = planned(tmp_path, {}, {"several-labels": "joined"})
    assert labels(joined)["b.jpg"] == ("haze + primary", None)


def test_the_order_of_several_labels_does_not_matter() -> None:
    table = read("image_name,tags\na,haze primary\nb,primary haze\n", {"several-labels": "joined"})
    assert labels_in(table) == {"a": "haze + primary", "b": "haze + primary"}


@pytest.mark.parametrize("other", ["cat owl", "cat"])
def test_a_photo_with_several_labels_in_one_row_and_others_in_another_is_a_problem(tmp_path: Path, other: str) -> None:
    """The class was cat + dog, and the owl was lost."""
    table = f"image_id,tags\n1,cat dog\n1,{other}\n2,dog cat\n2,cat dog\n3,owl\n"
    plan = planned(tmp_path, {**photos("1.png", "2.png", "3.png"), "t.csv": table}, {"several-labels": "joined"})
    assert labels(plan) == {"1.png": (None, None), "2.png": ("cat + dog", None), "3.png": ("owl", None)}
    said = f"line 3: 1 has different labels, cat, dog (line 2) and {other.replace(' ', ', ')} (line 3)"
    assert any(one.startswith(said) for one in problems(plan))


def test_a_class_with_spaces_or_a_bar_is_one_class() -> None:
    assert labels_in(read("filename,label\na.jpg,bald eagle\nb.jpg,eagle\n")) == {
        "a.jpg": "bald eagle",
        "b.jpg": "eagle",
    }
    assert labels_in(read("filename,label\na.jpg,on|off\nb.jpg,eagle\n")) == {"a.jpg": "on|off", "b.jpg": "eagle"}


def test_tags_beside_a_class_are_tags() -> None:
    [row] = read("filename,label,tags\na.jpg,owl,night; snow\n").rows
    assert row.label == "owl" and row.tags == ("night", "snow")


def test_fastai_with_its_column_of_validation() -> None:
    table = read("fname,labels,is_valid\n000005.jpg,chair,True\n000007.jpg,car,False\n")
    assert [(row.filename, row.label, row.split) for row in table.rows] == [
        ("000005.jpg", "chair", "val"),
        ("000007.jpg", "car", "train"),
    ]


def test_fastai_with_paths_in_labels_csv(tmp_path: Path) -> None:
    files = {
        **photos("train/3/7463.png", "valid/7/9243.png"),
        "labels.csv": "name,label\ntrain/3/7463.png,0\nvalid/7/9243.png,1\n",
    }
    plan = planned(tmp_path, files)
    assert {one.name: one.label for one in plan.candidates} == {"train/3/7463.png": "0", "valid/7/9243.png": "1"}


def test_fastai_folders_of_train_and_valid(tmp_path: Path) -> None:
    plan = planned(tmp_path, photos("mnist/train/3/7463.png", "mnist/valid/7/9243.png"))
    assert sorted(labels(plan).values()) == [("3", "train"), ("7", "val")]


# A box in a cell

WHEAT = (
    "image_id,width,height,bbox,source\n"
    'b6,100,100,"[30.0, 22.0, 12.0, 8.0]",usask_1\n'
    'b6,100,100,"[3.0, 2.0, 30.0, 28.0]",usask_1\n'
)


def test_boxes_in_brackets_and_the_question_for_their_class(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"b6.png": photo(width=100, height=100), "train.csv": WHEAT}
    question = only_question(planned(tmp_path, files))
    assert question.kind == "box-class" and [one.key for one in question.choices] == ["object", "source"]
    plan = planned(tmp_path, {}, {"box-class": "object"})
    assert boxes(plan) == {"b6.png": [("object", 30, 22, 12, 8), ("object", 3, 2, 30, 28)]}
    assert boxes(planned(tmp_path, {}, {"box-class": "source"}))["b6.png"][0] == ("usask_1", 30, 22, 12, 8)


def test_a_cell_may_hold_two_corners(tmp_path: Path) -> None:
    files = {**photos("a.png"), "train.csv": 'image_id,label,bbox\na,owl,"[15, 8, 39, 19]"\n'}
    assert boxes(planned(tmp_path, files)) == {"a.png": [("owl", 15, 8, 24, 11)]}
    files = {"a.png": photo(width=100, height=100), "train.csv": 'image_id,label,bbox\na,owl,"[20, 10, 39, 19]"\n'}
    assert only_question(planned(tmp_path, files)).kind == "box-corners"
    assert boxes(planned(tmp_path, {}, {"box-corners": "size"})) == {"a.png": [("owl", 20, 10, 39, 19)]}


def in_cells(*numbers: tuple[int, int, int, int]) -> dict[str, str | bytes]:
    rows = "".join(f'a,owl,"{list(four)}"\n' for four in numbers)
    return {"a.png": photo(width=200, height=200), "train.csv": f"image_id,label,bbox\n{rows}"}


def test_a_few_boxes_that_fit_in_one_way_are_said_or_asked(tmp_path: Path) -> None:
    either, size, corners = (10, 10, 50, 50), (60, 120, 40, 60), (120, 120, 180, 180)
    plan = planned(tmp_path, in_cells(either, either, size))
    assert not plan.questions
    said = "boxes are read as a corner with width and height, because (60, 120, 40, 60) of a fits only so"
    assert f"{said}; 2 boxes fit both ways" in remarks(plan)
    plan = planned(tmp_path, in_cells(either, either, either, corners, corners))
    assert "boxes are read as two corners, because" in remarks(plan)
    question = only_question(planned(tmp_path, in_cells(*[either] * 5, size)))
    assert question.kind == "box-corners" and "1 of 6 fit only as a corner with width and height" in question.text
    assert ("a", "-20 wide, -60 high, from 60 across and 120 down") in question.choices[0].rows
    question = only_question(planned(tmp_path, in_cells(*[either] * 61, size, size, size)))
    assert "3 of 64 fit only as a corner with width and height, 61 fit both ways" in question.text
    assert not planned(tmp_path, in_cells(either, size, size, size)).questions


def test_boxes_that_contradict_each_other_are_asked(tmp_path: Path) -> None:
    """They were a corner and a size, in silence."""
    question = only_question(planned(tmp_path, in_cells((60, 60, 40, 90), (120, 120, 180, 180))))
    assert question.kind == "box-corners"
    assert "1 of 2 fit only as two corners, 1 of 2 fit only as a corner with width and height." in question.text


def test_a_cell_may_hold_the_centre_and_the_size(tmp_path: Path) -> None:
    """It was read as two corners, because a corner and the size do not fit the photo."""
    files: dict[str, str | bytes] = {
        "a.png": photo(width=100, height=100),
        "train.csv": 'image_id,label,bbox\na,owl,"[50, 40, 60, 50]"\n',
    }
    question = only_question(planned(tmp_path, files))
    assert question.kind == "box-corners" and [one.key for one in question.choices] == ["corners", "centre"]
    assert question.choices[1].rows == (("a", "60 wide, 50 high, from 20 across and 15 down"),)
    assert boxes(planned(tmp_path, {}, {"box-corners": "centre"})) == {"a.png": [("owl", 20, 15, 60, 50)]}
    assert boxes(planned(tmp_path, {}, {"box-corners": "corners"})) == {"a.png": [("owl", 50, 40, 10, 10)]}


def test_many_boxes_of_two_corners_are_no_centres(tmp_path: Path) -> None:
    rows = "".join(f'a,owl,"[{at}, {at}, {at + 20}, {at + 30}]"\n' for at in (40, 45, 50, 55, 60))
    files: dict[str, str | bytes] = {"a.png": photo(width=100, height=100), "train.csv": "image_id,label,bbox\n" + rows}
    assert next(box[1:] for box in boxes(planned(tmp_path, files))["a.png"]) == (40, 40, 20, 30)


def test_fractions_in_a_cell_may_have_their_centre_first(tmp_path: Path) -> None:
    table = 'image_id,label,bbox\na,owl,"[0.5, 0.6, 0.4, 0.2]"\n'
    files: dict[str, str | bytes] = {"a.png": photo(width=100, height=200), "train.csv": table}
    question = only_question(planned(tmp_path, files))
    assert question.kind == "box-unit" and question.choices[1].key == "fractions-centre"
    assert boxes(planned(tmp_path, {}, {"box-unit": "fractions"})) == {"a.png": [("owl", 50, 120, 40, 40)]}
    assert boxes(planned(tmp_path, {}, {"box-unit": "fractions-centre"})) == {"a.png": [("owl", 30, 100, 40, 40)]}


def test_the_size_in_the_table_is_compared_with_the_photo(tmp_path: Path) -> None:
    table = 'image_id,width,height,bbox,label\na,80,40,"[40, 20, 20, 10]",owl\n'
    files = {**photos("a.png"), "train.csv": table}
    assert only_question(planned(tmp_path, files)).kind == "box-size"
    assert boxes(planned(tmp_path, {}, {"box-size": "scale"})) == {"a.png": [("owl", 20, 10, 10, 5)]}


def test_a_box_that_is_none_is_a_problem_and_an_empty_one_is_not(tmp_path: Path) -> None:
    table = 'image_id,bbox,label\na,"[5, 2, 4, 4]",owl\nb,"[5, 2, 4]",owl\nc,,owl\n'
    plan = planned(tmp_path, {**photos("a.png", "b.png", "c.png"), "train.csv": table})
    assert [text for text in problems(plan) if "box [" in text] == [
        "line 3: the box [5, 2, 4] of b is not four numbers; it is skipped"
    ]
    assert labels(plan)["c.png"] == ("owl", None)


# TensorFlow's object detection, with the usual columns


def test_tensorflow_says_the_size_of_the_photo(tmp_path: Path) -> None:
    table = "filename,width,height,class,xmin,ymin,xmax,ymax\na.png,40,20,owl,4,2,24,12\n"
    plan = planned(tmp_path, {**photos("a.png"), "train_labels.csv": table})
    assert boxes(plan) == {"a.png": [("owl", 4, 2, 20, 10)]} and not plan.questions and not problems(plan)
    half = planned(tmp_path, {"train_labels.csv": table.replace("40,20", "80,40")})
    assert only_question(half).kind == "box-size"


# Written and read again

CLASSES = ["MEL", "NV", "BCC"]
WORD = st.from_regex(r"[a-z]{2}[a-z0-9]{0,6}", fullmatch=True)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(WORD, st.integers(0, 2)), min_size=2, max_size=6, unique_by=lambda row: row[0]),
    changed=st.none() | st.sampled_from(["0", "1", "2", "x"]),
)
def test_one_hot_rows_are_read_back_or_a_problem(rows: list[tuple[str, int]], changed: str | None) -> None:
    cells = [[name, *("1" if place == at else "0" for place in range(3))] for name, at in rows]
    if changed is not None:
        cells[0][1 + rows[0][1]] = changed
    text = "image,MEL,NV,BCC\n" + "".join(",".join(row) + "\n" for row in cells)
    asking = Asking()
    try:
        table = read_table(text.encode(), "t.csv", None, asking)
    except LabelsError:
        assert changed in ("2", "x")
        return
    expected = {name: CLASSES[at] for name, at in rows}
    found = labels_in(table)
    if changed in (None, "1"):
        assert found == expected and not asking.open
    else:  # the first row has no 1, or its column is no class any more
        assert found[rows[0][0]] is None
        assert {name: label for name, label in found.items() if label}.items() <= expected.items()
        assert any(not one.harmless and one.line == 2 for one in table.problems)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.integers(50, 90), st.integers(50, 90), st.integers(1, 40), st.integers(1, 40)),
        min_size=1,
        max_size=4,
    ),
    changed=st.none() | st.integers(0, 3),
)
def test_boxes_in_cells_are_read_back_or_a_problem(rows: list[tuple[int, int, int, int]], changed: int | None) -> None:
    numbers = [[*map(str, row)] for row in rows]
    if changed is not None:
        numbers[0][changed] = "word"
    body = "".join(f'{place},owl,"[{", ".join(some)}]"\n' for place, some in enumerate(numbers))
    table = read_table(b"image_id,label,bbox\n" + body.encode(), "t.csv", None, Asking())
    found = {row.filename: [one.box for one in objects_of(row)] for row in table.rows}
    expected = {str(place): [Box(*row)] for place, row in enumerate(rows)}
    if changed is not None:
        expected["0"] = []
        assert any(not one.harmless and one.line == 2 for one in table.problems)
    assert {name: found.get(name, []) for name in expected} == expected


def test_of_two_columns_the_one_with_names_of_files_names_the_photo() -> None:
    assert labels_in(read("name,file,breed\nAnna,a.jpg,pug\nBo,b.jpg,beagle\n")) == {"a.jpg": "pug", "b.jpg": "beagle"}


def test_a_cell_with_spaces_can_be_one_class(tmp_path: Path) -> None:
    table = "filepaths,labels,data set\na.jpg,ace of clubs,train\nb.jpg,two of clubs,valid\n"
    question = only_question(planned(tmp_path, {**photos("a.jpg", "b.jpg"), "cards.csv": table}))
    assert [one.key for one in question.choices] == ["single", "joined", "whole"]
    assert question.choices[2].rows[0] == ("a.jpg", "ace of clubs")
    plan = planned(tmp_path, {}, {"several-labels": "whole"})
    assert labels(plan) == {"a.jpg": ("ace of clubs", "train"), "b.jpg": ("two of clubs", "val")}
    assert "the column data set of cards.csv gives the split" in remarks(plan)


@pytest.mark.parametrize("header", ["filename,label", "image_id,labels"])
def test_a_list_in_a_cell_is_several_labels_and_a_list_of_one_is_one(tmp_path: Path, header: str) -> None:
    table = f"{header}\na.jpg,\"['owl', 'snowy owl']\"\nb.jpg,['owl']\nc.jpg,[sic]\n"
    question = only_question(planned(tmp_path, {**photos("a.jpg", "b.jpg", "c.jpg"), "train.csv": table}))
    assert question.kind == "several-labels" and "a.jpg: owl, snowy owl" in question.text
    plan = planned(tmp_path, {}, {"several-labels": "single"})
    assert labels(plan) == {"a.jpg": (None, None), "b.jpg": ("owl", None), "c.jpg": ("[sic]", None)}


def test_a_column_called_set_with_other_words_is_no_split() -> None:
    assert [row.split for row in read("id,breed,dataset\na,pug,1\nb,pug,0\n").rows] == [None, None]


def test_a_column_that_the_style_has_not_chosen_is_no_second_class() -> None:
    header = "image_name,patient_id,diagnosis,benign_malignant,target\n"
    table = read(header + "a,p1,nevus,benign,0\nb,p2,melanoma,malignant,1\n")
    assert labels_in(table) == {"a": "nevus", "b": "melanoma"}
    assert any(one.harmless and "unused columns: target" in one.text for one in table.problems)
    third = header + "a,p1,nevus,benign,0\nb,p2,melanoma,malignant,1\nc,p3,unknown,benign,0\n"
    assert labels_in(read(third, {"class-column": "target"})) == {"a": "0", "b": "1", "c": "0"}


def test_the_class_of_boxes_may_stand_in_the_first_column(tmp_path: Path) -> None:
    """The first column was taken for none, and it was asked which column is the class."""
    text = 'label,image_id,bbox\nowl,a,"[1, 1, 30, 30]"\nduck,b,"[20, 20, 15, 15]"\n'
    plan = planned(tmp_path, {**photos("a.png", "b.png"), "train.csv": text}, {"box-corners": "size"})
    assert {name: label for name, (label, _) in labels(plan).items()} == {"a.png": "owl", "b.png": "duck"}
    assert not [one for one in plan.questions if one.kind == "box-class"]
