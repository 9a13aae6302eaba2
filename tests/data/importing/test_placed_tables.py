"""Tables of labels in a folder beside the photos: used as one on top would be, and never left out in silence."""

import io
import zipfile
from pathlib import Path

import pytest

from core.data.importing.plan_import import Upload, plan_folder, plan_uploads, plan_zip
from core.errors import LabelsError
from tests.data.importing.formats.csv_styles.tables import (
    Files,
    boxes,
    labels,
    only_question,
    photo,
    photos,
    planned,
    problems,
    remarks,
)

ROWS = "filename,label\n1.png,cat\n2.png,dog\n3.png,cat\n"
TENSORFLOW = (
    "filename,width,height,class,xmin,ymin,xmax,ymax\n"
    "1.png,40,20,cat,1,2,11,12\n2.png,40,20,dog,3,4,33,14\n3.png,40,20,cat,5,5,15,15\n"
)
IN_IMAGES = ("images/1.png", "images/2.png", "images/3.png")
CATS_AND_DOGS = {
    "images/1.png": ("cat", None),
    "images/2.png": ("dog", None),
    "images/3.png": ("cat", None),
}


@pytest.mark.parametrize("path", ["data/train_labels.csv", "annotations/labels.csv", "a/b/c/table.csv"])
def test_the_only_table_is_used_wherever_it_lies(tmp_path: Path, path: str) -> None:
    plan = planned(tmp_path, {**photos(*IN_IMAGES), path: TENSORFLOW})
    assert labels(plan) == CATS_AND_DOGS
    assert boxes(plan)["images/2.png"] == [("dog", 3, 4, 30, 10)]
    assert f"the labels come from {path}" in remarks(plan)
    assert not problems(plan) and not plan.questions and not plan.refused


def test_a_zip_with_a_folder_around_everything_is_read_in_the_same_way(tmp_path: Path) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in {**photos(*IN_IMAGES), "data/labels.csv": ROWS}.items():
            archive.writestr(f"set/{name}", content)
    assert labels(plan_zip(data, "set.zip")) == CATS_AND_DOGS
    data.seek(0)
    assert labels(plan_uploads([Upload("set.zip", data)])) == CATS_AND_DOGS


def test_folders_of_photos_are_no_classes_where_a_table_names_the_photos(tmp_path: Path) -> None:
    files: Files = {**photos("images/a/2.png", "images/b/1.png", "images/b/3.png"), "annotations/labels.csv": ROWS}
    plan = planned(tmp_path, files)
    assert labels(plan) == {
        "images/a/2.png": ("dog", None),
        "images/b/1.png": ("cat", None),
        "images/b/3.png": ("cat", None),
    }
    assert not problems(plan) and not plan.questions


def test_which_of_two_tables_in_folders_counts_is_asked(tmp_path: Path) -> None:
    files: Files = {**photos(*IN_IMAGES), "old/labels.csv": ROWS, "new/labels.csv": ROWS.replace("dog", "fox")}
    plan = planned(tmp_path, files)
    question = only_question(plan)
    assert question.kind == "which-table"
    assert [one.key for one in question.choices] == ["new/labels.csv", "old/labels.csv"]
    assert not problems(plan), "what is asked about is no problem too"
    assert labels(planned(tmp_path, {}, {"which-table": "old/labels.csv"})) == CATS_AND_DOGS
    plan = planned(tmp_path, {}, {"which-table": "new/labels.csv"})
    assert labels(plan)["images/2.png"] == ("fox", None) and not problems(plan)


def test_tables_of_splits_in_a_folder_can_be_taken_together(tmp_path: Path) -> None:
    files: Files = photos("images/train/1.png", "images/train/2.png", "images/test/3.png")
    files |= {"data/train_labels.csv": "filename,label\n1.png,cat\n2.png,dog\n"}
    files |= {"data/test_labels.csv": "filename,label\n3.png,cat\n"}
    assert only_question(planned(tmp_path, files)).choices[0].key == "all"
    plan = planned(tmp_path, {}, {"which-table": "all"})
    assert labels(plan) == {
        "images/train/1.png": ("cat", "train"),
        "images/train/2.png": ("dog", "train"),
        "images/test/3.png": ("cat", "test"),
    }
    assert not problems(plan)


def test_a_table_on_top_and_one_in_a_folder_are_asked_about(tmp_path: Path) -> None:
    files: Files = {**photos(*IN_IMAGES), "a.csv": ROWS, "more/b.csv": ROWS.replace("dog", "fox")}
    assert [one.key for one in only_question(planned(tmp_path, files)).choices] == ["a.csv", "more/b.csv"]
    assert labels(planned(tmp_path, {}, {"which-table": "a.csv"})) == CATS_AND_DOGS


