"""labelme: shapes, flags as classes, and which photo a file belongs to."""

from pathlib import Path
from typing import Any

import pytest

from core.data.importing.plan_import import plan_folder
from tests.data.importing.formats.tools.data_sets import (
    asked,
    boxes,
    classes,
    photo,
    problems,
    remarks,
    splits,
    write_files,
)


def shape(*points: tuple[float, float], label: Any = "owl", kind: str | None = "rectangle") -> dict[str, Any]:
    found = {"label": label, "points": [list(point) for point in points], "group_id": None, "flags": {}}
    return {**found, "shape_type": kind} if kind else found


def labelme(*shapes: dict[str, Any], name: Any = "a.png", **more: Any) -> dict[str, Any]:
    content = {"version": "5.5.0", "flags": {}, "shapes": list(shapes), "imagePath": name, "imageData": None}
    return {**content, "imageHeight": 50, "imageWidth": 100, **more}


def test_rectangles_with_corners_in_any_order(tmp_path: Path) -> None:
    two = (shape((10, 10), (40, 30)), shape((40, 30), (10, 10), label="duck"), shape((40, 10), (10, 30), label="7"))
    plan = plan_folder(write_files(tmp_path, {"a.png": photo(), "a.json": labelme(*two)}))
    assert boxes(plan) == {"a.png": [("owl", 10, 10, 30, 20), ("duck", 10, 10, 30, 20), ("7", 10, 10, 30, 20)]}
    assert not plan.problems and not plan.refused and not plan.questions


def test_polygons_circles_and_masks_are_the_boxes_around_them(tmp_path: Path) -> None:
    found = (
        shape((10, 10), (30, 12), (20, 30), kind="polygon"),
        shape((50, 25), (53, 29), kind="circle"),
        shape((60, 10), (70, 40), kind="mask"),
        shape((10, 0), (20, 10), (10, 20), (0, 10), kind="rotation"),
        shape((1, 2), (3, 4), (5, 2), kind=None),
    )
    plan = plan_folder(write_files(tmp_path, {"a.png": photo(), "a.json": labelme(*found)}))
    assert boxes(plan) == {
        "a.png": [
            ("owl", 10, 10, 20, 20),
            ("owl", 45, 20, 10, 10),
            ("owl", 60, 10, 10, 30),
            ("owl", 0, 0, 20, 20),
            ("owl", 1, 2, 4, 2),
        ]
    }
    assert not problems(plan)
    assert remarks(plan) == [
        "a.json: 2 polygons are read as the boxes around them: a.png",
        "a.json: 1 circle is read as the box around it: a.png",
        "a.json: 1 mask is read as the box around it: a.png",
        "a.json: 1 turned rectangle is read as the box around it: a.png",
    ]


def test_lines_and_points_are_skipped_and_that_is_a_problem(tmp_path: Path) -> None:
    found = (shape((1, 2), kind="point"), shape((1, 2), (3, 4), kind="line"), shape((1, 2), (3, 4), kind="linestrip"))
    plan = plan_folder(write_files(tmp_path, {"a.png": photo(), "a.json": labelme(*found)}))
    assert [text.split(" is ")[0] for text in problems(plan)] == [
        "a.json: 1 point",
        "a.json: 1 line",
        "a.json: 1 linestrip",
    ]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (shape((1, 2), (3, 4), label=["owl"]), "a list is not a name"),
        (shape((1, 2), (3, 4), label=""), "has no class"),
        (shape((1, 2), (1, 4)), "has no area"),
        ({**shape(), "points": [[1, "x"], [2, 3]]}, "not pairs of numbers"),
        ({**shape(), "points": "1,2"}, "not pairs of numbers"),
        (shape((1, 2), (3, 4), (5, 6)), "a rectangle with 3 points is not known"),
        (shape((1, 2), (3, 4), kind="star"), "a star with 2 points is not known"),
    ],
)
def test_a_shape_that_cannot_be_read_is_a_problem_with_its_place(
    tmp_path: Path, wrong: dict[str, Any], words: str
) -> None:
    plan = plan_folder(write_files(tmp_path, {"a.png": photo(), "a.json": labelme(wrong)}))
    assert boxes(plan) == {"a.png": []}
    assert words in problems(plan)[0] and problems(plan)[0].startswith("a.json, shape 1: ")


def test_a_true_flag_is_the_class(tmp_path: Path) -> None:
    flags = [{"owl": False, "duck": True}, {"owl": True, "duck": True}, {"owl": False, "duck": False}]
    files = {f"{name}.png": photo(seed=seed) for seed, name in enumerate("abc")}
    files |= {f"{name}.json": labelme(name=f"{name}.png", flags=some) for name, some in zip("abc", flags, strict=True)}
    plan = plan_folder(write_files(tmp_path, files))
    assert classes(plan) == {"a.png": "duck", "b.png": None, "c.png": None}
    assert problems(plan) == ['b.json: b.png has 2 classes, "owl", "duck"; a photo has one class here, so none is used']


def test_a_flag_beside_shapes_of_another_class_is_asked(tmp_path: Path) -> None:
    files = {"a.png": photo(), "a.json": labelme(shape((10, 10), (40, 30)), flags={"blurred": True})}
    plan = plan_folder(write_files(tmp_path, files))
    assert asked(plan) == ["class-or-boxes"]
    rows = [choice.rows for choice in plan.questions[0].choices]
    assert rows == [(("a.png", "", "1 × owl"),), (("a.png", "blurred", "no box"),)], "what each choice gives"
    plan = plan_folder(tmp_path, answers={"class-or-boxes": "boxes"})
    assert boxes(plan) == {"a.png": [("owl", 10, 10, 30, 20)]} and classes(plan) == {"a.png": "owl"}


