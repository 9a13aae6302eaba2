"""The settings of YOLO data sets under any name: Ultralytics' YAML, Darknet's obj.data, Roboflow's lists of classes."""

from pathlib import Path

import pytest

from core.data.importing.formats.reading.yolo_classes import LISTS
from core.errors import LabelsError
from tests.data.importing.formats.small_sets import labels, photos, plan, problems, put, questions, splits

LINE = "{} 0.5 0.5 0.5 0.5\n"
SETTINGS = (
    "path: ../datasets/coco8 # root\ntrain: images/train\nval: images/val\ntest: # none\n\nnames:\n  0: ant\n  1: bee\n"
)


def two_splits() -> dict[str, str | bytes]:
    lines = {"labels/train/a.txt": LINE.format(0), "labels/val/b.txt": LINE.format(1)}
    return {**photos("images/train/a.png", "images/val/b.png"), **lines}


@pytest.mark.parametrize("name", ["coco8.yaml", "custom_data.yaml", "my set.YML", "sets/birds.yml"])
def test_settings_may_have_any_name(tmp_path: Path, name: str) -> None:
    found = plan(put(tmp_path, two_splits(), {name: SETTINGS}))
    assert labels(found) == {"a.png": "ant", "b.png": "bee"} and splits(found) == {"a.png": "train", "b.png": "val"}
    assert not found.refused and not found.questions and not problems(found)


def test_a_list_of_names_and_their_count_are_settings_too(tmp_path: Path) -> None:
    found = plan(put(tmp_path, two_splits(), {"birds.yaml": "nc: 2\nnames: [ant, bee]\n"}))
    assert labels(found) == {"a.png": "ant", "b.png": "bee"} and not found.refused


@pytest.mark.parametrize(
    "content",
    ["names: [x, y]\n", "train: images/train\n", "- names\n- train\n", "names: text\ntrain: x\n", "a: *b\n", "\0\1"],
)
def test_other_yaml_files_are_left_alone(tmp_path: Path, content: str) -> None:
    found = plan(put(tmp_path, two_splits(), {"data.yaml": SETTINGS, "other.yaml": content}))
    assert labels(found) == {"a.png": "ant", "b.png": "bee"} and not found.questions and not problems(found)
    assert [one.name for one in found.refused] == ["other.yaml"]


def test_settings_that_cannot_be_read_are_a_problem_under_any_name(tmp_path: Path) -> None:
    wrong = {"birds.yaml": "train: images/train\nnames: &a [ant, bee]\n"}
    with pytest.raises(LabelsError, match=r"birds\.yaml cannot be used, because it uses aliases or anchors"):
        plan(put(tmp_path, two_splits(), wrong))


def test_two_settings_that_differ_are_asked(tmp_path: Path) -> None:
    more = {"data.yaml": SETTINGS, "other.yaml": "train: images/train\nnames: [bee, ant]\n"}
    assert questions(plan(put(tmp_path, two_splits(), more))) == [LISTS]


def test_darknet_lists_of_roboflow_are_class_lists(tmp_path: Path) -> None:
    files = {
        **photos("train/a.png", "valid/b.png"),
        "train/a.txt": LINE.format(0),
        "valid/b.txt": LINE.format(1),
        "train/_darknet.labels": "ant\nbee",
        "valid/_darknet.labels": "ant\nbee",
        "README.roboflow.txt": "Exported by Roboflow\n",
        "README.dataset.txt": "Birds\n",
    }
    found = plan(put(tmp_path, files))
    assert [(one.label, one.split) for one in found.candidates] == [("ant", "train"), ("bee", "val")]
    assert not found.refused and not found.questions and not problems(found)


DARKNET = "classes = 2\ntrain  = data/train.txt\nvalid  = data/test.txt\nnames = data/obj.names\nbackup = backup/\n"


def darknet(data: str = DARKNET, names: str = "obj.names") -> dict[str, str | bytes]:
    return {
        **photos("data/obj/a.png", "data/obj/b.png"),
        "data/obj/a.txt": LINE.format(0),
        "data/obj/b.txt": LINE.format(1),
        "data/obj.data": data,
        f"data/{names}": "ant\nbee\n",
        "data/train.txt": "data/obj/a.png\n",
        "data/test.txt": "data/obj/b.png\n",
    }


def test_valid_of_darknet_is_the_validation_set_whatever_its_list_is_called(tmp_path: Path) -> None:
    """A list that is called test.txt made it the test set."""
    found = plan(put(tmp_path, darknet()))
    assert [(one.label, one.split) for one in found.candidates] == [("ant", "train"), ("bee", "val")]
    assert not found.refused and not found.questions and not problems(found)


def test_lists_that_darknet_names_may_have_any_name(tmp_path: Path) -> None:
    files = darknet("names=data/birds.list\nvalid=data/second.lst\n", "birds.list")
    files["data/second.lst"] = files.pop("data/test.txt")
    found = plan(put(tmp_path, files))
    assert [(one.label, one.split) for one in found.candidates] == [("ant", "train"), ("bee", "val")]
    assert not found.refused and not found.questions


def test_another_count_of_classes_than_the_list_has_is_a_problem(tmp_path: Path) -> None:
    found = plan(put(tmp_path, darknet(DARKNET.replace("classes = 2", "classes = 3"))))
    assert problems(found) == ["data/obj.data: it says 3 classes (classes), and data/obj.names names 2"]


@pytest.mark.parametrize("content", ["1.5 2.5\n", "names\n", "a = b\n", "x" * 100_000, b"\xff\xfe\x00\x01"])
def test_other_files_with_that_suffix_are_left_alone(tmp_path: Path, content: str | bytes) -> None:
    found = plan(put(tmp_path, two_splits(), {"data.yaml": SETTINGS, "iris.data": content}))
    assert labels(found) == {"a.png": "ant", "b.png": "bee"} and not problems(found)
    assert [one.name for one in found.refused] == ["iris.data"]


def test_what_other_tools_write_beside_labels_is_not_called_a_photo(tmp_path: Path) -> None:
    beside = {"labels/train.cache": b"\x93NUMPY", "notes.json": "{}", "data.yaml": SETTINGS}
    found = plan(put(tmp_path, two_splits(), beside))
    assert labels(found) == {"a.png": "ant", "b.png": "bee"} and not found.refused
