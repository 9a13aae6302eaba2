"""VGG Image Annotator: projects, annotations alone and CSV; shapes; which attribute is the class."""

import json
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
    write_files,
)

RECT = {"name": "rect", "x": 10, "y": 10, "width": 30, "height": 20}


def region(shape: dict[str, Any] | None = None, **attributes: Any) -> dict[str, Any]:
    return {"shape_attributes": shape or RECT, "region_attributes": attributes}


def via(regions: Any, name: str = "a.png", **attributes: Any) -> dict[str, Any]:
    default = {"caption": "", "public_domain": "no", "image_url": ""}
    return {"filename": name, "size": 7000, "regions": regions, "file_attributes": {**default, **attributes}}


def write(folder: Path, *photos: dict[str, Any]) -> Path:
    """Annotations alone, with a photo for each entry."""
    names = dict.fromkeys(one["filename"] for one in photos)
    files = {f"images/{name}": photo(seed=seed) for seed, name in enumerate(names)}
    content = {f"{one['filename']}{number}": one for number, one in enumerate(photos)}
    return write_files(folder, {**files, "via.json": content})


def table(*rows: tuple[str, int, Any, Any]) -> str:
    """A CSV of (name, region, shape, attributes)."""
    head = "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes\n"

    def cell(value: Any) -> str:
        text = value if isinstance(value, str) else json.dumps(value)
        return '"' + text.replace('"', '""') + '"'

    lines = [
        f"{name},7000,{cell({})},{len(rows)},{number},{cell(shape)},{cell(some)}" for name, number, shape, some in rows
    ]
    return head + "\n".join(lines) + "\n"


def test_a_project_and_annotations_alone_are_read_alike(tmp_path: Path) -> None:
    entry = {"a.png7000": via([region(species="owl")])}
    project = {"_via_settings": {"ui": {}}, "_via_img_metadata": entry, "_via_attributes": {"region": {}, "file": {}}}
    for name, content in {"project": project, "alone": entry}.items():
        plan = plan_folder(write_files(tmp_path / name, {"images/a.png": photo(), "via.json": content}))
        assert boxes(plan) == {"a.png": [("owl", 10, 10, 30, 20)]}
        assert not problems(plan) and not plan.refused and not plan.questions
        assert remarks(plan) == ['the class of the regions is their "species"']


def test_regions_of_version_1_and_of_makesense_are_a_dictionary(tmp_path: Path) -> None:
    polygon = {"name": "polygon", "all_points_x": [10, 30, 20, 10], "all_points_y": [10, 12, 30, 10]}
    old = {"0": region(label="owl"), "1": region(polygon, label="duck")}
    plan = plan_folder(write(tmp_path, via(old)))
    assert boxes(plan) == {"a.png": [("owl", 10, 10, 30, 20), ("duck", 10, 10, 20, 20)]} and not problems(plan)


def test_circles_ellipses_and_polygons_are_the_boxes_around_them(tmp_path: Path) -> None:
    shapes = [
        {"name": "circle", "cx": 50, "cy": 25, "r": 5},
        {"name": "ellipse", "cx": 50, "cy": 25, "rx": 10, "ry": 5},
        {"name": "ellipse", "cx": 50, "cy": 25, "rx": 10, "ry": 5, "theta": 1.5707963267948966},
    ]
    plan = plan_folder(write(tmp_path, via([region(one, label="owl") for one in shapes])))
    assert boxes(plan) == {"a.png": [("owl", 45, 20, 10, 10), ("owl", 40, 20, 20, 10), ("owl", 45, 15, 10, 20)]}
    assert "via.json: 2 ellipses are read as the boxes around them: images/a.png" in remarks(plan)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (region({"name": "polyline", "all_points_x": [1], "all_points_y": [2]}, label="owl"), "1 polyline is skipped"),
        (region({"name": "point", "cx": 1, "cy": 2}, label="owl"), "1 point is skipped"),
        (region({"name": "polygon", "all_points_x": [1, 2, 3], "all_points_y": [2, 3]}, label="owl"), "has no numbers"),
        (region({"name": "circle", "cx": 1, "cy": 2, "r": "x"}, label="owl"), "has no numbers"),
        (region({"name": "rect", "x": 1, "y": 2, "width": 3}, label="owl"), "is not four numbers"),
        (region({"name": "star"}, label="owl"), "its shape, star, is not known"),
        (region(label=""), "it has no class"),
        (region(label=["owl"]), "a list is not a name"),
        (region(label={"owl": True, "duck": True}), "it has 2 classes, owl and duck"),
    ],
)
def test_a_region_that_cannot_be_read_is_a_problem(tmp_path: Path, wrong: dict[str, Any], words: str) -> None:
    plan = plan_folder(write(tmp_path, via([wrong]), via([region(label="owl")], "b.png")))
    assert boxes(plan) == {"a.png": [], "b.png": [("owl", 10, 10, 30, 20)]}
    assert words in " ".join(problems(plan)) and len(problems(plan)) == 1


def test_the_attribute_with_a_usual_name_is_the_class_and_that_is_said(tmp_path: Path) -> None:
    plan = plan_folder(write(tmp_path, via([region(colour="brown", type="owl")])))
    assert boxes(plan) == {"a.png": [("owl", 10, 10, 30, 20)]} and not plan.questions
    assert remarks(plan) == ['the class of the regions is their "type"; not used: colour']