def test_the_photo_inside_a_file_is_never_decoded(tmp_path: Path) -> None:
    files = {"a.png": photo(), "a.json": labelme(shape((10, 10), (40, 30)), imageData="not base64!" * 1000)}
    plan = plan_folder(write_files(tmp_path, files))
    assert boxes(plan) == {"a.png": [("owl", 10, 10, 30, 20)]} and not plan.problems


# Which photo


def test_a_file_beside_its_photo_and_one_in_another_folder(tmp_path: Path) -> None:
    files = {
        "images/a.png": photo(),
        "labels/a.json": labelme(shape((10, 10), (40, 30)), name="..\\images\\a.png"),
        "images/b.png": photo(seed=2),
        "images/b.json": labelme(shape((10, 10), (20, 20)), name="C:\\Users\\me\\b.png"),
    }
    plan = plan_folder(write_files(tmp_path, files))
    assert boxes(plan) == {"a.png": [("owl", 10, 10, 30, 20)], "b.png": [("owl", 10, 10, 10, 10)]}
    assert not problems(plan)


def test_a_renamed_file_belongs_to_the_photo_of_its_own_name(tmp_path: Path) -> None:
    files = {
        "1.png": photo(),
        "2.png": photo(seed=2),
        "1.json": labelme(shape((10, 10), (40, 30)), name="2.png"),
        "2.json": labelme(shape((10, 10), (20, 20), label="duck"), name="3.png"),
    }
    plan = plan_folder(write_files(tmp_path, files))
    assert boxes(plan) == {"1.png": [("owl", 10, 10, 30, 20)], "2.png": [("duck", 10, 10, 10, 10)]}
    assert not problems(plan)
    assert remarks(plan) == [
        "labelme: 1 file names another photo in its imagePath; the photo of the file's own name is used: "
        "1.json (2.png)",
        "labelme: 1 file names a photo that is not there; the photo of the file's own name is used: 2.json (3.png)",
    ]


def test_a_file_whose_name_is_that_of_no_photo_belongs_to_the_one_that_it_names(tmp_path: Path) -> None:
    files = {"1.png": photo(), "labels/x.json": labelme(shape((10, 10), (40, 30)), name="1.png")}
    plan = plan_folder(write_files(tmp_path, files))
    assert boxes(plan) == {"1.png": [("owl", 10, 10, 30, 20)]} and not plan.problems


def test_of_two_photos_of_one_name_the_one_that_is_named_counts(tmp_path: Path) -> None:
    files = {"a.png": photo(), "a.jpg": photo(100, 50, 2, orientation=1)}
    plan = plan_folder(write_files(tmp_path, {**files, "a.json": labelme(shape((10, 10), (40, 30)), name="a.jpg")}))
    assert boxes(plan) == {"a.jpg": [("owl", 10, 10, 30, 20)], "a.png": []} and not problems(plan)
    plan = plan_folder(write_files(tmp_path, {"a.json": labelme(shape((10, 10), (40, 30)), name=None)}))
    assert boxes(plan) == {"a.jpg": [], "a.png": []} and "it names no photo" in problems(plan)[0]


def test_a_photo_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    plan = plan_folder(write_files(tmp_path, {"b.png": photo(), "a.json": labelme(shape((1, 1), (9, 9)))}))
    assert problems(plan) == ["a.json: a.png is not among the files"]


def test_another_size_than_that_of_the_photo_is_asked_and_one_that_is_none_is_a_problem(tmp_path: Path) -> None:
    files = {"a.png": photo(), "a.json": labelme(shape((20, 20), (80, 60)), imageWidth=200, imageHeight=100)}
    plan = plan_folder(write_files(tmp_path, files))
    assert asked(plan) == ["box-size"]
    plan = plan_folder(tmp_path, answers={"box-size": "scale"})
    assert boxes(plan) == {"a.png": [("owl", 10, 10, 30, 20)]}
    plan = plan_folder(write_files(tmp_path, {"a.json": labelme(shape((10, 10), (40, 30)), imageWidth="wide")}))
    assert "a.json: the size wide × 50 is not that of a photo" in problems(plan)[0]


def test_folders_of_splits_give_the_splits(tmp_path: Path) -> None:
    files = {f"set/{split}/{split}.png": photo(seed=seed) for seed, split in enumerate(("train", "val"))}
    files |= {
        f"set/{split}/{split}.json": labelme(shape((10, 10), (40, 30)), name=f"{split}.png")
        for split in ("train", "val")
    }
    plan = plan_folder(write_files(tmp_path, files))
    assert set(splits(plan).values()) == {"train", "val"} and not problems(plan)


def test_json_of_others_is_not_labelme(tmp_path: Path) -> None:
    files = {"owl/a.png": photo(), "duck/b.png": photo(seed=2), "x.json": {"shapes": [1], "version": 3}}
    plan = plan_folder(write_files(tmp_path, files))
    assert [one.label for one in plan.candidates] == ["duck", "owl"] and [one.name for one in plan.refused] == [
        "x.json"
    ]
