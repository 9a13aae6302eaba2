"""COCO: pycocotools and supervision find the photos, classes and boxes that were exported."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import supervision
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from tests.data.importing.formats.opened_by_others.exported import BOXED, CLASSES, boxed, corners, export, safe


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(tmp_path_factory.mktemp("coco"), "coco", BOXED)


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_pycocotools_finds_photos_classes_and_boxes(folder: Path, split: str) -> None:
    coco = COCO(folder / f"annotations/instances_{split}.json")
    photos = [one for one in BOXED if one.split == split]
    names = {number: one["name"] for number, one in coco.cats.items()}
    assert tuple(names[number] for number in sorted(names)) == CLASSES
    assert [one["file_name"] for one in coco.imgs.values()] == [safe(one.name) for one in photos]
    for image, one in zip(coco.imgs.values(), photos, strict=True):
        assert (folder / "images" / image["file_name"]).is_file() and (image["width"], image["height"]) == (16, 12)
        marks = coco.loadAnns(coco.getAnnIds(image["id"]))
        assert [(names[mark["category_id"]], *mark["bbox"]) for mark in marks] == [*one.boxes]
    coco.info()
    assert coco.getCatIds(supNms=["animal"]) == []


def test_the_mask_of_a_box_is_the_box(folder: Path) -> None:
    coco = COCO(folder / "annotations/instances_train.json")
    boxes = [box for one in BOXED if one.split == "train" for box in one.boxes]
    for mark, (_, x, y, width, height) in zip(coco.anns.values(), boxes, strict=True):
        mask = coco.annToMask(mark)
        wanted = np.zeros((12, 16), np.uint8)
        wanted[round(y) : round(y + height), round(x) : round(x + width)] = 1
        if all(float(side).is_integer() for side in (x, y, width, height)):
            assert mask.tolist() == wanted.tolist()
        else:  # half pixels may fall to either side
            assert mask.shape == wanted.shape and abs(int(mask.sum()) - width * height) <= width + height


Move = Callable[[list[float]], list[float]]


@pytest.mark.parametrize(
    ("move", "precision"),
    [(lambda box: box, 1.0), (lambda box: [box[0] + 100, *box[1:]], 0.0)],
    ids=["our own boxes", "moved boxes"],
)
def test_an_evaluation_with_our_own_boxes_is_perfect(folder: Path, move: Move, precision: float) -> None:
    coco = COCO(folder / "annotations/instances_train.json")
    answers: list[dict[str, Any]] = [
        {key: mark[key] for key in ("image_id", "category_id")} | {"bbox": move(mark["bbox"]), "score": 0.9}
        for mark in coco.anns.values()
    ]
    evaluation = COCOeval(coco, coco.loadRes(answers), "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    assert evaluation.stats[:2].tolist() == pytest.approx([precision, precision])


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_supervision_finds_photos_classes_and_boxes(folder: Path, split: str) -> None:
    found = supervision.DetectionDataset.from_coco(
        str(folder / "images"), str(folder / f"annotations/instances_{split}.json")
    )
    assert tuple(found.classes) == CLASSES
    marks = {
        str(Path(path).relative_to(folder / "images")): [
            (CLASSES[number], *box) for number, box in zip(boxes.class_id, boxes.xyxy.tolist(), strict=True)
        ]
        for path, _, boxes in found
    }
    assert marks == {safe(one.name): [*map(corners, one.boxes)] for one in BOXED if one.split == split}


def test_a_box_beyond_its_photo_is_kept_as_it_is(tmp_path: Path) -> None:
    out = export(tmp_path, "coco", [boxed("a.png", None, ("-1", -3, -1, 5, 4))])
    coco = COCO(out / "annotations/instances_default.json")
    (mark,) = coco.anns.values()
    assert mark["bbox"] == [-3, -1, 5, 4] and coco.annToMask(mark).sum() == 2 * 3
    assert json.loads((out / "resnet-studio.json").read_text())["classes"] == [*CLASSES]
