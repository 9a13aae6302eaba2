"""Lines of YOLO text: boxes, confidences, outlines, key points; and whose photo a file of lines is."""

from pathlib import Path

import pytest

from core.data.importing.formats.gathering.box_corners import CORNERS
from core.data.importing.formats.gathering.label_sources import SOURCES
from core.data.importing.formats.reading.yolo_long_lines import LINES
from tests.data.importing.formats.small_sets import (
    boxes,
    photos,
    plan,
    problems,
    put,
    questions,
    remarks,
)

CLASSES = {"classes.txt": "ant\nbee\ncat\n"}


def read(folder: Path, text: str | bytes, answers: dict[str, str] | None = None, **more: str) -> dict[str, object]:
    files = {"labels/a.txt": text, **{name.replace("_", "."): content for name, content in more.items()}}
    found = plan(put(folder, photos("images/a.png", width=100, height=80), CLASSES, files), answers)
    return {
        "boxes": boxes(found)["a.png"],
        "problems": problems(found),
        "remarks": remarks(found),
        "questions": questions(found),
        "frame": found.candidates[0].frame,
    }


def test_boxes_are_fractions_and_the_plan_knows_it(tmp_path: Path) -> None:
    found = read(tmp_path, "1 0.5 0.5 0.2 0.25\n2.0 .5 5e-1 +0.2 0.25\n")
    assert found["boxes"] == [("bee", 40, 30, 20, 20), ("cat", 40, 30, 20, 20)]
    assert found["frame"].relative and found["frame"].size is None
    assert not found["problems"] and not found["questions"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("1_0 0.5 0.5 0.2 0.2", "is not a class and four numbers"),
        ("1.5 0.5 0.5 0.2 0.2", "is not a class and four numbers"),
        ("-1 0.5 0.5 0.2 0.2", "there is no class -1"),
        ("3 0.5 0.5 0.2 0.2", "there is no class 3 in the list of 3 classes"),
        ("0 0.5 0.5 0.2", "3 numbers after the class instead of 4"),
        ("0 0.5 nan 0.2 0.2", "is not four numbers"),
        ("0 0,5 0,5 0,2 0,2", "is not four numbers"),
        ("0 50 40 20 20", "they may be pixels"),
        ("0 50% 40% 20% 20%", "is not four numbers"),
        ("0 0.5 0.5 0.2 0.2 7", "they may be pixels"),
        ("0 0.5 0.5 0.2 0.2 1.5", "5 numbers after the class instead of 4"),
        ("0 0.1 0.1 0.2 0.2 0.3 1.5", "has points outside the photo"),
        ("0 0.1 0.1 0.2 0.2 0.3 0.3 0.4", "7 numbers after the class instead of 4"),
    ],
)
def test_a_line_that_means_something_else_is_a_problem_with_its_place(tmp_path: Path, line: str, words: str) -> None:
    found = read(tmp_path, f"0 0.5 0.5 0.2 0.25\n{line}\n")
    assert found["boxes"] == [("ant", 40, 30, 20, 20)]
    [problem] = found["problems"]
    assert problem.startswith("labels/a.txt, line 2: ") and words in problem


def test_a_confidence_is_not_used_and_that_is_said(tmp_path: Path) -> None:
    found = read(tmp_path, "1 0.5 0.5 0.2 0.25 0.87\n")
    assert found["boxes"] == [("bee", 40, 30, 20, 20)] and not found["problems"]
    assert found["remarks"] == ["1 line has a sixth number, which is read as a confidence and not used: labels/a.txt"]


def test_outlines_and_turned_boxes_give_the_box_around_them_and_that_is_said(tmp_path: Path) -> None:
    found = read(tmp_path, "1 0.1 0.1 0.3 0.1 0.2 0.5\n2 0.5 0.2 0.6 0.3 0.5 0.4 0.4 0.3\n")
    assert [(label, *(round(side, 6) for side in sides)) for label, *sides in found["boxes"]] == [
        ("bee", 10, 8, 20, 32),
        ("cat", 40, 16, 20, 16),
    ]
    assert (
        found["remarks"] == ["2 lines are outlines or turned boxes; the box around each is used: labels/a.txt"]
        and not found["questions"]
    )


