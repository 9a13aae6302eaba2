"""YOLO and Pascal VOC: supervision and torchvision find the photos, classes and boxes that were exported."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
import supervision
import yaml
from torchvision.datasets import VOCDetection

from tests.data.importing.formats.opened_by_others.exported import BOXED, CLASSES, boxed, corners, export, safe

Marks = dict[str, list[tuple[str, float, float, float, float]]]


def marks_of(found: supervision.DetectionDataset, folder: Path, first: int = 0) -> Marks:
    """The class and the corners of each box, by the photo's path; ``first`` is the number of the first pixel."""
    return {
        str(Path(path).relative_to(folder)): [
            (
                found.classes[number],
                *(round(corner + first, 5) for corner in box[:2]),
                *(round(corner, 5) for corner in box[2:]),
            )
            for number, box in zip(boxes.class_id, boxes.xyxy.tolist(), strict=True)
        ]
        for path, _, boxes in found
    }


@pytest.fixture(scope="module")
def yolo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(tmp_path_factory.mktemp("yolo"), "yolo", BOXED)


@pytest.fixture(scope="module")
def voc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(tmp_path_factory.mktemp("voc"), "voc", BOXED)


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_supervision_finds_photos_classes_and_boxes_of_yolo(yolo: Path, split: str) -> None:
    places = (yolo / f"images/{split}", yolo / f"labels/{split}", yolo / "data.yaml")
    found = supervision.DetectionDataset.from_yolo(*map(str, places))
    assert tuple(found.classes) == CLASSES
    assert marks_of(found, places[0]) == {
        safe(one.name): [*map(corners, one.boxes)] for one in BOXED if one.split == split
    }


def test_data_yaml_says_the_folders_seen_from_itself(yolo: Path) -> None:
    # With "path: ." the trainer of YOLO looks in the folder that it was started in.
    content = yaml.safe_load((yolo / "data.yaml").read_text())
    assert "path" not in content and content["names"] == dict(enumerate(CLASSES))
    assert {split: content[split] for split in ("train", "val", "test")} == {
        split: f"images/{split}" for split in ("train", "val", "test")
    }


def test_supervision_finds_photos_classes_and_boxes_of_voc(voc: Path) -> None:
    found = supervision.DetectionDataset.from_pascal_voc(str(voc / "JPEGImages"), str(voc / "Annotations"))
    assert set(found.classes) == {box[0] for one in BOXED for box in one.boxes}
    # It takes the pixels of every VOC file as counted from 1. We count from 0, as most programs that write VOC.
    assert marks_of(found, voc / "JPEGImages", first=1) == {safe(one.name): [*map(corners, one.boxes)] for one in BOXED}


def test_each_xml_file_of_voc_is_called_like_its_photo(tmp_path: Path) -> None:
    photos = [boxed(name, None, ("-1", number, 1, 5, 5)) for number, name in enumerate(["a.png", "a.jpg", "b.x.png"])]
    out = export(tmp_path, "voc", photos)
    pictures = {path.relative_to(out / "JPEGImages").with_suffix("") for path in (out / "JPEGImages").rglob("*.*")}
    assert len(pictures) == 3
    assert {path.relative_to(out / "Annotations").with_suffix("") for path in out.rglob("*.xml")} == pictures
    found = supervision.DetectionDataset.from_pascal_voc(str(out / "JPEGImages"), str(out / "Annotations"))
    assert marks_of(found, out / "JPEGImages", first=1) == {
        "a.png": [("-1", 0, 1, 5, 6)], "a (2).jpg": [("-1", 1, 1, 6, 6)], "b.x.png": [("-1", 2, 1, 7, 6)],
    }  # fmt: skip


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_torchvision_finds_the_splits_of_voc(tmp_path: Path, split: str) -> None:
    photos = [boxed(one.name.rpartition(".")[0] + ".jpg", one.split, *one.boxes) for one in BOXED]  # it wants .jpg
    out = export(tmp_path, "voc", photos)
    (tmp_path / "VOCdevkit").mkdir()
    out.rename(tmp_path / "VOCdevkit/VOC2007")
    found = VOCDetection(str(tmp_path), year="2007", image_set=split)
    marks: Marks = {}
    for number, (_, target) in enumerate(found):
        objects = target["annotation"].get("object", [])
        marks[Path(found.images[number]).name] = [
            (one["name"], *(float(one["bndbox"][side]) for side in ("xmin", "ymin", "xmax", "ymax"))) for one in objects
        ]
    assert marks == {safe(one.name): [*map(corners, one.boxes)] for one in photos if one.split == split}


def test_an_xml_file_names_its_photo(voc: Path) -> None:
    for path in (voc / "Annotations").rglob("*.xml"):
        name = ElementTree.parse(path).getroot().findtext("filename") or ""
        assert (voc / "JPEGImages" / name).is_file()
