"""What the folders of a table's photos say: their splits are taken, and what contradicts the labels is said."""

from pathlib import Path

import pytest

from core.data.importing.plan_import import plan_folder
from tests.data.importing.formats.csv_styles.tables import Files, labels, photos, planned, problems, remarks

SPLIT_PHOTOS = ("train/1.png", "train/2.png", "val/3.png")
IN_SPLITS = {"train/1.png": ("cat", "train"), "train/2.png": ("dog", "train"), "val/3.png": ("cat", "val")}


# Splits


@pytest.mark.parametrize(
    "table",
    [
        "filename,label\n1.png,cat\n2.png,dog\n3.png,cat\n",
        "filename,label\ntrain/1.png,cat\ntrain/2.png,dog\nval/3.png,cat\n",
        "id,breed\n1,cat\n2,dog\n3,cat\n",
        "image,cat,dog\n1.png,1,0\n2.png,0,1\n3.png,1,0\n",
        "train/1.png,1,2,11,12,cat\ntrain/2.png,3,4,33,14,dog\nval/3.png,5,5,30,9,cat\n",
    ],
    ids=["names", "paths", "kaggle", "one-hot", "retinanet"],
)
def test_a_table_without_splits_has_those_of_the_folders(tmp_path: Path, table: str) -> None:
    files: Files = {**photos(*SPLIT_PHOTOS), "labels.csv": table, "classes.csv": "cat,0\ndog,1\n"}
    plan = planned(tmp_path, files)
    assert labels(plan) == IN_SPLITS
    assert "the folders train, val give the splits" in remarks(plan)
    assert not problems(plan) and not plan.questions


def test_the_sample_of_mnist_has_its_splits(tmp_path: Path) -> None:
    names = ("train/3/1.png", "train/7/2.png", "valid/3/3.png", "valid/7/4.png")
    rows = "".join(f"{name},{0 if '/3/' in name else 1}\n" for name in names)
    files: Files = {f"mnist/{name}": data for name, data in photos(*names).items()}
    plan = planned(tmp_path, {**files, "mnist/labels.csv": f"name,label\n{rows}"})
    assert labels(plan) == {
        "train/3/1.png": ("0", "train"),
        "train/7/2.png": ("1", "train"),
        "valid/3/3.png": ("0", "val"),
        "valid/7/4.png": ("1", "val"),
    }
    assert "the folders train, valid give the splits" in remarks(plan)


