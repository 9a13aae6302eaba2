"""Names of photos in labels of other tools: found wherever that is certain, and never in a folder of another name."""

import json
import time
from pathlib import Path

import pytest

from core.data.importing.formats.gathering.image_index import ImageIndex, folders_agree, shown_name
from tests.data.importing.formats.small_sets import (
    boxes,
    coco,
    image,
    labels,
    mark,
    photos,
    plan,
    problems,
    put,
    remarks,
    voc,
    voc_object,
)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("001.png", "patient1/001.png"),
        ("patient1/001.png", "patient1/001.png"),
        ("patient1\\001.png", "patient1/001.png"),
        ("./patient1/001.png", "patient1/001.png"),
        ("images/patient1/001.png", "patient1/001.png"),
        ("set/patient1/001.png", "patient1/001.png"),
        ("/home/me/set/patient1/001.png", "patient1/001.png"),
        ("C:\\me\\patient1\\001.png", "patient1/001.png"),
        ("001.png", "001.png"),
        ("anything/001.png", "001.png"),
        ("patient1/001.png", "images/patient1/001.png"),
        ("patient1/001.png", "patient1/images/001.png"),
        ("images/001.png", "photos/001.png"),
        ("/home/me/coco/images/001.png", "images/001.png"),
        ("https://host.org/set/patient1/001.png?size=640", "patient1/001.png"),
        ("patient1/a%20b.png", "patient1/a b.png"),
        ("patient1/001.PNG", "patient1/001.png"),
        ("001", "patient1/001.png"),
        ("patient1/e\u0301.png", "patient1/\u00e9.png"),
        ("a%20b.png", "a%20b.png"),
        ("a b.png", "a%20b.png"),
    ],
)
def test_a_name_finds_its_photo(name: str, file: str) -> None:
    assert ImageIndex([file, "labels.json", "other/x.png"]).find(name, "labels.json") == file


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("patient2/001.png", "patient1/001.png"),
        ("images/patient2/001.png", "images/patient1/001.png"),
        ("patient2/images/001.png", "patient1/images/001.png"),
        ("/home/me/patient2/001.png", "patient1/001.png"),
        ("C:\\patient2\\001.png", "patient1/001.png"),
        ("train/001.png", "val/001.png"),
        ("Patient2/001.png", "patient1/001.png"),
        ("patient2/001", "patient1/001.png"),
        ("patient2/001.PNG", "patient1/001.png"),
        ("https://host.org/patient2/001.png", "patient1/001.png"),
        ("patient2/a%20b.png", "patient1/a b.png"),
        ("patient2/a b.png", "patient1/a%20b.png"),
        ("01.png", "patient1/001.png"),
        ("001.jpg", "patient1/001.png"),
    ],
)
def test_a_name_with_another_folder_is_another_photo(name: str, file: str) -> None:
    pictures = ImageIndex([file, "labels.json", "other/x.png"])
    assert pictures.find(name, "labels.json") is None
    assert "is not among the files" in pictures.missing(name, "labels.json")


@pytest.mark.parametrize("near", ["train/a.json", "train/labels/a.json", "train/annotations/a.xml"])
@pytest.mark.parametrize("name", ["1.png", "./1.png", "images/1.png", "1", "1.PNG"])
@pytest.mark.parametrize("folder", ["train", "train/images", "train/JPEGImages"])
def test_a_name_without_a_folder_is_that_of_a_photo_beside_the_labels(near: str, name: str, folder: str) -> None:
    index = ImageIndex([f"{folder}/2.png", "val/1.png", near])
    assert index.find(name, near) is None
    assert "1.png lies in another folder" in index.missing("1.png", near)
    assert index.find(name, "labels/a.json") == index.find(name, "json/a.json") == "val/1.png"
    assert ImageIndex(["photos/1.png", near]).find(name, near) == "photos/1.png", "there are no photos beside it"
    assert ImageIndex([f"{folder}/2.png", "train/more/1.png", near]).find(name, near) == "train/more/1.png"


