"""Boxes of COCO files: corners are asked, outlines and turned boxes are said, and no file outvotes another silently."""

import json
from pathlib import Path

import pytest

from core.data.importing.box_frames import BEYOND, PLACE
from core.data.importing.formats.gathering.box_corners import CORNERS
from core.data.importing.formats.gathering.label_sources import SOURCES
from tests.data.importing.formats.small_sets import (
    boxes,
    coco,
    image,
    mark,
    photos,
    plan,
    problems,
    put,
    questions,
    remarks,
    splits,
)

TWO = photos("images/a.png", "images/b.png")
IMAGES: list[object] = [image(1, "a.png"), image(2, "b.png")]


def test_numbers_in_texts_are_numbers_and_others_a_problem(tmp_path: Path) -> None:
    marks: list[object] = [
        mark(1, 1, 1, "1", "2.5", " 3", "4"),
        mark(2, 1, 1, "1_0", 2, 3, 4),
        mark(3, 1, 1, "1,5", 2, 3, 4),
    ]
    found = plan(put(tmp_path, TWO, {"all.json": coco(IMAGES, marks)}))
    assert boxes(found)["a.png"] == [("ant", 1, 2.5, 3, 4)]
    assert [text.split(": ")[0] for text in problems(found)] == ["all.json, annotation 2", "all.json, annotation 3"]


@pytest.mark.parametrize("answer", ["size", "corners", "skip"])
def test_boxes_that_fit_only_as_two_corners_are_asked_with_photos(tmp_path: Path, answer: str) -> None:
    marks: list[object] = [mark(1, 1, 1, 30, 20, 60, 45), mark(2, 2, 2, 5, 6, 40, 30)]
    folder = put(tmp_path, TWO, {"all.json": coco(IMAGES, marks)})
    found = plan(folder)
    [question] = found.questions
    assert question.id == f"{CORNERS}:all.json" and "(30, 20, 60, 45) of images/a.png" in question.text
    shown = {choice.key: [box for photo in choice.photos for _, box in photo.boxes] for choice in question.choices}
    assert [(box.x, box.y, box.width, box.height) for box in shown["corners"]] == [(30, 20, 30, 25)]
    assert [(box.x, box.y, box.width, box.height) for box in shown["size"]] == [(30, 20, 60, 45)]
    assert shown["skip"] == []
    expected = {
        "size": {"a.png": [("ant", 30, 20, 60, 45)], "b.png": [("bee", 5, 6, 40, 30)]},
        "corners": {"a.png": [("ant", 30, 20, 30, 25)], "b.png": [("bee", 5, 6, 35, 24)]},
        "skip": {"a.png": [], "b.png": []},
    }
    found = plan(folder, {CORNERS: answer, BEYOND: "keep"})  # as a size, one box reaches beyond its photo
    assert boxes(found) == expected[answer] and not found.questions


def test_corners_in_fractions_are_asked_too(tmp_path: Path) -> None:
    marks: list[object] = [mark(1, 1, 1, 0.5, 0.4, 0.9, 0.8)]
    found = plan(put(tmp_path, TWO, {"all.json": coco(IMAGES, marks)}))
    assert f"{CORNERS}:all.json" in questions(found)


def test_the_area_tells_a_size_from_corners(tmp_path: Path) -> None:
    size: list[object] = [mark(1, 1, 1, 30, 20, 60, 45, area=2700)]
    assert questions(plan(put(tmp_path / "a", TWO, {"all.json": coco(IMAGES, size)}))) == [PLACE]
    corners: list[object] = [mark(1, 1, 1, 2, 3, 20, 10, area=18 * 7)]
    assert questions(plan(put(tmp_path / "b", TWO, {"all.json": coco(IMAGES, corners)}))) == [f"{CORNERS}:all.json"]


def test_a_box_of_a_usual_file_is_not_asked_for_corners(tmp_path: Path) -> None:
    marks: list[object] = [mark(1, 1, 1, 30, 20, 60, 45), mark(2, 2, 2, 40, 6, 20, 30)]  # 20 is no right edge beyond 40
    assert questions(plan(put(tmp_path, TWO, {"all.json": coco(IMAGES, marks)}))) == [BEYOND]


def test_outlines_and_turned_boxes_give_the_box_around_them_and_that_is_said(tmp_path: Path) -> None:
    outline = {"id": 1, "image_id": 1, "category_id": 1, "segmentation": [[2, 3, 8, 3, 8, 7]]}
    turned = mark(2, 2, 2, 10, 10, 20, 10, attributes={"rotation": 90})
    found = plan(put(tmp_path, TWO, {"all.json": coco(IMAGES, [outline, turned])}))
    assert boxes(found) == {"a.png": [("ant", 2, 3, 6, 4)], "b.png": [("bee", 15, 5, 10, 20)]}
    assert "all.json: 1 box is the one around its outline: images/a.png" in remarks(found)
    assert "all.json: 1 box is the one around the turned one: images/b.png" in remarks(found)


def test_a_ring_of_an_odd_count_is_not_paired_with_the_next(tmp_path: Path) -> None:
    odd = {"id": 1, "image_id": 1, "category_id": 1, "segmentation": [[2, 3, 8, 3, 8, 7, 1], [1, 2, 3, 4, 5, 6, 9]]}
    found = plan(put(tmp_path, TWO, {"all.json": coco(IMAGES, [odd])}))
    assert not any(boxes(found).values()) and "has a mask but no bbox" in problems(found)[0]