def test_a_given_table_has_the_splits_of_the_folders_too(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    planned(folder, photos(*SPLIT_PHOTOS))
    plan = plan_folder(folder, b"filename,label\n1.png,cat\n2.png,dog\n3.png,cat\n")
    assert labels(plan) == IN_SPLITS


def test_a_table_with_splits_counts_and_how_many_differ_is_a_problem(tmp_path: Path) -> None:
    table = "filename,label,split\ntrain/1.png,cat,val\ntrain/2.png,dog,train\nval/3.png,cat,\n"
    plan = planned(tmp_path, {**photos(*SPLIT_PHOTOS), "labels.csv": table})
    assert labels(plan) == {
        "train/1.png": ("cat", "val"),
        "train/2.png": ("dog", "train"),
        "val/3.png": ("cat", "val"),
    }
    assert problems(plan) == [
        "1 photo lies in the folder of another split than the table says, such as train/1.png, which is in val by the "
        "table; the table counts"
    ]
    assert "the folder val gives the split" in remarks(plan)


def test_a_table_that_agrees_with_the_folders_needs_no_word(tmp_path: Path) -> None:
    table = "filename,label,split\ntrain/1.png,cat,train\ntrain/2.png,dog,train\nval/3.png,cat,valid\n"
    plan = planned(tmp_path, {**photos(*SPLIT_PHOTOS), "labels.csv": table})
    assert labels(plan) == IN_SPLITS and plan.problems == ()


def test_photos_in_other_folders_get_no_split_and_that_is_said(tmp_path: Path) -> None:
    table = "filename,label\n1.png,cat\n2.png,dog\n3.png,cat\n4.png,cat\n"
    plan = planned(tmp_path, {**photos(*SPLIT_PHOTOS, "more/4.png"), "labels.csv": table})
    assert labels(plan) == {**IN_SPLITS, "more/4.png": ("cat", None)}
    assert "the folders train, val give the splits; 1 photo in no such folder gets none" in remarks(plan)


@pytest.mark.parametrize("folders", [("cat", "dog"), ("train", "bus")], ids=["classes", "a class called train"])
def test_class_folders_give_no_split(tmp_path: Path, folders: tuple[str, str]) -> None:
    table = "".join(f"{number}.png,{folder}\n" for number, folder in enumerate(folders))
    files = photos(*(f"{folder}/{number}.png" for number, folder in enumerate(folders)))
    plan = planned(tmp_path, {**files, "labels.csv": f"filename,label\n{table}"})
    assert {split for _, split in labels(plan).values()} == {None} and plan.problems == ()


# Photos that the table leaves out

DOGS = "id,breed\n1,dingo\n2,pug\n"


def test_test_photos_of_which_the_table_names_none_are_one_remark(tmp_path: Path) -> None:
    files: Files = {**photos("train/1.png", "train/2.png", "test/7.png", "test/8.png"), "labels.csv": DOGS}
    plan = planned(tmp_path, files)
    assert labels(plan) == {
        "train/1.png": ("dingo", "train"),
        "train/2.png": ("pug", "train"),
        "test/7.png": (None, "test"),
        "test/8.png": (None, "test"),
    }
    assert problems(plan) == []
    assert "2 photos in test have no row; they are imported without a label" in remarks(plan)


def test_a_photo_is_a_problem_where_the_table_names_others_of_its_folder(tmp_path: Path) -> None:
    files: Files = {**photos("train/1.png", "test/2.png", "test/8.png"), "labels.csv": DOGS}
    assert problems(planned(tmp_path, files)) == ["test/8.png has no usable row in the table, so it has no label"]
    files = {**photos("train/1.png", "train/2.png", "test/8.png"), "labels.csv": f"{DOGS}test/9.png,pug\n"}
    plan = planned(tmp_path / "gone", files)
    assert "test/8.png has no usable row in the table, so it has no label" in problems(plan)


def test_a_photo_of_the_training_folder_without_a_row_stays_a_problem(tmp_path: Path) -> None:
    files: Files = {**photos("train/1.png", "train/2.png", "train/3.png", "test/8.png"), "labels.csv": DOGS}
    assert problems(planned(tmp_path, files)) == ["train/3.png has no usable row in the table, so it has no label"]


def test_photos_that_a_list_without_labels_names_are_one_remark(tmp_path: Path) -> None:
    files: Files = photos("images/Train_0.png", "images/Train_1.png", "images/Test_0.png", "images/Test_1.png")
    files |= {
        "train.csv": "image_id,healthy,rust\nTrain_0,0,1\nTrain_1,1,0\n",
        "test.csv": "image_id\nTest_0\nTest_1\n",
    }
    files |= {"sample_submission.csv": "image_id,healthy,rust\nTest_0,0.5,0.5\nTest_1,0.5,0.5\n"}
    plan = planned(tmp_path, files)
    assert labels(plan)["images/Train_0.png"] == ("rust", None) and labels(plan)["images/Test_0.png"] == (None, None)
    assert problems(plan) == []
    assert "2 photos that test.csv lists have no row; they are imported without a label" in remarks(plan)


# Folders that contradict the labels


def test_photos_in_the_folder_of_another_class_are_one_remark(tmp_path: Path) -> None:
    table = "filename,label\ncat/1.png,dog\ndog/2.png,cat\ncat/3.png,cat\n"
    plan = planned(tmp_path, {**photos("cat/1.png", "dog/2.png", "cat/3.png"), "labels.csv": table})
    assert labels(plan)["cat/1.png"] == ("dog", None) and problems(plan) == []
    assert remarks(plan) == (
        "2 photos lie in a folder with the name of another class, such as cat/1.png, which is labelled dog; the labels "
        "count"
    )


def test_a_folder_that_contradicts_a_data_set_is_said_too(tmp_path: Path) -> None:
    xml = (
        "<annotation><filename>1.png</filename><size><width>40</width><height>20</height></size><object><name>{}</name>"
    )
    xml += "<bndbox><xmin>2</xmin><ymin>2</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></object></annotation>"
    files: Files = {**photos("cat/1.png", "dog/2.png"), "cat/1.xml": xml.format("dog")}
    files |= {"dog/2.xml": xml.format("dog").replace("1.png", "2.png")}
    assert "another class" not in remarks(planned(tmp_path / "one", files)), "no photo is labelled cat"
    files |= {"dog/2.xml": xml.format("cat").replace("1.png", "2.png")}
    assert "2 photos lie in a folder with the name of another class" in remarks(planned(tmp_path / "two", files))


def test_folders_that_are_no_other_class_need_no_word(tmp_path: Path) -> None:
    table = "filename,label\nday 1/1.png,dog\nDog/2.png,dog\nowl/3.png,cat\n"
    plan = planned(tmp_path, {**photos("day 1/1.png", "Dog/2.png", "owl/3.png"), "labels.csv": table})
    assert plan.problems == ()
