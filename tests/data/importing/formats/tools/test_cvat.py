"""CVAT for images: tags, boxes and shapes, subsets, and files that are too large or of a video."""

from pathlib import Path

import pytest

from core.data.importing.formats.gathering import xml_text
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

# As CVAT 2 writes a task, shortened.
META = """<meta><task><id>4</id><name>birds</name><size>2</size><mode>annotation</mode>
<labels>
<label><name>owl</name><color>#c06060</color><type>any</type><attributes></attributes></label>
<label><name>duck</name><color>#c06060</color><type>any</type><attributes></attributes></label>
<label><name>beak</name><type>points</type><attributes></attributes><parent>bird</parent></label>
</labels></task><dumped>2024-01-01 00:00:00.000000+00:00</dumped></meta>"""


def image(name: str, inside: str, number: int = 0, size: tuple[int, int] = (100, 50), more: str = "") -> str:
    return f'<image id="{number}" name="{name}"{more} width="{size[0]}" height="{size[1]}">{inside}</image>'


def box(label: str = "owl", corners: tuple[float, ...] = (10, 10, 40, 30), more: str = "", inside: str = "") -> str:
    sides = " ".join(f'{name}="{value}"' for name, value in zip(("xtl", "ytl", "xbr", "ybr"), corners, strict=True))
    return f'<box label="{label}" source="manual" occluded="0" {sides} z_order="0"{more}>{inside}</box>'


def cvat(*images: str) -> str:
    joined = "\n".join(images)
    head = '<?xml version="1.0" encoding="utf-8"?>'
    return f"{head}\n<annotations><version>1.1</version>{META}\n{joined}</annotations>"


def write(folder: Path, text: str, *names: str) -> Path:
    photos = {f"images/{name}": photo(seed=seed) for seed, name in enumerate(names or ("a.png",))}
    return write_files(folder, {**photos, "annotations.xml": text})


def test_tags_are_classes_and_boxes_are_boxes(tmp_path: Path) -> None:
    tag = '<tag label="duck" source="manual"></tag>'
    plan = plan_folder(write(tmp_path, cvat(image("a.png", box()), image("b.png", tag, 1)), "a.png", "b.png"))
    assert boxes(plan) == {"a.png": [("owl", 10, 10, 30, 20)], "b.png": []}
    assert classes(plan) == {"a.png": "owl", "b.png": "duck"}
    assert plan.classes == ("owl", "duck") and not plan.problems and not plan.refused and not plan.questions


def test_occluded_boxes_are_kept_and_attributes_are_named_once(tmp_path: Path) -> None:
    hidden = box(more="", inside='<attribute name="age">old</attribute>').replace('occluded="0"', 'occluded="1"')
    plan = plan_folder(write(tmp_path, cvat(image("a.png", hidden))))
    assert boxes(plan) == {"a.png": [("owl", 10, 10, 30, 20)]} and not problems(plan)
    assert remarks(plan) == ["annotations.xml: attributes of boxes and tags are not used; the label is the class"]


def test_turned_boxes_and_shapes_are_the_boxes_around_them(tmp_path: Path) -> None:
    turned = box(corners=(20, 20, 40, 30), more=' rotation="90.0"')
    polygon = '<polygon label="duck" occluded="0" points="1.5,2;10,2;5,20.5"></polygon>'
    ellipse = '<ellipse label="duck" cx="50" cy="25" rx="10" ry="5"></ellipse>'
    mask = '<mask label="owl" rle="1, 2" left="3" top="4" width="5" height="6"></mask>'
    plan = plan_folder(write(tmp_path, cvat(image("a.png", turned + polygon + ellipse + mask))))
    assert boxes(plan) == {
        "a.png": [
            ("owl", 25, 15, 10, 20),
            ("duck", 1.5, 2, 8.5, 18.5),
            ("duck", 40, 20, 20, 10),
            ("owl", 3, 4, 5, 6),
        ]
    }
    assert not problems(plan) and len(remarks(plan)) == 4
    assert remarks(plan)[0] == "annotations.xml: 1 turned box is read as the box around it: images/a.png"