def test_key_points_are_read_where_data_yaml_says_so(tmp_path: Path) -> None:
    settings = "names: [ant, bee, cat]\nkpt_shape: [2, 3]\n"
    found = read(tmp_path, "1 0.5 0.5 0.2 0.25 0.45 0.45 2 0.55 0.5 1\n", data_yaml=settings)
    assert found["boxes"] == [("bee", 40, 30, 20, 20)] and not found["questions"] and not found["problems"]
    assert "1 line has key points, which are not used: labels/a.txt" in found["remarks"]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [("outlines", [("bee", 20, 20, 35, 20)]), ("boxes", [("bee", 40, 30, 20, 20)]), ("skip", [])],
)
def test_what_may_be_an_outline_or_key_points_is_asked(
    tmp_path: Path, answer: str, expected: list[tuple[str, float]]
) -> None:
    line = "1 0.5 0.5 0.2 0.25 0.45 0.45 0.55 0.5\n"
    assert read(tmp_path, line)["questions"] == [LINES]
    assert read(tmp_path, line, {LINES: answer})["boxes"] == expected


def test_normalised_corners_are_asked_where_many_boxes_show_them(tmp_path: Path) -> None:
    lines = "0 0.1 0.1 0.9 0.5\n0 0.05 0.3 0.6 0.9\n1 0.2 0.1 0.95 0.9\n"
    assert read(tmp_path, lines)["questions"] == [CORNERS]
    found = read(tmp_path, lines, {CORNERS: "corners"})["boxes"]
    assert [(label, *(round(side, 6) for side in sides)) for label, *sides in found] == [
        ("ant", 10, 8, 80, 32),
        ("ant", 5, 24, 55, 48),
        ("bee", 20, 8, 75, 64),
    ]
    assert read(tmp_path / "one", "0 0.4 0.5 0.9 1\n")["questions"] == ["box-place"], "one box alone does not decide"


def test_a_file_that_may_belong_to_two_photos_is_a_problem(tmp_path: Path) -> None:
    files = {"labels/a.txt": "0 0.5 0.5 0.2 0.25\n", "labels/b.txt": "1 0.5 0.5 0.2 0.25\n"}
    found = plan(put(tmp_path, photos("images/a.png", "images/a.jpg", "images/b.png"), CLASSES, files))
    assert {name: len(marks) for name, marks in boxes(found).items()} == {"a.jpg": 0, "a.png": 0, "b.png": 1}
    assert "labels/a.txt: it may belong to images/a.jpg or images/a.png; it is skipped" in problems(found)[0]


def test_labels_without_a_photo_are_named_and_do_not_go_to_another_folder(tmp_path: Path) -> None:
    files = {"labels/patient2/001.txt": "0 0.5 0.5 0.2 0.25\n", "labels/patient1/002.txt": "1 0.5 0.5 0.2 0.25\n"}
    found = plan(put(tmp_path, photos("images/patient1/001.png", "images/patient1/002.png"), CLASSES, files))
    assert {name: len(marks) for name, marks in boxes(found).items()} == {
        "patient1/001.png": 0,
        "patient1/002.png": 1,
    }
    assert problems(found) == [
        "labels/patient2/001.txt: the photo of these labels is not among the files; they are skipped"
    ]


def test_the_last_folder_called_labels_is_the_one_that_stands_for_images(tmp_path: Path) -> None:
    files = {"my labels/labels/a.txt": "0 0.5 0.5 0.2 0.25\n", "my labels/classes.txt": "ant\n"}
    found = plan(put(tmp_path, photos("my labels/images/a.png"), files))
    assert [len(marks) for marks in boxes(found).values()] == [1] and not problems(found)


def test_two_files_for_one_photo_are_asked_where_they_differ(tmp_path: Path) -> None:
    files = {"labels/a.txt": "0 0.5 0.5 0.2 0.25\n", "images/a.txt": "1 0.5 0.5 0.2 0.25\n"}
    assert questions(plan(put(tmp_path, photos("images/a.png"), CLASSES, files))) == [SOURCES]


def test_labels_in_utf_16_are_read(tmp_path: Path) -> None:
    assert read(tmp_path, "1 0.5 0.5 0.2 0.25\r\n".encode("utf-16"))["boxes"] == [("bee", 40, 30, 20, 20)]


def test_a_suffix_in_capitals_is_one(tmp_path: Path) -> None:
    files = {"labels/a.TXT": "1 0.5 0.5 0.2 0.25\n"}
    found = plan(put(tmp_path, photos("images/a.PNG"), CLASSES, files))
    assert [len(marks) for marks in boxes(found).values()] == [1] and not found.problems