def test_labels_csv_on_top_counts_and_a_table_that_differs_is_a_problem(tmp_path: Path) -> None:
    files: Files = {
        **photos(*IN_IMAGES),
        "labels.csv": ROWS,
        "old/b.csv": ROWS.replace("dog", "fox"),
        "copy/c.csv": ROWS,
    }
    plan = planned(tmp_path, files)
    assert labels(plan) == CATS_AND_DOGS and not plan.questions
    assert problems(plan) == [
        "old/b.csv has labels of 3 photos, but is not used, because labels.csv counts; delete the one that is wrong"
    ]
    assert "copy/c.csv is not used; what it says is the same" in remarks(plan)


def test_a_template_and_a_list_of_classes_are_no_problem(tmp_path: Path) -> None:
    files: Files = {**photos(*IN_IMAGES), "labels.csv": ROWS, "kaggle/sample_submission.csv": "id,label\n1,cat\n"}
    files |= {"kaggle/classes.csv": "id,label\n0,cat\n9,dog\n", "runs/results.csv": "epoch,loss\n0,1.5\n"}
    plan = planned(tmp_path, files)
    assert labels(plan) == CATS_AND_DOGS and problems(plan) == []
    assert "kaggle/sample_submission.csv is not used, because its name says" in remarks(plan)


def test_a_table_of_photos_that_are_not_there_is_a_problem_with_its_name(tmp_path: Path) -> None:
    files: Files = {**photos("owl/a.png", "duck/b.png"), "owl/notes.csv": "filename,label\nx.png,fox\ny.png,fox\n"}
    plan = planned(tmp_path, files)
    assert {one.label for one in plan.candidates} == {"owl", "duck"}
    assert problems(plan) == [
        "owl/notes.csv has labels, but none of its rows names a photo, such as x.png; correct the names, or delete the "
        "table"
    ]


def test_a_labels_csv_in_a_folder_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    plan = planned(tmp_path, {**photos("owl/a.png", "duck/b.png"), "data/labels.csv": "filename,author\na.png,Ann\n"})
    [text] = problems(plan)
    assert text.startswith("data/labels.csv is not used: ") and "has the columns filename, author" in text


def test_a_table_beside_a_data_set_is_a_problem_unless_it_says_the_same(tmp_path: Path) -> None:
    tasks = '{"images": [{"id": 1, "file_name": "1.png", "width": 40, "height": 20}], '
    tasks += '"annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 10, 10]}], '
    tasks += '"categories": [{"id": 1, "name": "cat"}]}'
    files: Files = {**photos("images/1.png"), "coco.json": tasks, "other/b.csv": "filename,label\n1.png,dog\n"}
    plan = planned(tmp_path, files)
    assert [label for label, _ in labels(plan).values()] == ["cat"]
    assert any(one.startswith("other/b.csv has labels of 1 photo, but is not used") for one in problems(plan))
    plan = planned(tmp_path, {"other/b.csv": "filename,label\n1.png,cat\n"})
    assert not problems(plan)


def test_rows_are_read_from_the_folder_of_their_table_on(tmp_path: Path) -> None:
    names = ("images/1.png", "old/images/1.png", "old/2.png", "2.png")
    files: Files = {**photos(*names), "data/labels.csv": "filename,label\n../images/1.png,cat\n../old/2.png,dog\n"}
    plan = planned(tmp_path, files)
    assert labels(plan)["images/1.png"] == ("cat", None) and labels(plan)["old/2.png"] == ("dog", None)
    assert labels(plan)["old/images/1.png"] == (None, None) and labels(plan)["2.png"] == (None, None)


def test_a_row_that_says_another_folder_is_asked_about_as_on_top(tmp_path: Path) -> None:
    files: Files = {**photos("a/1.png", "b/2.png"), "data/t.csv": "filename,label\nx/1.png,cat\nx/2.png,dog\n"}
    assert only_question(planned(tmp_path, files)).kind == "folders"
    assert labels(planned(tmp_path, {}, {"folders": "match"})) == {"a/1.png": ("cat", None), "b/2.png": ("dog", None)}


def test_a_group_column_that_the_table_lacks_is_an_error_as_on_top(tmp_path: Path) -> None:
    planned(tmp_path, {**photos(*IN_IMAGES), "data/labels.csv": ROWS})
    with pytest.raises(LabelsError, match="has no free column day"):
        plan_folder(tmp_path, group_column="day")


def test_an_uploaded_table_that_is_not_used_is_a_problem() -> None:
    tables = {"labels.csv": "filename,label\na.png,owl\n", "all.csv": "filename,label\na.png,duck\n"}
    uploads = [
        Upload("a.png", io.BytesIO(photo())),
        *(Upload(name, io.BytesIO(text.encode())) for name, text in tables.items()),
    ]
    plan = plan_uploads(uploads)
    assert labels(plan) == {"a.png": ("owl", None)}
    assert problems(plan) == [
        "all.csv has labels of 1 photo, but is not used, because labels.csv counts; delete the one that is wrong"
    ]
