"""Ids of COCO files: equal ones are one, and one that says nothing for certain puts no box on a photo."""

from collections.abc import Callable
from pathlib import Path

import pytest

from core.data.importing.formats.gathering.untrusted_values import id_of, number_of, size_said
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
    splits,
)

THREE = photos("images/a.png", "images/b.png", "images/c.png")


@pytest.mark.parametrize("write", [int, float, str, lambda number: f"{number}.0", lambda number: f" {number} "])
def test_ids_written_as_numbers_floats_or_texts_are_the_same(tmp_path: Path, write: Callable[[int], object]) -> None:
    text = coco(
        [image(write(number), name) for number, name in ((1, "a.png"), (2, "b.png"), (3, "c.png"))],
        [mark(number, number, float(number), number, 3, 20, 10) for number in (1, 2, 3)],
        [{"id": str(number), "name": name} for number, name in ((1, "ant"), (2, "bee"), (3, "cat"))],
    )
    found = plan(put(tmp_path, THREE, {"all.json": text}))
    assert boxes(found) == {
        "a.png": [("ant", 1, 3, 20, 10)],
        "b.png": [("bee", 2, 3, 20, 10)],
        "c.png": [("cat", 3, 3, 20, 10)],
    }
    assert not found.problems and not found.questions


@pytest.mark.parametrize("value", [None, True, 1.5, [1], {"id": 1}, "", float("nan"), 1e300])
def test_an_id_that_is_none_is_a_problem_with_its_place_and_nothing_is_put_on_a_photo(
    tmp_path: Path, value: object
) -> None:
    shown = {"images": [image(value, "a.png"), image(2, "b.png")], "marks": [mark(1, value, 1, 1, 2, 3, 4)]}
    found = plan(put(tmp_path / "images", THREE, {"all.json": coco(shown["images"], shown["marks"])}))
    assert not any(boxes(found).values())
    assert any("all.json, image a.png: its id (" in text for text in problems(found))
    assert any("all.json, annotation 1: its image_id (" in text for text in problems(found))

    found = plan(
        put(
            tmp_path / "categories",
            THREE,
            {"all.json": coco([image(1, "a.png")], [mark(7, 1, value, 1, 2, 3, 4)], [{"id": value, "name": "ant"}])},
        )
    )
    assert not any(boxes(found).values())
    assert any("all.json, category ant: its id (" in text for text in problems(found))
    assert any("all.json, annotation 7: its category_id (" in text for text in problems(found))