def test_sizes_are_read_however_they_are_written_and_nonsense_is_a_problem(tmp_path: Path) -> None:
    images: list[object] = [image(1, "a.png", width="64", height=48.0), image(2, "b.png", width=0, height=0)]
    marks: list[object] = [mark(1, 1, 1, 1, 2, 3, 4), mark(2, 2, 1, 1, 2, 3, 4)]
    found = plan(put(tmp_path / "a", TWO, {"all.json": coco(images, marks)}))
    assert [one.frame.size for one in found.candidates] == [(64, 48), None] and not found.problems
    images = [image(1, "a.png", width="wide", height=48), image(2, "b.png", width=-64, height=48)]
    found = plan(put(tmp_path / "b", TWO, {"all.json": coco(images, marks)}))
    assert [text.split(": ")[0] for text in problems(found)] == ["all.json, image a.png", "all.json, image b.png"]
    images = [image(1, "a.png", width=640, height=480), image(2, "b.png")]
    assert questions(plan(put(tmp_path / "c", TWO, {"all.json": coco(images, marks)}))) == ["box-size"]


def test_a_photo_in_two_files_is_in_the_strictest_split_and_its_equal_boxes_count_once(tmp_path: Path) -> None:
    text = coco(IMAGES, [mark(1, 1, 1, 1, 2, 20, 20)])
    found = plan(put(tmp_path, TWO, {"train.json": text, "test.json": text}))
    assert splits(found) == {"a.png": "test", "b.png": "test"}
    assert boxes(found)["a.png"] == [("ant", 1, 2, 20, 20)]
    assert "images/a.png: it is in test and in train; it is imported in test" in "".join(problems(found))
    assert any("1 photo has the same boxes in several places" in text for text in remarks(found))


def test_a_box_that_one_of_two_files_lacks_is_asked(tmp_path: Path) -> None:
    all_of_them = coco(IMAGES, [mark(1, 1, 1, 1, 2, 20, 20), mark(2, 1, 2, 5, 5, 8, 8)])
    some = coco(IMAGES, [mark(1, 1, 2, 5, 5, 8, 8)])
    found = plan(put(tmp_path, TWO, {"instances.json": all_of_them, "some.json": some}))
    assert questions(found) == ["label-files"]
    (question,) = found.questions
    choices = {one.key: [[name for name, _ in photo.boxes] for photo in one.photos] for one in question.choices}
    assert choices == {"all": [["ant", "bee"]], "file-1": [["ant", "bee"]], "file-2": [["bee"]], "skip": [[]]}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [("all", ["ant", "bee"]), ("file-1", ["ant"]), ("file-2", ["bee"]), ("skip", [])],
)
def test_files_that_differ_on_a_photo_are_asked(tmp_path: Path, answer: str, expected: list[str]) -> None:
    first, second = (coco(IMAGES, [mark(1, 1, category, 1, 2, 20, 20)]) for category in (1, 2))
    folder = put(tmp_path, TWO, {"one.json": first, "two.json": second})
    [question] = plan(folder).questions
    assert question.id == SOURCES and "images/a.png in one.json and two.json" in question.text
    assert [len(choice.photos[0].boxes) for choice in question.choices] == [2, 1, 1, 0]
    assert [box[0] for box in boxes(plan(folder, {SOURCES: answer}))["a.png"]] == expected


def test_one_photo_under_two_ids_may_be_two_photos_and_is_asked(tmp_path: Path) -> None:
    images: list[object] = [image(1, "a.png"), image(2, "a.png")]
    marks: list[object] = [mark(1, 1, 1, 1, 2, 20, 20), mark(2, 2, 2, 5, 5, 8, 8)]
    found = plan(put(tmp_path, photos("images/a.png"), {"all.json": coco(images, marks)}))
    [question] = found.questions
    assert question.id == SOURCES and "all.json (image 1) and all.json (image 2)" in question.text


def test_two_sizes_of_one_photo_leave_its_boxes_out(tmp_path: Path) -> None:
    files = {
        f"{size}.json": coco([image(1, "a.png", width=size, height=size)], [mark(1, 1, 1, 1, 2, 20, 20)])
        for size in (64, 128)
    }
    found = plan(put(tmp_path, photos("images/a.png"), files))
    assert boxes(found) == {"a.png": []}
    assert any("two sizes of images/a.png, 128 × 128 and 64 × 64 pixels" in text for text in problems(found))


@pytest.mark.parametrize("crowd", [1, True, "1", "True", 1.0])
def test_a_crowd_is_one_however_it_is_written(tmp_path: Path, crowd: object) -> None:
    marks: list[object] = [mark(1, 1, 1, 1, 2, 20, 20, iscrowd=crowd), mark(2, 1, 2, 1, 2, 3, 4, iscrowd=0)]
    found = plan(put(tmp_path, TWO, {"all.json": coco(IMAGES, marks)}))
    assert boxes(found)["a.png"] == [("bee", 1, 2, 3, 4)] and "1 crowd region" in "".join(remarks(found))


def test_a_name_with_two_splits_says_neither(tmp_path: Path) -> None:
    found = plan(put(tmp_path, TWO, {"train_val.json": json.dumps(json.loads(coco(IMAGES, [])))}))
    assert splits(found) == {"a.png": None, "b.png": None}


def test_the_folders_of_photos_are_splits_where_the_file_says_none(tmp_path: Path) -> None:
    text = coco([image(1, "train/a.png"), image(2, "test/b.png")], [])
    found = plan(put(tmp_path / "1", photos("images/train/a.png", "images/test/b.png"), {"all.json": text}))
    assert splits(found) == {"train/a.png": "train", "test/b.png": "test"}
    assert any("the splits of 2 photos are those of their folders" in one for one in remarks(found))
    found = plan(put(tmp_path / "2", photos("images/train/a.png", "images/cats/b.png"), {"all.json": text}))
    assert set(splits(found).values()) == {None}, "one folder of that name may be anything"
