"""Objects of Pascal VOC files: sizes, numbers, parts, outlines, turned boxes and encodings."""

import math
from pathlib import Path

import pytest

from core.data.tables.text_encoding import ENCODING
from tests.data.importing.formats.small_sets import (
    boxes,
    photos,
    plan,
    problems,
    put,
    questions,
    remarks,
    voc,
    voc_object,
)


def read(folder: Path, *objects: str, size: str = "") -> dict[str, object]:
    found = plan(put(folder, photos("a.png"), {"a.xml": voc("a.png", *objects, size=size)}))
    return {
        "boxes": boxes(found).get("a.png", []),
        "problems": problems(found),
        "remarks": remarks(found),
        "questions": questions(found),
        "size": found.candidates[0].frame.size,
    }


def size(width: object, height: object) -> str:
    return f"<size><width>{width}</width><height>{height}</height><depth>3</depth></size>"


def test_the_size_in_a_file_is_compared_with_the_photo(tmp_path: Path) -> None:
    cat = voc_object("cat", 1, 2, 30, 40)
    assert read(tmp_path / "1", cat, size=size("64.0", 48))["size"] == (64, 48)
    assert read(tmp_path / "2", cat, size=size(0, 0))["size"] is None
    assert read(tmp_path / "3", cat, size=size(640, 480))["questions"] == ["box-size"]
    found = read(tmp_path / "4", cat, size=size("wide", 48))
    assert found["problems"] == ["a.xml: the size wide × 48 is not that of a photo; it is not used"]


def test_numbers_with_digits_after_the_point_are_kept_and_others_a_problem(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        voc_object("cat", "1.5", "2e0", "30.25", 40),
        voc_object("dog", "1_0", 2, 30, 40),
        "<object><name>owl</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>3</xmax></bndbox></object>",
        "<object><name>owl</name></object>",
    )
    assert found["boxes"] == [("cat", 1.5, 2, 28.75, 38)]
    assert [text.split(": ")[0] for text in found["problems"]] == [f"a.xml, object {number}" for number in (2, 3, 4)]


def test_the_boxes_of_parts_are_not_those_of_the_object(tmp_path: Path) -> None:
    part = "<part><name>head</name><bndbox><xmin>5</xmin><ymin>5</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></part>"
    whole = voc_object("person", 1, 2, 30, 40).replace("<bndbox>", f"{part}<bndbox>", 1)
    assert read(tmp_path, whole)["boxes"] == [("person", 1, 2, 29, 38)]


def test_an_object_with_two_boxes_is_a_problem(tmp_path: Path) -> None:
    box = "<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>30</xmax><ymax>40</ymax></bndbox>"
    found = read(tmp_path, f"<object><name>cat</name>{box}{box.replace('1', '3')}</object>")
    assert found["boxes"] == [] and "it has 2 boxes (bndbox) instead of one" in found["problems"][0]


def test_outlines_and_turned_boxes_give_the_box_around_them_and_that_is_said(tmp_path: Path) -> None:
    numbered = "<polygon><x1>1</x1><y1>2</y1><x2>11</x2><y2>2</y2><x3>6</x3><y3>22</y3></polygon>"
    listed = "<polygon><pt><x>1</x><y>2</y></pt><pt><x>4</x><y>2</y></pt><pt><x>4</x><y>9</y></pt></polygon>"
    turned = f"<robndbox><cx>30</cx><cy>20</cy><w>20</w><h>10</h><angle>{math.pi / 2}</angle></robndbox>"
    few = "<polygon><x1>1</x1><y1>2</y1><x2>11</x2><y2>2</y2></polygon>"
    found = read(tmp_path, *(f"<object><name>cat</name>{shape}</object>" for shape in (numbered, listed, turned, few)))
    assert found["boxes"] == [("cat", 1, 2, 10, 20), ("cat", 1, 2, 3, 7), ("cat", 25, 10, 10, 20)]
    assert "2 boxes are each the one around the outline in the XML file: a.xml" in found["remarks"]
    assert "1 box is the one around the turned box in the XML file: a.xml" in found["remarks"]
    assert [text.split(": ")[0] for text in found["problems"]] == ["a.xml, object 4"]


@pytest.mark.parametrize(
    ("encoding", "word"),
    [("cp932", "ソース"), ("gb18030", "红色的猫"), ("iso-8859-1", "Käuzchen"), ("utf-16", "Käuzchen")],
)
def test_a_file_is_read_in_the_encoding_that_it_declares(tmp_path: Path, encoding: str, word: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?>\n' + voc("a.png", voc_object(word, 1, 2, 30, 40))
    found = plan(put(tmp_path, photos("a.png"), {"a.xml": text.encode(encoding)}))
    assert boxes(found) == {"a.png": [(word, 1, 2, 29, 38)]} and not found.questions and not found.problems


def test_a_file_that_declares_utf_16_and_is_not_is_read_as_what_it_is(tmp_path: Path) -> None:
    text = '<?xml version="1.0" encoding="utf-16"?>' + voc("a.png", voc_object("Käuzchen", 1, 2, 30, 40))
    found = plan(put(tmp_path, photos("a.png"), {"a.xml": text.encode()}))
    assert boxes(found) == {"a.png": [("Käuzchen", 1, 2, 29, 38)]}


def test_a_file_that_declares_latin_1_and_may_be_utf_8_is_asked(tmp_path: Path) -> None:
    text = '<?xml version="1.0" encoding="ISO-8859-1"?>' + voc("a.png", voc_object("Käuzchen", 1, 2, 30, 40))
    folder = put(tmp_path, photos("a.png"), {"a.xml": text.encode()})
    [question] = plan(folder).questions
    assert question.id == f"{ENCODING}:a.xml"
    assert [choice.rows[0] for choice in question.choices] == [("Käuzchen",), ("KÃ¤uzchen",)]
    assert boxes(plan(folder, {ENCODING: "utf_8"}))["a.png"][0][0] == "Käuzchen"
    assert boxes(plan(folder, {ENCODING: "iso8859-1"}))["a.png"][0][0] == "KÃ¤uzchen"


def test_a_file_in_no_declared_encoding_is_asked_and_never_dropped(tmp_path: Path) -> None:
    text = voc("a.png", voc_object("сова и кот", 1, 2, 30, 40))
    folder = put(tmp_path, photos("a.png"), {"a.xml": text.encode("cp1251")})
    assert boxes(plan(folder, {ENCODING: "cp1251"}))["a.png"][0][0] == "сова и кот"


def test_a_codec_that_is_no_encoding_of_text_is_not_used(tmp_path: Path) -> None:
    for name in ("zlib", "rot13", "unicode_escape", "utf-7", "nonsense"):
        text = f'<?xml version="1.0" encoding="{name}"?>' + voc("a.png", voc_object("+AGE-\\x41", 1, 2, 30, 40))
        found = plan(put(tmp_path / name, photos("a.png"), {"a.xml": text}))
        assert boxes(found)["a.png"][0][0] == "+AGE-\\x41", name