def test_a_missing_id_is_not_that_of_another_missing_one(tmp_path: Path) -> None:
    images = [{"file_name": "a.png"}, {"file_name": "b.png"}]
    text = coco([*images], [{"id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}])
    found = plan(put(tmp_path, THREE, {"all.json": text}))
    assert not any(boxes(found).values()) and len(problems(found)) == 3


def test_an_image_id_that_stands_twice_leaves_its_annotations_out(tmp_path: Path) -> None:
    text = coco(
        [image(1, "a.png"), image("1", "b.png"), image(2, "c.png")],
        [mark(1, 1, 1, 1, 2, 20, 20), mark(2, 1, 2, 5, 5, 30, 30), mark(3, 2, 3, 5, 5, 30, 30)],
    )
    found = plan(put(tmp_path, THREE, {"all.json": text}))
    assert boxes(found) == {"a.png": [], "b.png": [], "c.png": [("cat", 5, 5, 30, 30)]}
    assert problems(found) == [
        "all.json: the image id 1 stands for 2 images, images/a.png, images/b.png; its annotations are skipped"
    ]


def test_an_id_is_as_unclear_when_one_of_its_two_photos_is_not_there(tmp_path: Path) -> None:
    text = coco([image(1, "a.png"), image(1, "gone.png")], [mark(1, 1, 1, 1, 2, 20, 20)])
    found = plan(put(tmp_path, THREE, {"all.json": text}))
    assert not any(boxes(found).values())
    assert any("the image id 1 stands for 2 images" in text for text in problems(found))


def test_an_image_that_is_listed_twice_alike_is_one(tmp_path: Path) -> None:
    text = coco([image(1, "a.png"), image(1.0, "./a.png")], [mark(1, 1, 1, 1, 2, 20, 20)])
    found = plan(put(tmp_path, photos("images/a.png"), {"all.json": text}))
    assert boxes(found) == {"a.png": [("ant", 1, 2, 20, 20)]} and not found.problems


def test_a_category_id_that_stands_for_two_classes_leaves_its_annotations_out(tmp_path: Path) -> None:
    categories: list[object] = [{"id": 1, "name": "ant"}, {"id": 1.0, "name": "bee"}, {"id": 2, "name": "cat"}]
    text = coco([image(1, "a.png")], [mark(1, 1, 1, 1, 2, 20, 20), mark(2, 1, 2, 5, 5, 30, 30)], categories)
    found = plan(put(tmp_path, photos("images/a.png"), {"all.json": text}))
    assert boxes(found) == {"a.png": [("cat", 5, 5, 30, 30)]}
    assert problems(found) == ['all.json: the category id 1 stands for "ant" and "bee"; its annotations are skipped']


def test_two_categories_of_one_name_are_said(tmp_path: Path) -> None:
    marks: list[object] = [mark(1, 1, 1, 1, 2, 20, 20), mark(2, 1, 2, 5, 5, 30, 30)]
    same: list[object] = [{"id": 1, "name": "left"}, {"id": 2, "name": "left"}]
    found = plan(put(tmp_path / "a", photos("a.png"), {"all.json": coco([image(1, "a.png")], marks, same)}))
    assert [box[0] for box in boxes(found)["a.png"]] == ["left", "left"]
    assert "all.json: the categories 1, 2 are all called" in "".join(remarks(found)) and not problems(found)

    groups: list[object] = [
        {"id": 1, "name": "left", "supercategory": "hand"},
        {"id": 2, "name": "left", "supercategory": "foot"},
    ]
    found = plan(put(tmp_path / "b", photos("a.png"), {"all.json": coco([image(1, "a.png")], marks, groups)}))
    assert "although they belong to different groups" in "".join(problems(found))


def test_annotations_of_images_and_categories_that_are_not_there_are_named(tmp_path: Path) -> None:
    text = coco([image(1, "a.png")], [mark(1, 9, 1, 1, 2, 3, 4), mark(2, 1, 9, 1, 2, 3, 4), mark(None, 1, 1)])
    found = plan(put(tmp_path, photos("images/a.png"), {"all.json": text}))
    assert problems(found) == [
        "all.json, annotation 1: there is no image 9; it is skipped",
        "all.json, annotation 2: there is no category 9; it is skipped",
        "all.json, annotation without an id (no. 3): it has no box (bbox); it is skipped",
    ]


def test_a_key_that_stands_twice_in_an_object_is_refused(tmp_path: Path) -> None:
    text = coco([image(1, "a.png")], [mark(1, 1, 1, 1, 2, 3, 4)]).replace(
        '"image_id": 1', '"image_id": 1, "image_id": 2'
    )
    found = plan(put(tmp_path, photos("images/a.png"), {"all.json": text}))
    assert not any(labels(found).values())
    assert any('it has the key "image_id" twice in one object' in text for text in problems(found))


def test_numbers_in_texts_are_those_that_every_program_reads() -> None:
    assert [number_of(text) for text in (" 12.5 ", "-3", ".5", "1e3", 7)] == [12.5, -3, 0.5, 1000, 7]
    for text in ("1_000", "1,024", "nan", "inf", "", "0x10", "١", True, None, [1], 10**400, "9" * 200):
        assert number_of(text) is None
    assert [id_of(value) for value in ("007", "1_0", "a", -1, "-1")] == ["007", "1_0", "a", -1, -1]
    assert size_said("640", 480.0) == (640, 480) and size_said(0, "0") is None and size_said(None, "") is None
    for width, height in ((640, 0), (None, 480), (-640, 480), (1.5, 2), ("wide", "high"), ([1], 2), (10**9, 1)):
        with pytest.raises(ValueError, match=r"side|pixels"):
            size_said(width, height)


@pytest.mark.parametrize("name", ["default/all.json", "set/default.json", "set/my_default_labels.json"])
def test_only_our_own_file_of_photos_without_a_split_keeps_them_out_of_splits(tmp_path: Path, name: str) -> None:
    """The word default anywhere in a path switched the splits of the folders off."""
    folder = name.rpartition("/")[0]
    listed = [image(1, "train/a.png"), image(2, "test/b.png")]
    files = photos(f"{folder}/train/a.png", f"{folder}/test/b.png")
    found = plan(put(tmp_path, files, {name: coco(listed, [mark(1, 1, 1, 1, 1, 9, 9)])}))
    assert sorted(map(str, splits(found).values())) == ["test", "train"]


def test_a_photo_of_another_split_does_not_get_the_labels_of_one_that_is_missing(tmp_path: Path) -> None:
    files = {
        "annotations/instances_train.json": coco([image(1, "sub/a.png")], [mark(1, 1, 1, 1, 2, 3, 4)]),
        "annotations/instances_val.json": coco([image(1, "a.png")], []),
    }
    found = plan(put(tmp_path, photos("images/a.png"), files))
    assert boxes(found) == {"a.png": []} and any("sub/a.png is not among the files" in one for one in problems(found))