def test_which_of_several_attributes_is_the_class_is_asked_with_samples(tmp_path: Path) -> None:
    regions = [region(colour="brown", bird="owl"), region(colour="white", bird="gull")]
    folder = write(tmp_path, via(regions))
    plan = plan_folder(folder)
    assert asked(plan) == ["via-attribute:regions"] and boxes(plan) == {"a.png": []} and not problems(plan)
    (question,) = plan.questions
    assert question.columns == ("photo", "value")
    assert [(one.key, one.rows) for one in question.choices] == [
        ("colour", (("a.png", "brown"), ("a.png", "white"))),
        ("bird", (("a.png", "owl"), ("a.png", "gull"))),
        ("(none)", ()),
    ]
    for key, labels in {"bird": ["owl", "gull"], "colour": ["brown", "white"], "(none)": []}.items():
        plan = plan_folder(folder, answers={"via-attribute": key})
        assert [box[0] for box in boxes(plan)["a.png"]] == labels and not plan.questions and not problems(plan)


def test_each_project_has_descriptions_of_its_own(tmp_path: Path) -> None:
    """The second project's option 1 named that of the first one: its boxes got the other class."""
    files: dict[str, Any] = {"images/c.png": photo(seed=3)}
    for name, options in {"a": {"1": "owl", "2": "duck", "3": "hen"}, "b": {"1": "duck", "2": "owl"}}.items():
        region_attributes = {"species": {"type": "dropdown", "options": options}}
        files[f"images/{name}.png"] = photo(seed=len(files))
        files[f"{name}.json"] = {
            "_via_img_metadata": {"x": via([region(species="1")], f"{name}.png")},
            "_via_attributes": {"region": region_attributes, "file": {}},
        }
    files["c.json"] = {"x": via([region(species="3"), region(species="1")], "c.png")}
    plan = plan_folder(write_files(tmp_path, files), answers={"via-options": "descriptions"})
    assert {name: [one[0] for one in some] for name, some in boxes(plan).items()} == {
        "a.png": ["owl"],
        "b.png": ["duck"],
        "c.png": ["hen", "1"],
    }


def test_the_checked_one_of_a_checkbox_is_the_class(tmp_path: Path) -> None:
    plan = plan_folder(write(tmp_path, via([region(kind={"owl": True, "duck": False})])))
    assert boxes(plan) == {"a.png": [("owl", 10, 10, 30, 20)]}


def test_attributes_of_photos_are_classes_where_there_are_no_regions(tmp_path: Path) -> None:
    plan = plan_folder(write(tmp_path, via([], species="owl"), via([], "b.png"), via([], "c.png", species="duck")))
    assert classes(plan) == {"a.png": "owl", "b.png": None, "c.png": "duck"} and not problems(plan)
    assert remarks(plan) == ['the class of the photos is their "species"']


def test_attributes_of_photos_beside_regions_are_asked(tmp_path: Path) -> None:
    folder = write(tmp_path, via([region(label="owl")], place="zoo"))
    plan = plan_folder(folder)
    assert asked(plan) == ["via-attribute:photos"] and boxes(plan) == {"a.png": [("owl", 10, 10, 30, 20)]}
    plan = plan_folder(folder, answers={"via-attribute:photos": "(none)"})
    assert boxes(plan) == {"a.png": [("owl", 10, 10, 30, 20)]} and not plan.questions


def test_the_csv_is_read_as_the_json(tmp_path: Path) -> None:
    rows = [
        ("a.png", 0, RECT, {"label": "owl"}),
        ("a.png", 1, {**RECT, "x": 50}, {"label": "duck"}),
        ("b.png", 0, {}, {}),
    ]
    files = {"images/a.png": photo(), "images/b.png": photo(seed=2), "via_csv.csv": table(*rows)}
    plan = plan_folder(write_files(tmp_path, files))
    assert boxes(plan) == {"a.png": [("owl", 10, 10, 30, 20), ("duck", 50, 10, 30, 20)], "b.png": []}
    assert not problems(plan) and not plan.refused


def test_a_line_of_the_csv_that_is_not_json_is_named(tmp_path: Path) -> None:
    text = table(("a.png", 0, "{'name': 'rect'}", {"label": "owl"}), ("a.png", 1, RECT, {"label": "owl"}))
    plan = plan_folder(write_files(tmp_path, {"images/a.png": photo(), "via.csv": text}))
    assert boxes(plan) == {"a.png": [("owl", 10, 10, 30, 20)]}
    assert problems(plan) == ["via.csv, line 2: a cell with attributes is not JSON; the line is skipped"]


def test_two_photos_of_one_name_are_not_mixed(tmp_path: Path) -> None:
    first, second = via([region(label="owl")]), {**via([region(label="duck")]), "size": 8000}
    plan = plan_folder(write(tmp_path, first, second))
    assert boxes(plan) == {"a.png": []}
    assert "images/a.png has different boxes in via.json, photo 1 and in via.json, photo 2" in problems(plan)[0]


def test_a_photo_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    files = {"images/b.png": photo(), "via.json": {"x": via([region(label="owl")])}}
    assert problems(plan_folder(write_files(tmp_path, files))) == ["via.json, photo 1: a.png is not among the files"]