def test_a_path_of_another_computer_is_seen_from_the_labels_beside_the_photos() -> None:
    pictures = ImageIndex(["one/labels.json", "one/images/001.png", "two/labels.json", "two/images/001.png"])
    assert pictures.find("/home/me/set/images/001.png", "one/labels.json") == "one/images/001.png"
    assert pictures.find("/home/me/set/images/001.png", "two/labels.json") == "two/images/001.png"


def test_a_name_that_several_photos_have_equally_is_none_of_them() -> None:
    pictures = ImageIndex(["a/001.png", "b/001.png", "train/002.png", "val/002.png", "labels.json"])
    assert pictures.find("001.png", "labels.json") is None
    assert "001.png could be a/001.png, b/001.png" in pictures.missing("001.png", "labels.json")
    assert pictures.find("002.png", "val/labels.json") == "val/002.png"


def test_dots_at_the_start_of_a_name_belong_to_it() -> None:
    pictures = ImageIndex(["a/hidden/1.png", "set/labels/x.json", "set/images/2.png", "images/2.png"])
    assert pictures.find("../images/2.png", "set/labels/x.json") == "set/images/2.png"
    assert pictures.find(".hidden/1.png", "a/x.json") is None
    assert shown_name("../images/2.png", "set/images/2.png") == "images/2.png"
    assert shown_name("https://host/2.png?x=1", "set/images/2.png") == "set/images/2.png"


def test_fifty_thousand_photos_of_one_name_take_seconds() -> None:
    files = [f"scene {number}/frame.jpg" for number in range(50_000)]
    started = time.process_time()
    pictures = ImageIndex([*files, "a/labels.json"])
    assert pictures.find("scene 7/frame.jpg", "a/labels.json") == "scene 7/frame.jpg"
    for number in range(2_000):
        assert pictures.find(f"x/scene {number}/frame.jpg", "a/labels.json") in (None, f"scene {number}/frame.jpg")
        assert pictures.find("frame.jpg", "a/labels.json") is None
    assert time.process_time() - started < 10


def test_folders_agree_where_only_the_kind_of_file_differs() -> None:
    for one, other in (
        ("Annotations/1.xml", "JPEGImages/1.jpg"),
        ("train_xml/1.xml", "train-images/1.jpg"),
        ("1.xml", "dogs/1.jpg"),
        ("set/labels/dogs/1.xml", "set/images/dogs/1.jpg"),
    ):
        assert folders_agree(one, other)
    assert not folders_agree("xml/patient2/1.xml", "images/patient1/1.jpg")
    assert not folders_agree("labels/train/1.xml", "images/val/1.jpg")


def test_the_labels_of_one_patient_do_not_go_to_another_in_any_format(tmp_path: Path) -> None:
    files = photos("patient1/001.png", "patient1/002.png")
    text = coco([image(1, "patient2/001.png")], [mark(1, 1, 1, 1, 2, 30, 40)])
    for name, table in {
        "coco": {"all.json": text},
        "hf": {"metadata.jsonl": json.dumps({"file_name": "patient2/001.png", "label": "sick"})},
    }.items():
        found = plan(put(tmp_path / name, files, table))
        assert set(labels(found).values()) == {None} and not any(boxes(found).values())
        assert any("patient2/001.png is not among the files" in text for text in problems(found)), name


def test_labels_beside_photos_do_not_go_to_a_photo_in_another_folder_in_any_format(tmp_path: Path) -> None:
    """The box of a photo that is missing in train was put on the one of its name in val, without a word."""
    shape = {"label": "owl", "shape_type": "rectangle", "points": [[1, 1], [20, 20]]}
    found = {
        "a.json": coco([image(1, "1.png"), image(2, "2.png")], [mark(1, 1, 1, 1, 1, 9, 9), mark(2, 2, 1, 1, 1, 9, 9)]),
        "1.json": json.dumps({"imagePath": "1.png", "shapes": [shape]}),
        "metadata.csv": "file_name,label\n1.png,owl\n2.png,owl\n",
        "a.csv": "owl,1,1,9,9,1.png,64,48\nowl,1,1,9,9,2.png,64,48\n",
    }
    for name, content in found.items():
        folder = put(tmp_path / name, {**photos("train/2.png", "val/1.png"), f"train/{name}": content})
        made = plan(folder)
        assert {path[-5:]: label is None for path, label in labels(made).items()} == {
            "1.png": True,
            "2.png": name == "1.json",
        }
        assert any("1.png is not among the files (val/1.png lies in another folder)" in one for one in problems(made))


