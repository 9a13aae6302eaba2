"""Labels of one split that name a photo found only among those of another are asked, in every format."""

import json
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
    put,
    questions,
)

TASK = [
    {
        "data": {"image": "1.png"},
        "annotations": [{"result": [{"type": "choices", "value": {"choices": ["ant"]}}]}],
    }
]
ONE = coco([image(1, "1.png")], [mark(1, 1, 1, 1, 2, 10, 10)])
SETS: dict[str, tuple[str, Content]] = {
    "COCO": ("annotations/instances_train.json", {"annotations/instances_train.json": ONE}),
    "COCO in a folder": ("train", {"train/_annotations.coco.json": ONE}),
    "COCO below the labels": ("train.json", {"train.json": ONE}),
    "Hugging Face": ("train", {"train/metadata.csv": "file_name,label\n1.png,ant\n"}),
    "Label Studio": ("train.json", {"train.json": json.dumps(TASK)}),
}


@pytest.mark.parametrize("kind", SETS)
def test_labels_of_train_and_a_photo_only_in_val_are_asked(tmp_path: Path, kind: str) -> None:
    place, content = SETS[kind]
    found = plan(put(tmp_path, photos("val/1.png"), content))
    assert questions(found) == [f"label-folders:{place}"]
    assert "val/1.png" in found.questions[0].text
    assert [*labels(plan(tmp_path, {"label-folders": "use"})).values()] == ["ant"]
    assert [*labels(plan(tmp_path, {"label-folders": "skip"})).values()] == [None]


@pytest.mark.parametrize("place", ["images/1.png", "1.png", "train/1.png", "images/train2017/1.png"])
def test_photos_whose_folder_says_no_other_split_are_not_asked(tmp_path: Path, place: str) -> None:
    found = plan(put(tmp_path, photos(place), {"annotations/instances_train.json": ONE}))
    assert not found.questions and [*labels(found).values()] == ["ant"]


def test_a_name_with_its_folder_is_not_asked(tmp_path: Path) -> None:
    content = coco([image(1, "val/1.png")], [mark(1, 1, 1, 1, 2, 10, 10)])
    found = plan(put(tmp_path, photos("val/1.png"), {"annotations/instances_train.json": content}))
    assert not found.questions and [*labels(found).values()] == ["ant"]


def test_the_split_around_labels_and_photos_says_nothing_about_either(tmp_path: Path) -> None:
    found = plan(put(tmp_path, photos("train/images/1.png"), {"train/annotations/val.json": ONE}))
    assert not found.questions and [*labels(found).values()] == ["ant"]