def test_lines_points_and_skeletons_are_skipped_and_that_is_a_problem(tmp_path: Path) -> None:
    shapes = '<polyline label="owl" points="1,2;3,4"/><points label="owl" points="1,2"/><points label="owl" points=""/>'
    skeleton = '<skeleton label="bird"><points label="beak" outside="0" points="1,1"/></skeleton>'
    plan = plan_folder(write(tmp_path, cvat(image("a.png", shapes + skeleton))))
    assert boxes(plan) == {"a.png": []}
    assert problems(plan) == [
        "annotations.xml: 1 polyline is skipped, because it marks no box: images/a.png",
        "annotations.xml: 2 sets of points are skipped, because they mark no box: images/a.png",
        "annotations.xml: 1 skeleton is skipped, because it marks no box: images/a.png",
    ]


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        (box(corners=(40, 10, 10, 30)), "has its corners swapped"),
        (box(corners=(10, 10, 10, 30)), "has no area"),
        (box().replace('xtl="10"', 'xtl="ten"'), "is not four numbers"),
        (box().replace('label="owl"', ""), "has no class"),
        ('<polygon label="owl" points="1,2;3"/>', "its numbers cannot be read"),
        ('<hexagon label="owl"/>', "its shape is not known"),
    ],
)
def test_a_shape_that_cannot_be_read_is_a_problem_with_its_place(tmp_path: Path, shape: str, words: str) -> None:
    plan = plan_folder(write(tmp_path, cvat(image("a.png", shape, number=7))))
    assert boxes(plan) == {"a.png": []}
    assert words in problems(plan)[0] and problems(plan)[0].startswith("annotations.xml, image 7, ")


def test_two_tags_are_a_problem_and_a_tag_beside_boxes_of_another_class_is_asked(tmp_path: Path) -> None:
    tags = '<tag label="owl"/><tag label="duck"/>'
    plan = plan_folder(write(tmp_path / "a", cvat(image("a.png", tags))))
    assert classes(plan) == {"a.png": None} and '2 classes, "owl", "duck"' in problems(plan)[0]
    both = cvat(image("a.png", '<tag label="duck"/>' + box()))
    plan = plan_folder(write(tmp_path / "b", both))
    assert asked(plan) == ["class-or-boxes"]
    plan = plan_folder(tmp_path / "b", answers={"class-or-boxes": "classes"})
    assert [(one.label, one.objects) for one in plan.candidates] == [("duck", ())]
    same = cvat(image("a.png", '<tag label="owl"/>' + box()))
    plan = plan_folder(write(tmp_path / "c", same))
    assert not plan.questions and boxes(plan) == {"a.png": [("owl", 10, 10, 30, 20)]}


def test_subsets_are_splits_and_their_folders_are_found(tmp_path: Path) -> None:
    images = [
        image("1.png", box(), 0, more=' subset="Train"'),
        image("1.png", box("duck"), 1, more=' subset="Validation"'),
    ]
    photos = {"images/Train/1.png": photo(), "images/Validation/1.png": photo(seed=2)}
    plan = plan_folder(write_files(tmp_path, {**photos, "annotations.xml": cvat(*images)}))
    assert splits(plan) == {"Train/1.png": "train", "Validation/1.png": "val"}
    assert [one.objects[0].label for one in plan.candidates] == ["owl", "duck"] and not problems(plan)


def test_a_name_that_is_there_with_and_without_the_folder_of_its_subset_is_a_problem(tmp_path: Path) -> None:
    photos = {"images/1.png": photo(), "images/train/1.png": photo(seed=2)}
    text = cvat(image("1.png", box(), more=' subset="train"'))
    plan = plan_folder(write_files(tmp_path, {**photos, "annotations.xml": text}))
    assert all(not one.objects for one in plan.candidates)
    assert "1.png could be images/1.png, images/train/1.png" in problems(plan)[0]


