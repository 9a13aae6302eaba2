"""Labels that are there in several formats: used where they agree, asked where they differ."""

import json
from pathlib import Path
from typing import Any

import pytest

from core.data.importing.plan_import import plan_folder
from core.data.tables.questions import Choice
from tests.data.importing.formats.tools.data_sets import (
    asked,
    boxes,
    classes,
    photo,
    problems,
    remarks,
    write_files,
)

Box = tuple[str, float, float, float, float]
A, B = ("owl", 10.0, 10.0, 30.0, 20.0), ("duck", 50.0, 10.0, 30.0, 20.0)


def coco(**photos: Box) -> str:
    images = [{"id": number, "file_name": f"{name}.png"} for number, name in enumerate(photos)]
    kinds = ["owl", "duck"]
    annotations = [
        {"id": number, "image_id": number, "category_id": kinds.index(box[0]), "bbox": box[1:]}
        for number, box in enumerate(photos.values())
    ]
    categories = [{"id": number, "name": name} for number, name in enumerate(kinds)]
    return json.dumps({"images": images, "annotations": annotations, "categories": categories})


def voc(box: Box) -> str:
    label, x, y, width, height = box
    corners = f"<xmin>{x}</xmin><ymin>{y}</ymin><xmax>{x + width}</xmax><ymax>{y + height}</ymax>"
    return f"<annotation><object><name>{label}</name><bndbox>{corners}</bndbox></object></annotation>"


def drawn(choice: Choice) -> dict[str, list[Box]]:
    """Return the boxes that the samples of a choice show, by their photos."""
    return {
        one.name: [(label, box.x, box.y, box.width, box.height) for label, box in one.boxes] for one in choice.photos
    }


def write(folder: Path, files: dict[str, Any]) -> Path:
    photos = {f"images/{name}.png": photo(seed=seed) for seed, name in enumerate("ab")}
    return write_files(folder, {**photos, **files})


def test_formats_that_agree_are_read_once_and_that_is_said(tmp_path: Path) -> None:
    rounded = ("owl", 11.0, 10.0, 29.0, 21.0)  # VOC holds whole pixels
    plan = plan_folder(
        write(tmp_path, {"all.json": coco(a=A, b=B), "images/a.xml": voc(rounded), "images/b.xml": voc(B)})
    )
    assert boxes(plan) == {"a.png": [A], "b.png": [B]}
    assert not problems(plan) and not plan.questions and not plan.refused
    assert remarks(plan) == ["the labels are there as COCO and as Pascal VOC, which agree; COCO is used"]


def test_the_format_that_says_more_is_used(tmp_path: Path) -> None:
    plan = plan_folder(write(tmp_path, {"all.json": coco(a=A), "images/a.xml": voc(A), "images/b.xml": voc(B)}))
    assert boxes(plan) == {"a.png": [A], "b.png": [B]} and not plan.questions
    assert "Pascal VOC is used" in " ".join(remarks(plan))


@pytest.mark.parametrize("other", [("owl", 10.0, 10.0, 30.0, 30.0), ("duck", 10.0, 10.0, 30.0, 20.0)])
def test_formats_that_differ_are_asked_with_samples(tmp_path: Path, other: Box) -> None:
    folder = write(tmp_path, {"all.json": coco(a=A, b=B), "images/a.xml": voc(other), "images/b.xml": voc(B)})
    plan = plan_folder(folder)
    assert asked(plan) == ["which-labels"]
    (question,) = plan.questions
    assert "COCO (2 photos, 2 boxes), Pascal VOC (2 photos, 2 boxes)" in question.text
    assert [(one.key, one.rows, drawn(one)) for one in question.choices] == [
        ("coco", (), {"images/a.png": [A]}),
        ("pascal-voc", (), {"images/a.png": [other]}),
    ]
    assert question.choices[0].photos[0].read() == (folder / "images/a.png").read_bytes()
    assert boxes(plan_folder(folder, answers={"which-labels": "coco"})) == {"a.png": [A], "b.png": [B]}
    plan = plan_folder(folder, answers={"which-labels": "pascal-voc"})
    assert boxes(plan) == {"a.png": [other], "b.png": [B]} and not plan.questions


def test_formats_about_different_photos_may_all_count(tmp_path: Path) -> None:
    folder = write(tmp_path, {"all.json": coco(a=A), "images/b.xml": voc(B)})
    plan = plan_folder(folder)
    assert asked(plan) == ["which-labels"]
    assert {one.key: drawn(one) for one in plan.questions[0].choices} == {
        "all": {"images/a.png": [A], "images/b.png": [B]},
        "coco": {"images/a.png": [A], "images/b.png": []},
        "pascal-voc": {"images/a.png": [], "images/b.png": [B]},
    }
    plan = plan_folder(folder, answers={"which-labels": "all"})
    assert boxes(plan) == {"a.png": [A], "b.png": [B]} and not problems(plan)
    assert not any("without a label" in text for text in remarks(plan))
    plan = plan_folder(folder, answers={"which-labels": "coco"})
    assert boxes(plan) == {"a.png": [A], "images/b.png": []}


