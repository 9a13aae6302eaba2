"""Splits in the names of folders and files of labels: what only contains the word of a split is none in silence."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.data.importing.formats.small_sets import (
    Content,
    coco,
    image,
    labels,
    mark,
    photos,
    plan,
    problems,
    put,
    questions,
    remarks,
    splits,
    voc,
    voc_object,
)

Make = Callable[[str, str], Content]


def of_coco(folder: str, name: str) -> Content:
    content = coco([image(1, f"{name}.png")], [mark(1, 1, 1, 1, 2, 10, 10)])
    return {**photos(f"{folder}images/{name}.png"), f"{folder}annotations/{name}.json": content}


def of_yolo(folder: str, name: str) -> Content:
    lines = {f"{folder}labels/{name}.txt": "0 0.5 0.5 0.5 0.5\n", f"{folder}classes.txt": "ant\n"}
    return {**photos(f"{folder}images/{name}.png"), **lines}


def of_voc(folder: str, name: str) -> Content:
    xml = voc(f"{name}.png", voc_object("ant", 1, 2, 20, 30))
    return {**photos(f"{folder}JPEGImages/{name}.png"), f"{folder}Annotations/{name}.xml": xml}


def of_hugging_face(folder: str, name: str) -> Content:
    return {**photos(f"{folder}{name}.png"), f"{folder}metadata.csv": f"file_name,label\n{name}.png,ant\n"}


def of_label_studio(folder: str, name: str) -> Content:
    result = [{"type": "choices", "value": {"choices": ["ant"]}}]
    task = json.dumps([{"data": {"image": f"/data/upload/{name}.png"}, "annotations": [{"result": result}]}])
    return {**photos(f"{folder}{name}.png", f"{folder}other.png"), f"{folder}tasks.json": task}


MAKES = {
    "COCO": of_coco,
    "YOLO": of_yolo,
    "VOC": of_voc,
    "Hugging Face": of_hugging_face,
    "Label Studio": of_label_studio,
}


@pytest.mark.parametrize("around", ["test_project/", "dev_kit/", "work/test_project/v1/"])
@pytest.mark.parametrize("kind", MAKES)
def test_the_name_of_the_whole_data_set_is_no_split(tmp_path: Path, kind: str, around: str) -> None:
    found = plan(put(tmp_path, MAKES[kind](around, "1")))
    assert {*splits(found).values()} == {None} and "ant" in labels(found).values()
    assert not found.questions and not problems(found)
    folder = around.removesuffix("/").removesuffix("/v1")
    assert any(f"the folder {folder} around all files gives no split" in text for text in remarks(found))


@pytest.mark.parametrize("kind", ["COCO", "YOLO", "VOC", "Hugging Face"])
def test_one_folder_around_everything_that_is_a_split_is_said(tmp_path: Path, kind: str) -> None:
    found = plan(put(tmp_path, MAKES[kind]("train/", "1")))
    assert splits(found).popitem()[1] == "train" and not found.questions
    assert any("all files lie in the folder train, so it gives the split train" in text for text in remarks(found))


@pytest.mark.parametrize("around", ["training_data/", "seg_train/", "train2017/"])
@pytest.mark.parametrize("kind", ["COCO", "YOLO", "VOC", "Hugging Face"])
def test_a_folder_around_everything_that_may_be_a_split_is_asked(tmp_path: Path, kind: str, around: str) -> None:
    content = MAKES[kind](around, "1")
    found = plan(put(tmp_path, content))
    assert splits(found).popitem()[1] is None and len(questions(found)) == 1
    assert questions(found)[0] == f"split-folder:{around[:-1]}"
    assert splits(plan(tmp_path, {"split-folder": "split"})).popitem()[1] == "train"
    assert splits(plan(tmp_path, {"split-folder": "nothing"})).popitem()[1] is None


def test_a_folder_among_others_whose_name_contains_the_word_is_asked(tmp_path: Path) -> None:
    """images/test_tubes put its photos into the test split."""
    files: Content = {
        **photos("images/test_tubes/1.png", "images/flasks/2.png"),
        **{f"labels/{name}.txt": "0 0.5 0.5 0.5 0.5\n" for name in ("test_tubes/1", "flasks/2")},
        "classes.txt": "ant\n",
    }
    found = plan(put(tmp_path, files))
    assert splits(found) == {"test_tubes/1.png": None, "flasks/2.png": None}
    assert questions(found) == ["split-folder:images/test_tubes"]
    found = plan(tmp_path, {"split-folder:images/test_tubes": "split"})
    assert splits(found) == {"1.png": "test", "flasks/2.png": None}


@pytest.mark.parametrize("two", [("seg_train", "seg_test"), ("train2017", "val2017"), ("birds_train", "birds_dev")])
def test_known_names_and_names_that_differ_only_by_the_split_are_splits(tmp_path: Path, two: tuple[str, str]) -> None:
    files: Content = {
        **photos(*(f"images/{name}/{name}.png" for name in two)),
        **{f"labels/{name}/{name}.txt": "0 0.5 0.5 0.5 0.5\n" for name in two},
        "classes.txt": "ant\n",
    }
    found = plan(put(tmp_path, files))
    assert not found.questions and None not in splits(found).values() and len({*splits(found).values()}) == 2


@pytest.mark.parametrize(("name", "split"), [("instances_train2017", "train"), ("person_keypoints_val2017", "val")])
def test_names_of_exports_are_splits(tmp_path: Path, name: str, split: str) -> None:
    content = coco([image(1, "1.png")], [])
    found = plan(put(tmp_path, photos("images/1.png"), {f"annotations/{name}.json": content}))
    assert splits(found) == {"images/1.png": split} or splits(found) == {"1.png": split}
    assert not found.questions


def test_a_file_of_labels_whose_name_contains_the_word_is_asked(tmp_path: Path) -> None:
    files: Content = {**photos("images/1.png"), "test_tubes.json": coco([image(1, "1.png")], [])}
    found = plan(put(tmp_path, files))
    assert questions(found) == ["split-folder:test_tubes.json"] and splits(found).popitem()[1] is None


def test_thousands_of_such_folders_are_not_all_asked(tmp_path: Path) -> None:
    words = [f"test_{chr(97 + number // 26)}{chr(97 + number % 26)}x" for number in range(60)]
    files: Content = {
        **photos(*(f"images/{word}/{word}.png" for word in words)),
        **{f"labels/{word}/{word}.txt": "0 0.5 0.5 0.5 0.5\n" for word in words},
        "classes.txt": "ant\n",
    }
    found = plan(put(tmp_path, files))
    assert len(questions(found)) == 20
    assert any("other names that only contain the word of a split give none" in text for text in remarks(found))


def test_tables_of_photos_are_splits_by_their_names_only_where_these_say_nothing_else(tmp_path: Path) -> None:
    def tables(*names: str) -> Content:
        rows = {f"{name}.csv": f"filename,label\n{number}.png,ant\n" for number, name in enumerate(names)}
        return {**photos("0.png", "1.png"), **rows}

    use = {"which-table": "all"}
    assert splits(plan(put(tmp_path / "a", tables("test_tubes", "flasks")), use)) == {"0.png": None, "1.png": None}
    assert splits(plan(put(tmp_path / "b", tables("birds_train", "birds_val")), use)) == {
        "0.png": "train",
        "1.png": "val",
    }


def test_one_thing_and_several_are_said_right(tmp_path: Path) -> None:
    files: Content = {"classes.txt": "ant\n", "labels/1.txt": "3 0.5 0.5 0.5 0.5\n0 0.5\n"}
    said = " ".join(problems(plan(put(tmp_path, photos("images/1.png"), files))))
    assert "in the list of 1 class;" in said and "1 number after the class" in said