def test_a_subset_that_is_no_split_is_said(tmp_path: Path) -> None:
    plan = plan_folder(write(tmp_path, cvat(image("a.png", box(), more=' subset="night"'))))
    assert splits(plan) == {"a.png": None}
    assert remarks(plan) == [
        'annotations.xml: 1 photo of the subset "night" gets no split: a split is train, val or test: images/a.png'
    ]


def test_another_size_than_that_of_the_photo_is_asked(tmp_path: Path) -> None:
    plan = plan_folder(write(tmp_path, cvat(image("a.png", box(), size=(200, 100)))))
    assert asked(plan) == ["box-size"]
    plan = plan_folder(tmp_path, answers={"box-size": "scale"})
    assert boxes(plan) == {"a.png": [("owl", 5, 5, 15, 10)]}


def test_a_video_is_a_problem_that_says_what_to_do(tmp_path: Path) -> None:
    track = '<track id="0" label="owl"><box frame="0" outside="0" xtl="1" ytl="1" xbr="9" ybr="9"/></track>'
    plan = plan_folder(write(tmp_path, cvat(track, track)))
    assert problems(plan) == [
        "annotations.xml: 2 tracks are skipped, because the annotation of a video has no photos; "
        "export it from CVAT as CVAT for images 1.1"
    ]


def test_shapes_outside_the_photo_are_left_out(tmp_path: Path) -> None:
    plan = plan_folder(write(tmp_path, cvat(image("a.png", box(more=' outside="1"') + box("duck")))))
    assert boxes(plan) == {"a.png": [("duck", 10, 10, 30, 20)]} and "outside the photo" in remarks(plan)[0]


def test_a_photo_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    plan = plan_folder(write(tmp_path, cvat(image("gone.png", box(), 3))))
    assert problems(plan) == ["annotations.xml, image 3: gone.png is not among the files"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (cvat(image("a.png", box()))[:-20], "it is not XML"),
        (cvat(image("a.png", box())).replace("<annotations>", '<!DOCTYPE a [<!ENTITY x "y">]><annotations>'), ""),
    ],
)
def test_a_file_that_breaks_off_or_has_entities_is_not_used(tmp_path: Path, text: str, words: str) -> None:
    plan = plan_folder(write(tmp_path, text))
    assert boxes(plan) == {"a.png": []} and problems(plan) and words in " ".join(problems(plan))


def test_an_image_with_too_many_elements_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_text, "MOST_ELEMENTS", 50)
    many = cvat(*(image("a.png", box(), number) for number in range(100)))  # counted for each image
    assert not problems(plan_folder(write(tmp_path / "a", many)))
    deep = cvat(image("a.png", "<x>" * 60 + "</x>" * 60))
    assert "holds more than 50 others" in problems(plan_folder(write(tmp_path / "b", deep)))[0]


def test_the_same_photo_in_two_files_with_different_boxes_has_none(tmp_path: Path) -> None:
    write(tmp_path, cvat(image("a.png", box())))
    (tmp_path / "job_2.xml").write_text(cvat(image("a.png", box("duck"))))
    plan = plan_folder(tmp_path)
    assert boxes(plan) == {"a.png": []}
    assert problems(plan) == [
        "job_2.xml, image 0: images/a.png has different boxes in annotations.xml, image 0 and in job_2.xml, image 0; "
        "none of them is used"
    ]
    (tmp_path / "job_2.xml").write_text(cvat(image("a.png", box())))
    plan = plan_folder(tmp_path)
    assert boxes(plan) == {"a.png": [("owl", 10, 10, 30, 20)]}
    assert remarks(plan) == ["1 photo is listed twice with the same labels: images/a.png"]