def test_a_list_of_classes_without_labels_competes_with_nothing(tmp_path: Path) -> None:
    files = {"all.json": coco(), "images/a.xml": voc(A)}
    plan = plan_folder(write(tmp_path, files))
    assert boxes(plan)["a.png"] == [A] and not plan.questions and not problems(plan)


def test_a_video_beside_other_labels_is_still_a_problem(tmp_path: Path) -> None:
    video = '<annotations><track id="0" label="owl"></track></annotations>'
    plan = plan_folder(write(tmp_path, {"all.json": coco(a=A, b=B), "annotations.xml": video}))
    assert boxes(plan) == {"a.png": [A], "b.png": [B]} and "annotation of a video" in problems(plan)[0]


def test_two_annotation_tools_that_differ_are_asked(tmp_path: Path) -> None:
    labelme = {
        "shapes": [{"label": "owl", "points": [[10, 10], [40, 30]], "shape_type": "rectangle"}],
        "imagePath": "a.png",
        "imageWidth": 100,
        "imageHeight": 50,
    }
    cvat = '<annotations><image id="0" name="a.png"><tag label="duck"/></image></annotations>'
    folder = write(tmp_path, {"images/a.json": labelme, "annotations.xml": cvat})
    (question,) = plan_folder(folder).questions
    assert question.kind == "which-labels"
    assert {one.key: (one.rows, drawn(one)) for one in question.choices} == {
        "cvat": ((("images/a.png", "duck"),), {"images/a.png": []}),
        "labelme": ((), {"images/a.png": [A]}),
    }
    assert classes(plan_folder(folder, answers={"which-labels": "cvat"}))["a.png"] == "duck"
    assert boxes(plan_folder(folder, answers={"which-labels": "labelme"}))["a.png"] == [A]


def test_a_labels_csv_beside_another_format_is_asked(tmp_path: Path) -> None:
    folder = write(tmp_path, {"labels.csv": "filename,label\na.png,owl\nb.png,owl\n", "all.json": coco(a=B, b=B)})
    plan = plan_folder(folder)
    (question,) = plan.questions
    assert {one.key: (one.rows, drawn(one)) for one in question.choices} == {
        "labels.csv": (
            (("images/a.png", "owl"), ("images/b.png", "owl")),
            {"images/a.png": [], "images/b.png": []},
        ),
        "coco": ((), {"images/a.png": [B], "images/b.png": [B]}),
    }
    assert not plan.problems and not plan.refused, "a file that a question offers is not unknown"
    plan = plan_folder(folder, answers={"which-labels": "labels.csv"})
    assert set(classes(plan).values()) == {"owl"} and not plan.questions
    assert not problems(plan) and not plan.refused and "take labels.csv" in " ".join(remarks(plan)).lower()
    plan = plan_folder(folder, answers={"which-labels": "coco"})
    assert boxes(plan) == {"a.png": [B], "b.png": [B]} and not plan.questions


def test_the_boxes_of_a_labels_csv_are_drawn_in_its_choice(tmp_path: Path) -> None:
    table = "filename,label,x,y,width,height\nimages/a.png,owl,10,10,30,20\nimages/b.png,owl,1,1,30,30\n"
    folder = write(tmp_path, {"labels.csv": table, "all.json": coco(a=A, b=B)})
    (question,) = plan_folder(folder).questions
    assert {one.key: drawn(one) for one in question.choices} == {
        "labels.csv": {"images/b.png": [("owl", 1, 1, 30, 30)]},
        "coco": {"images/b.png": [B]},
    }


def test_a_labels_csv_that_cannot_be_read_has_no_sample(tmp_path: Path) -> None:
    folder = write(tmp_path, {"labels.csv": "one,two\n1,2\n", "all.json": coco(a=A, b=B)})
    plan = plan_folder(folder, answers={"which-labels": "coco"})
    assert boxes(plan) == {"a.png": [A], "b.png": [B]}


def test_an_unusable_list_of_another_format_stops_nothing(tmp_path: Path) -> None:
    files = {"all.json": coco(a=A, b=B), "labels/a.txt": "0 0.5 0.5 0.5 0.5\n", "data.yaml": "names: [[a], b]\n"}
    plan = plan_folder(write(tmp_path, files))
    assert boxes(plan) == {"a.png": [A], "b.png": [B]} and "data.yaml" in " ".join(problems(plan))


def test_a_file_that_only_another_format_can_read_is_not_reported_as_unread(tmp_path: Path) -> None:
    cvat = '<annotations><image id="0" name="a.png"></image></annotations>'
    plan = plan_folder(write(tmp_path, {"annotations.xml": cvat}))
    assert not plan.refused and not problems(plan)
