"""Tables of Open Images: XMin before XMax, ids of classes, absent classes, groups."""

from pathlib import Path

from tests.data.importing.formats.csv_styles.tables import (
    boxes,
    labels,
    only_question,
    photos,
    planned,
    problems,
    remarks,
)

HEADER = (
    "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,IsDepiction,IsInside\n"
)
BOXES = (
    HEADER
    + "000002b66c9c498e,xclick,/m/01g317,1,0.1,0.3,0.5,0.75,0,0,0,0,0\n"
    + "000002b66c9c498e,xclick,/m/0c9ph5,1,0,0.5,0.1,0.2,0,1,0,0,0\n"
    + "000002b97e5471a0,xclick,/m/01g317,1,0,1,0,1,0,0,1,0,0\n"
)
NAMES = "/m/01g317,Person\n/m/0c9ph5,Flower\n"
PHOTOS = photos("000002b66c9c498e.jpg", "000002b97e5471a0.jpg")


def test_the_order_of_the_columns_and_the_names_of_the_classes(tmp_path: Path) -> None:
    files = {**PHOTOS, "train-annotations-bbox.csv": BOXES, "class-descriptions-boxable.csv": NAMES}
    plan = planned(tmp_path, files)
    # Photos of 40 by 20 pixels.
    assert boxes(plan) == {
        "000002b66c9c498e.jpg": [("Person", 4, 10, 8, 5), ("Flower", 0, 2, 20, 2)],
        "000002b97e5471a0.jpg": [],
    }
    assert not problems(plan) and not plan.questions
    assert "boxes around a group (IsGroupOf) are left out: 1" in remarks(plan)
    assert {split for _, split in labels(plan).values()} == {"train"} and "gives the split: train" in remarks(plan)
    assert "class-descriptions-boxable.csv" not in [one.name for one in plan.refused]


def test_other_orders_of_columns_mean_the_same(tmp_path: Path) -> None:
    table = "LabelName,ImageID,YMax,XMax,YMin,XMin\n/m/01g317,000002b66c9c498e,0.75,0.3,0.5,0.1\n"
    plan = planned(tmp_path, {**PHOTOS, "boxes.csv": table})
    assert boxes(plan)["000002b66c9c498e.jpg"] == [("/m/01g317", 4, 10, 8, 5)]


def test_without_a_table_of_names_the_ids_are_the_classes_and_that_is_said(tmp_path: Path) -> None:
    plan = planned(tmp_path, {**PHOTOS, "boxes.csv": BOXES})
    assert plan.classes == ("/m/01g317", "/m/0c9ph5")
    assert "2 classes are called by their ids, because no table names them" in remarks(plan)


def test_two_ids_of_one_name_stay_two_classes(tmp_path: Path) -> None:
    files = {**PHOTOS, "boxes.csv": BOXES, "class-descriptions.csv": "/m/01g317,Bat\n/m/0c9ph5,Bat\n"}
    plan = planned(tmp_path, files)
    assert plan.classes == ("Bat (/m/01g317)", "Bat (/m/0c9ph5)")


def test_an_id_with_two_names_is_a_problem(tmp_path: Path) -> None:
    files = {**PHOTOS, "boxes.csv": BOXES, "class-descriptions.csv": NAMES + "/m/01g317,Tree\n"}
    plan = planned(tmp_path, files)
    assert plan.classes == ("/m/01g317", "Flower")
    assert problems(plan) == ["the class /m/01g317 has two names, so it is called /m/01g317"]


def test_boxes_that_are_no_fractions_are_problems(tmp_path: Path) -> None:
    table = HEADER + "000002b66c9c498e,xclick,/m/01g317,1,10,30,5,15,0,0,0,0,0\n"
    table += "000002b97e5471a0,xclick,/m/01g317,1,0.3,0.1,0.5,0.75,0,0,0,0,0\n"
    plan = planned(tmp_path, {**PHOTOS, "boxes.csv": table})
    found = problems(plan)
    assert found[0].startswith("line 2: the box (10, 5, 30, 15) of 000002b66c9c498e is not four fractions")
    assert any(text.startswith("line 3: ") and "swapped" in text for text in found)
    assert all(not some for some in boxes(plan).values())


def test_labels_of_whole_photos_and_absent_classes(tmp_path: Path) -> None:
    header = "ImageID,Source,LabelName,Confidence\n"
    table = header + "000002b66c9c498e,verification,/m/01g317,1\n000002b66c9c498e,verification,/m/0c9ph5,0\n"
    table += "000002b97e5471a0,verification,/m/0c9ph5,0\n"
    files = {**PHOTOS, "test-annotations-human-imagelabels.csv": table, "names.csv": NAMES}
    plan = planned(tmp_path, files)
    assert labels(plan) == {"000002b66c9c498e.jpg": ("Person", "test"), "000002b97e5471a0.jpg": (None, "test")}
    assert "say that a class is absent, are left out: 2" in remarks(plan) and not problems(plan)
    both = table.replace("/m/0c9ph5,0", "/m/0c9ph5,1")
    question = only_question(planned(tmp_path, {"test-annotations-human-imagelabels.csv": both}))
    assert question.kind == "several-labels" and "Person, Flower" in question.text


def test_labels_of_a_machine_are_said(tmp_path: Path) -> None:
    table = "ImageID,Source,LabelName,Confidence\n000002b66c9c498e,machine,/m/01g317,0.7\n"
    plan = planned(tmp_path, {**PHOTOS, "labels-of-a-machine.csv": table})
    assert "with a confidence below 1" in remarks(plan)
