"""Tables whose rows fit photos in several folders: each is about the photos in its own, or the person is asked."""

from pathlib import Path

import pytest

from core.data.importing.plan_import import plan_folder
from tests.data.importing.formats.csv_styles.tables import (
    Files,
    labels,
    only_question,
    photos,
    planned,
    problems,
    remarks,
)

ONE = "filename,label\n1.png,cat\n2.png,dog\n"
OTHER = "filename,label\n1.png,fox\n2.png,owl\n"


def both(train: str, test: str) -> dict[str, tuple[str | None, str | None]]:
    """The labels where each table is about its own folder."""
    return {
        f"{train}/1.png": ("cat", "train"),
        f"{train}/2.png": ("dog", "train"),
        f"{test}/1.png": ("fox", "test"),
        f"{test}/2.png": ("owl", "test"),
    }


def in_folders(*folders: str) -> Files:
    return photos(*(f"{folder}/{name}" for folder in folders for name in ("1.png", "2.png")))


@pytest.mark.parametrize("deeper", ["", "/images", "/images/a"])
@pytest.mark.parametrize("other", [OTHER, ONE.replace("cat", "fox").replace("dog", "owl")])
def test_a_table_in_each_folder_is_about_the_photos_there(tmp_path: Path, deeper: str, other: str) -> None:
    files = {**in_folders(f"train{deeper}", f"test{deeper}"), "train/labels.csv": ONE, "test/labels.csv": other}
    plan = planned(tmp_path, files)
    assert labels(plan) == both(f"train{deeper}", f"test{deeper}")
    assert not problems(plan) and not plan.questions


@pytest.mark.parametrize("deeper", ["", "/images"])
def test_equal_tables_in_two_folders_are_about_different_photos(tmp_path: Path, deeper: str) -> None:
    files = {**in_folders(f"a{deeper}", f"b{deeper}"), "a/labels.csv": ONE, "b/labels.csv": ONE}
    plan = planned(tmp_path, files)
    assert labels(plan) == {
        f"{folder}{deeper}/{name}": (label, None)
        for folder in "ab"
        for name, label in (("1.png", "cat"), ("2.png", "dog"))
    }
    assert not problems(plan) and not plan.questions


@pytest.mark.parametrize("names", [("train.csv", "test.csv"), ("train_labels.csv", "labels-test.csv")])
@pytest.mark.parametrize("folders", [("train", "test"), ("images/train", "images/test"), ("seg_train", "seg_test")])
def test_tables_on_top_are_about_the_folders_that_they_are_called_like(
    tmp_path: Path, names: tuple[str, str], folders: tuple[str, str]
) -> None:
    files = {**in_folders(*folders), names[0]: ONE, names[1]: OTHER}
    question = only_question(planned(tmp_path, files))
    assert question.kind == "which-table" and question.choices[0].key == "all"
    plan = planned(tmp_path, {}, {"which-table": "all"})
    assert labels(plan) == both(*folders)
    assert not problems(plan) and not plan.questions
    assert f"2 rows fit photos in several folders; those in {folders[0]} are taken" in remarks(plan)


def test_one_of_two_tables_is_about_its_folder_too(tmp_path: Path) -> None:
    files = {**in_folders("train", "test"), "train.csv": ONE, "test.csv": OTHER}
    planned(tmp_path, files)
    found = labels(planned(tmp_path, {}, {"which-table": "train.csv"}))
    assert {path: label for path, (label, _) in found.items()} == {
        "train/1.png": "cat",
        "train/2.png": "dog",
        "test/1.png": None,
        "test/2.png": None,
    }


def test_tables_whose_names_say_no_folder_are_asked_about_one_by_one(tmp_path: Path) -> None:
    files = {**in_folders("left", "right"), "a.csv": ONE, "b.csv": OTHER}
    plan = planned(tmp_path, files)
    assert only_question(plan).kind == "which-table"
    plan = planned(tmp_path, {}, {"which-table": "all"})
    assert [one.id for one in plan.questions] == ["photo-folder:a.csv", "photo-folder:b.csv"]
    first = plan.questions[0]
    assert [one.key for one in first.choices] == ["left", "right", "leave"]
    assert first.choices[1].rows == (("right/1.png", "cat"), ("right/2.png", "dog"))
    answers = {"which-table": "all", "photo-folder:a.csv": "right", "photo-folder:b.csv": "left"}
    plan = planned(tmp_path, {}, answers)
    assert {path: label for path, (label, _) in labels(plan).items()} == {
        "right/1.png": "cat",
        "right/2.png": "dog",
        "left/1.png": "fox",
        "left/2.png": "owl",
    }
    assert not problems(plan) and not plan.questions and not plan.unused_answers
    plan = planned(tmp_path, {}, {**answers, "photo-folder:b.csv": "leave"})
    assert labels(plan)["left/1.png"] == (None, None)


def test_equal_tables_whose_photos_are_unclear_are_not_taken_as_one(tmp_path: Path) -> None:
    plan = planned(tmp_path, {**in_folders("left", "right"), "a.csv": ONE, "b.csv": ONE})
    assert only_question(plan).kind == "which-table"


def test_a_photo_that_its_own_folder_lacks_is_not_one_of_that_name_in_another(tmp_path: Path) -> None:
    files = {**photos("train/1.png", "train/2.png", "test/3.png"), "train/labels.csv": ONE + "3.png,owl\n"}
    plan = planned(tmp_path, files)
    assert labels(plan)["test/3.png"] == (None, "test")
    assert only_question(plan).kind == "folders"


@pytest.mark.parametrize("place", ["train/labels.csv", "train.csv"])
def test_a_table_that_is_given_is_about_its_folder(tmp_path: Path, place: str) -> None:
    planned(tmp_path, {**in_folders("train", "test"), place: ONE})
    plan = plan_folder(tmp_path, tmp_path / place)
    assert labels(plan)["train/1.png"] == ("cat", "train") and labels(plan)["test/1.png"] == (None, "test")
