"""Sizes and orientations in every format: boxes turn with their photos, and what the size cannot tell is asked."""

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from tests.data.importing.formats.small_sets import (
    boxes,
    coco,
    image,
    mark,
    plan,
    put,
    questions,
    remarks,
    voc,
    voc_object,
)

STORED, UPRIGHT = (80, 60), (60, 80)


def turned(orientation: int) -> bytes:
    """A photo of 80 × 60 stored pixels."""
    exif = Image.Exif()
    exif[274] = orientation
    out = io.BytesIO()
    Image.new("RGB", STORED, (40, 90, 60)).save(out, "JPEG", exif=exif)
    return out.getvalue()


def labels(kind: str, size: tuple[int, int] | None, box: tuple[float, float, float, float]) -> dict[str, str]:
    x, y, width, height = box
    sides = {} if size is None else {"width": size[0], "height": size[1]}
    if kind == "coco":
        return {"all.json": coco([image(1, "a.jpg", **sides)], [mark(1, 1, 1, *box)])}
    if kind == "voc":
        said = "" if size is None else f"<size><width>{size[0]}</width><height>{size[1]}</height></size>"
        return {"a.xml": voc("a.jpg", voc_object("ant", x, y, x + width, y + height), size=said)}
    objects = {"bbox": [list(box)], "categories": ["ant"]}
    return {"metadata.jsonl": json.dumps({"file_name": "a.jpg", "objects": objects, **sides})}


KINDS = ["coco", "voc", "hugging-face"]


@pytest.mark.parametrize("kind", KINDS)
def test_boxes_of_the_stored_photo_turn_with_it(tmp_path: Path, kind: str) -> None:
    found = plan(put(tmp_path, {"a.jpg": turned(6)}, labels(kind, STORED, (50, 10, 20, 30))))
    assert boxes(found) == {"a.jpg": [("ant", 20, 50, 30, 20)]} and not found.questions
    assert any("turned with the photo" in text for text in remarks(found))


@pytest.mark.parametrize("kind", KINDS)
def test_boxes_of_the_upright_photo_stay(tmp_path: Path, kind: str) -> None:
    found = plan(put(tmp_path, {"a.jpg": turned(6)}, labels(kind, UPRIGHT, (10, 50, 20, 20))))
    assert boxes(found) == {"a.jpg": [("ant", 10, 50, 20, 20)]} and not found.questions


@pytest.mark.parametrize("kind", KINDS)
def test_a_turned_photo_whose_size_nobody_says_is_asked(tmp_path: Path, kind: str) -> None:
    found = plan(put(tmp_path, {"a.jpg": turned(6)}, labels(kind, None, (10, 10, 20, 20))))
    assert questions(found) == ["box-orientation"]


@pytest.mark.parametrize("kind", KINDS)
def test_another_size_is_asked_and_scaled(tmp_path: Path, kind: str) -> None:
    folder = put(tmp_path, {"a.jpg": turned(1)}, labels(kind, (160, 120), (50, 10, 20, 30)))
    assert questions(plan(folder)) == ["box-size"]
    assert boxes(plan(folder, {"box-size": "scale"})) == {"a.jpg": [("ant", 25, 5, 10, 15)]}


@pytest.mark.parametrize("kind", KINDS)
def test_fractions_are_asked_and_scaled(tmp_path: Path, kind: str) -> None:
    folder = put(tmp_path, {"a.jpg": turned(1)}, labels(kind, STORED, (0.25, 0.25, 0.5, 0.25)))
    assert questions(plan(folder)) == ["box-unit"]
    assert boxes(plan(folder, {"box-unit": "fractions"})) == {"a.jpg": [("ant", 20, 15, 40, 15)]}


@pytest.mark.parametrize(
    ("answer", "expected"), [("upright", ("ant", 15, 20, 15, 40)), ("stored", ("ant", 15, 20, 30, 20))]
)
def test_fractions_of_a_turned_photo_are_asked_in_yolo(
    tmp_path: Path, answer: str, expected: tuple[str, float, float, float, float]
) -> None:
    files = {"a.txt": "0 0.375 0.5 0.25 0.5\n", "classes.txt": "ant\n"}
    folder = put(tmp_path, {"a.jpg": turned(6)}, files)
    assert questions(plan(folder)) == ["box-orientation"]
    [(label, *sides)] = boxes(plan(folder, {"box-orientation": answer}))["a.jpg"]
    assert (label, *(round(side, 6) for side in sides)) == expected