def test_no_two_photos_have_one_name(tmp_path: Path) -> None:
    """The name that a photo had in its labels was the path of another one: both had the boxes of one of them."""
    found = plan(
        put(
            tmp_path,
            photos("x/a/1.png", "a/1.png", "b/1.png"),
            {"x/o.json": coco([image(1, "a/1.png")], [mark(1, 1, 1, 1, 1, 9, 9)])},
            {"a/o.json": coco([image(1, "1.png")], [mark(1, 1, 2, 20, 20, 9, 9)])},
            {"b/o.json": coco([image(1, "1.png")], [])},
        )
    )
    assert boxes(found) == {
        "a/1.png": [("bee", 20, 20, 9, 9)],
        "b/1.png": [],
        "x/a/1.png": [("ant", 1, 1, 9, 9)],
    }


def test_names_that_were_not_taken_literally_are_said(tmp_path: Path) -> None:
    names = ("A%20B.png", "IMG_1.PNG", "0002")
    text = coco(
        [image(number, name) for number, name in enumerate(names, start=1)],
        [mark(number, number, 1, 1, 2, 3, 4) for number in (1, 2, 3)],
    )
    found = plan(put(tmp_path, photos("images/A B.png", "images/img_1.png", "images/0002.png"), {"all.json": text}))
    assert all(boxes(found).values())
    assert problems(found) == [
        "1 name is matched with a photo although only the case differs: IMG_1.PNG with images/img_1.png"
    ]
    assert len(remarks(found)) == 2


def test_a_photo_that_a_name_says_exactly_is_not_that_of_a_missing_one(tmp_path: Path) -> None:
    """a.png is not there: its labels must not go to sub/a.png, which is labelled as well, or said to have no object."""
    text = coco([image(1, "a.png"), image(2, "sub/a.png")], [mark(1, 1, 1, 1, 2, 30, 40)])
    files = {
        "coco": {"all.json": text},
        "hf": {"metadata.jsonl": '{"file_name": "a.png", "label": "ant"}\n{"file_name": "sub/a.png", "label": null}\n'},
        "voc": {"Annotations/a.xml": voc("a.png", voc_object("ant", 1, 2, 30, 40)), "Annotations/sub/a.xml": voc(None)},
    }
    for name, content in files.items():
        place = {"coco": "images/sub/a.png", "hf": "sub/a.png", "voc": "JPEGImages/sub/a.png"}[name]
        found = plan(put(tmp_path / name, photos(place), content))
        assert set(labels(found).values()) == {None} and not any(boxes(found).values()), name
        assert any("a.png is not among the files" in one for one in problems(found)), name


def test_two_names_that_may_be_one_photo_are_a_problem_and_neither_is_used(tmp_path: Path) -> None:
    text = coco([image(1, "x/a.png"), image(2, "y/a.png")], [mark(1, 1, 1, 1, 2, 30, 40)])
    rows = '{"file_name": "x/a.png", "label": "ant"}\n{"file_name": "y/a.png", "label": null}\n'
    for name, content in {"coco": {"all.json": text}, "hf": {"metadata.jsonl": rows}}.items():
        found = plan(put(tmp_path / name, photos("a.png"), content))
        assert labels(found) == {"a.png": None} and not any(boxes(found).values())
        assert sum("may all be a.png; none of them is used" in one for one in problems(found)) == 2, name
    voc_files = {"x/001.xml": voc(None, voc_object("ant", 1, 2, 30, 40)), "y/001.xml": voc(None)}
    found = plan(put(tmp_path / "voc", photos("001.png"), voc_files))
    assert "001.png: it has objects in x/001.xml and none in y/001.xml; the objects are used" in problems(found)
