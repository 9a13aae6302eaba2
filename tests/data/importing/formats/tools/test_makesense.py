"""makesense: boxes with and without a header, tags as CSV and JSON."""

from pathlib import Path

import pytest

from core.data.importing.plan_import import plan_folder
from tests.data.importing.formats.tools.data_sets import asked, boxes, classes, photo, problems, write_files

HEADER = "label_name,bbox_x,bbox_y,bbox_width,bbox_height,image_name,image_width,image_height\n"
ROWS = "owl,10,10,30,20,a.png,100,50\nduck,50,10,30,20,a.png,100,50\nowl,10,10,30,20,b.png,100,50\n"


def plan_of(folder: Path, text: str, answers: dict[str, str] | None = None):  # type: ignore[no-untyped-def]
    files = {"images/a.png": photo(), "images/b.png": photo(seed=2), "labels_my-project_2024.csv": text}
    return plan_folder(write_files(folder, files), answers=answers or {})


@pytest.mark.parametrize("text", [ROWS, HEADER + ROWS])
def test_boxes_with_and_without_a_header(tmp_path: Path, text: str) -> None:
    plan = plan_of(tmp_path, text)
    assert boxes(plan) == {
        "a.png": [("owl", 10, 10, 30, 20), ("duck", 50, 10, 30, 20)],
        "b.png": [("owl", 10, 10, 30, 20)],
    }
    assert not plan.problems and not plan.refused and not plan.questions


def test_another_size_is_asked(tmp_path: Path) -> None:
    plan = plan_of(tmp_path / "a", "owl,20,20,60,40,a.png,200,100\n")
    assert asked(plan) == ["box-size"]
    plan = plan_of(tmp_path / "b", "owl,20,20,60,40,a.png,200,100\n", {"box-size": "scale"})
    assert boxes(plan)["a.png"] == [("owl", 10, 10, 30, 20)]


def test_lines_that_cannot_be_split_are_named(tmp_path: Path) -> None:
    plan = plan_of(
        tmp_path, f"{ROWS}owl, small,1,2,3,4,a.png,100,50\n,1,2,3,4,b.png,100,50\nowl,x,2,3,4,b.png,100,50\n"
    )
    assert len(boxes(plan)["a.png"]) == 2 and len(boxes(plan)["b.png"]) == 1
    file = "labels_my-project_2024.csv"
    assert problems(plan) == [
        f"{file}, line 4: it has 9 cells instead of 8; a label may have a comma. It is skipped",
        f"{file}, line 6: it is no box and no list of tags; it is skipped",
        f"{file}, line 5: the box (1, 2, 3, 4) has no class; it is skipped",
    ]


def test_a_name_with_two_sizes_is_that_of_two_photos(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, "owl,10,10,30,20,a.png,100,50\nowl,10,10,30,20,a.png,640,480\n")
    assert boxes(plan)["a.png"] == [] and "a.png has several sizes" in problems(plan)[0]


def test_tags_are_classes(tmp_path: Path) -> None:
    plan = plan_of(tmp_path / "csv", 'a.png,"[owl]"\nb.png,"[owl,duck]"\n')
    assert classes(plan) == {"a.png": "owl", "b.png": None} and '2 classes, "owl", "duck"' in problems(plan)[0]
    tags = [{"image": "a.png", "annotations": ["owl"]}, {"image": "b.png", "annotations": ["owl", "duck"]}]
    files = {"images/a.png": photo(), "images/b.png": photo(seed=2), "tags.json": tags}
    plan = plan_folder(write_files(tmp_path / "json", files))
    assert classes(plan) == {"a.png": "owl", "b.png": None} and '2 classes, "owl", "duck"' in problems(plan)[0]


@pytest.mark.parametrize(
    "text",
    ["a.png,owl\nb.png,duck\n", "name,1,2,3,4,5,6,7\n", "a.png,10,10,40,30,owl\n", "filename,label\na.png,owl\n"],
)
def test_other_tables_are_not_makesense(tmp_path: Path, text: str) -> None:
    from core.data.importing.formats.tools import makesense

    files = {"a.png": photo, "b.png": photo, "x.csv": text.encode}
    assert makesense.read(files) is None
