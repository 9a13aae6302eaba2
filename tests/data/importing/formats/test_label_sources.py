"""Boxes of a photo in several files: equal ones count once, others are asked, even if some of them are equal."""

from pathlib import Path

import pytest

from tests.data.importing.formats.csv_styles.tables import Files, boxes, only_question, photos, planned, remarks

BOX = "<object><name>{}</name><bndbox><xmin>{}</xmin><ymin>2</ymin><xmax>20</xmax><ymax>12</ymax></bndbox></object>"


def voc(*objects: str) -> str:
    return f"<annotation><filename>a.png</filename>{''.join(objects)}</annotation>"


CAT, DOG, OWL = BOX.format("cat", 2), BOX.format("dog", 4), BOX.format("owl", 6)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [("all", ["cat", "dog"]), ("file-1", ["cat", "dog"]), ("file-2", ["cat"]), ("skip", [])],
)
def test_a_file_that_lacks_some_of_the_boxes_of_another_is_asked_about(
    tmp_path: Path, answer: str, expected: list[str]
) -> None:
    files: Files = {**photos("a.png"), "a.xml": voc(CAT, DOG), "old/a.xml": voc(CAT)}
    assert only_question(planned(tmp_path, files)).kind == "label-files"
    found = boxes(planned(tmp_path, {}, {"label-files": answer}))["a.png"]
    assert [label for label, *_ in found] == expected


def test_boxes_that_two_files_share_are_taken_once_with_those_of_both(tmp_path: Path) -> None:
    files: Files = {**photos("a.png"), "a.xml": voc(CAT, DOG), "old/a.xml": voc(OWL, CAT)}
    planned(tmp_path, files)
    found = boxes(planned(tmp_path, {}, {"label-files": "all"}))["a.png"]
    assert sorted(label or "" for label, *_ in found) == ["cat", "dog", "owl"]


def test_the_same_boxes_in_another_order_are_no_question(tmp_path: Path) -> None:
    plan = planned(tmp_path, {**photos("a.png"), "a.xml": voc(CAT, DOG), "old/a.xml": voc(DOG, CAT)})
    assert not plan.questions and len(boxes(plan)["a.png"]) == 2
    assert "the same boxes in several places of the labels" in remarks(plan)
