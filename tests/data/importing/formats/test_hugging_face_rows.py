"""Rows of Hugging Face metadata: labels of every type, lines, columns, splits and photos that stand twice."""

import json
from pathlib import Path

import pytest

from core.data.importing.box_frames import PLACE
from core.data.importing.formats.gathering.box_corners import CORNERS
from core.data.importing.formats.gathering.label_sources import SOURCES
from core.data.tables.column_choices import LABEL_COLUMN
from core.data.tables.text_encoding import ENCODING
from tests.data.importing.formats.small_sets import (
    boxes,
    labels,
    photos,
    plan,
    problems,
    put,
    questions,
    remarks,
    splits,
)


def lines(*rows: dict[str, object]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def test_labels_of_every_type_are_names_or_a_problem(tmp_path: Path) -> None:
    values = [True, 1.0, ["cat", "dog"], None, {"name": "x"}, 0, "007", float("nan"), ["cat"], [["cat"]], []]
    rows = [{"file_name": f"{number}.png", "label": value} for number, value in enumerate(values)]
    three = photos(*(f"train/{number}.png" for number in range(len(values))))
    found = plan(put(tmp_path, three, {"train/metadata.jsonl": lines(*rows)}))
    expected = [None, "1", None, None, None, "0", "007", None, "cat", None, None]
    assert labels(found) == {f"{number}.png": label for number, label in enumerate(expected)}
    wrong = [text.split(": ")[0] for text in problems(found)]
    assert wrong == [f"train/metadata.jsonl, line {number + 1}" for number in (0, 2, 4, 7, 9, 10)]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_end_only_where_json_lines_do(tmp_path: Path, end: str) -> None:
    rows = [
        {"file_name": "a.png", "label": "cat", "text": "one\u2028two\u2029three\x85four"},
        {"file_name": "b.png", "label": "dog"},
    ]
    found = plan(put(tmp_path, photos("a.png", "b.png"), {"metadata.jsonl": lines(*rows).replace("\n", end)}))
    assert labels(found) == {"a.png": "cat", "b.png": "dog"} and not found.problems


def test_a_row_that_cannot_be_read_is_named_and_the_others_count(tmp_path: Path) -> None:
    text = '{"file_name": "a.png", "label": "cat"}\n{"file_name": \n[1]\n' + lines(
        {"file_name": "b.png", "label": "dog"}
    )
    found = plan(put(tmp_path, photos("a.png", "b.png"), {"metadata.jsonl": text}))
    assert labels(found) == {"a.png": "cat", "b.png": "dog"}
    assert problems(found) == [
        "metadata.jsonl, line 2: it is not JSON; the row is skipped",
        "metadata.jsonl, line 3: it is no JSON object; the row is skipped",
    ]


def test_a_comma_in_a_label_does_not_cut_it(tmp_path: Path) -> None:
    table = 'file_name,label\na.png,cat, big\nb.png,"dog, big"\nc.png\n'
    found = plan(put(tmp_path, photos("x/a.png", "x/b.png", "x/c.png"), {"x/metadata.csv": table}))
    assert labels(found) == {"x/a.png": None, "b.png": "dog, big", "x/c.png": None}
    assert [text.split("; ")[0] for text in problems(found)] == [
        "x/metadata.csv, line 2: 3 cells instead of 2",
        "x/metadata.csv, line 4: 1 cell instead of 2",
    ]


def test_semicolons_and_tabs_separate_cells_too(tmp_path: Path) -> None:
    for number, mark in enumerate(";\t"):
        table = f"file_name{mark}label\na.png{mark}cat\n"
        assert labels(plan(put(tmp_path / str(number), photos("x/a.png"), {"x/metadata.csv": table}))) == {
            "a.png": "cat"
        }


def test_two_columns_that_differ_are_asked_with_rows(tmp_path: Path) -> None:
    table = "file_name,label,category\na.png,0,cat\nb.png,1,dog\n"
    folder = put(tmp_path, photos("x/a.png", "x/b.png"), {"x/metadata.csv": table})
    [question] = plan(folder).questions
    assert question.id == f"{LABEL_COLUMN}:x/metadata.csv"
    assert [(choice.key, choice.rows[0]) for choice in question.choices] == [
        ("label", ("a.png", "0")),
        ("category", ("a.png", "cat")),
    ]
    assert labels(plan(folder, {LABEL_COLUMN: "category"})) == {"a.png": "cat", "b.png": "dog"}
    twice = "file_name,label,label\na.png,cat,dog\n"
    found = plan(put(tmp_path / "twice", photos("x/a.png"), {"x/metadata.csv": twice}))
    assert questions(found) == [f"{LABEL_COLUMN}:x/metadata.csv"]
    same = "file_name,label,category\na.png,cat,cat\n"
    assert not plan(put(tmp_path / "same", photos("x/a.png"), {"x/metadata.csv": same})).questions


def test_a_photo_that_stands_twice_has_a_label_only_where_both_agree(tmp_path: Path) -> None:
    rows = [("a.png", "cat"), ("./a.png", "dog"), ("a.png", "cat"), ("b.png", "owl"), ("b.png", "owl"), ("b.png", None)]
    text = lines(*({"file_name": name, "label": label} for name, label in rows))
    found = plan(put(tmp_path, photos("a.png", "b.png"), {"metadata.jsonl": text}))
    assert labels(found) == {"a.png": None, "b.png": "owl"}
    assert problems(found) == ['a.png: it has two labels, "cat" and "dog"; neither is used']


def test_boxes_of_a_photo_that_stands_twice_are_asked(tmp_path: Path) -> None:
    rows = [{"file_name": "a.png", "objects": {"bbox": [[n, 2, 9, 9]], "categories": ["cat"]}} for n in (1, 5)]
    assert questions(plan(put(tmp_path, photos("a.png"), {"metadata.jsonl": lines(*rows)}))) == [SOURCES]


def test_the_split_of_a_row_and_of_its_folder(tmp_path: Path) -> None:
    rows = [{"file_name": name, "label": "cat", "split": split} for name, split in (("a.png", "test"), ("b.png", "x"))]
    found = plan(put(tmp_path, photos("train/a.png", "train/b.png"), {"train/metadata.jsonl": lines(*rows)}))
    assert splits(found) == {"a.png": "test", "b.png": "train"}
    assert "the split is test, and the folder is that of train" in problems(found)[0]
    assert 'unknown split "x"' in problems(found)[1]


def test_objects_in_other_forms_are_read_or_a_problem_and_never_dropped(tmp_path: Path) -> None:
    good: list[object] = [
        {"bbox": [[1, 2, 3, 4]], "category": ["cat"]},
        [{"bbox": [1, 2, 3, 4], "category": "cat"}],
        '{"bbox": [[1, 2, 3, 4]], "categories": ["cat"]}',
    ]
    for number, value in enumerate(good):
        text = lines({"file_name": "a.png", "objects": value})
        found = plan(put(tmp_path / f"good {number}", photos("a.png"), {"metadata.jsonl": text}))
        assert boxes(found) == {"a.png": [("cat", 1, 2, 3, 4)]} and not found.problems
    bad: list[object] = [
        "{'bbox': [[1, 2, 3, 4]], 'categories': ['cat']}",
        [[1, 2, 3, 4]],
        {"boxes": [[1, 2, 3, 4]]},
        {"bbox": [[1, 2, 3, 4]]},
        {"bbox": [1, 2, 3, 4], "categories": ["cat"]},
        {"bbox": [1, 2, 3, 4], "categories": ["a", "b", "c", "d"]},
        {"bbox": [[1, 2, 3, 4]], "categories": [["cat"]]},
        {"bbox": [["1_0", 2, 3, 4]], "categories": ["cat"]},
        7,
    ]
    for number, value in enumerate(bad):
        text = lines({"file_name": "a.png", "objects": value})
        found = plan(put(tmp_path / f"bad {number}", photos("a.png"), {"metadata.jsonl": text}))
        assert boxes(found) == {"a.png": []} and problems(found), value


def test_a_label_that_no_box_has_is_a_problem(tmp_path: Path) -> None:
    row = {"file_name": "a.png", "label": "owl", "objects": {"bbox": [[1, 2, 3, 4]], "categories": ["cat"]}}
    found = plan(put(tmp_path, photos("a.png"), {"metadata.jsonl": lines(row)}))
    assert labels(found) == {"a.png": "cat"} and 'the label is "owl", and none of the boxes' in problems(found)[0]


def test_corners_are_asked_and_areas_tell(tmp_path: Path) -> None:
    for area, expected in ((None, [f"{CORNERS}:metadata.jsonl"]), ([2700], [PLACE])):
        objects = {"bbox": [[30, 20, 60, 45]], "categories": ["cat"], **({"area": area} if area else {})}
        text = lines({"file_name": "a.png", "objects": objects})
        assert questions(plan(put(tmp_path / str(area), photos("a.png"), {"metadata.jsonl": text}))) == expected


def test_the_size_in_a_row_is_compared_with_the_photo(tmp_path: Path) -> None:
    row = {
        "file_name": "a.png",
        "width": 640,
        "height": 480,
        "objects": {"bbox": [[1, 2, 3, 4]], "categories": ["cat"]},
    }
    assert questions(plan(put(tmp_path, photos("a.png"), {"metadata.jsonl": lines(row)}))) == ["box-size"]


def test_a_table_in_another_encoding_is_asked_and_never_skipped(tmp_path: Path) -> None:
    table = "file_name,label\na.png,сова и кот\n".encode("cp1251")
    folder = put(tmp_path, photos("x/a.png"), {"x/metadata.csv": table})
    assert labels(plan(folder, {ENCODING: "cp1251"})) == {"a.png": "сова и кот"}
    assert f"{ENCODING}:x/metadata.csv" in questions(plan(folder)) or labels(plan(folder)) == {"a.png": "сова и кот"}


def test_the_folders_of_photos_are_splits_where_the_metadata_say_none(tmp_path: Path) -> None:
    table = "file_name,label\ntrain/a.png,cat\ntest/b.png,dog\n"
    found = plan(put(tmp_path / "1", photos("train/a.png", "test/b.png"), {"metadata.csv": table}))
    assert splits(found) == {"train/a.png": "train", "test/b.png": "test"}
    table = "file_name,label,split\ntrain/a.png,cat,\ntest/b.png,dog,\n"
    found = plan(put(tmp_path / "2", photos("train/a.png", "test/b.png"), {"metadata.csv": table}))
    assert splits(found) == {"train/a.png": None, "test/b.png": None}


def test_a_file_of_something_else_in_another_encoding_is_only_not_used(tmp_path: Path) -> None:
    other = {"info.json": '{"a": "猫表示"}'.encode("cp932"), "info.xml": "<x>猫表示</x>".encode("cp932")}
    found = plan(put(tmp_path, photos("cat/a.png", "dog/b.png"), other))
    assert labels(found) == {"cat/a.png": "cat", "dog/b.png": "dog"} and not found.questions
    assert not any("read as" in one.text for one in found.refused)


def test_an_apostrophe_for_a_spreadsheet_is_left_out_and_said(tmp_path: Path) -> None:
    table = "file_name,label\na.png,'-1\nb.png,'=x\n"
    found = plan(put(tmp_path, photos("a.png", "b.png"), {"metadata.csv": table}))
    assert labels(found) == {"a.png": "-1", "b.png": "=x"} and problems(found) == []
    (remark,) = remarks(found)
    assert "metadata.csv: 2 cells have an apostrophe in front, as for a spreadsheet, such as '-1" in remark


def test_two_spellings_that_differ_by_that_apostrophe_are_a_problem(tmp_path: Path) -> None:
    table = "file_name,label\na.png,'-1\nb.png,-1\nc.png,'s Gravenhage\n"
    found = plan(put(tmp_path, photos("a.png", "b.png", "c.png"), {"metadata.csv": table}))
    assert labels(found) == {"a.png": "-1", "b.png": "-1", "c.png": "'s Gravenhage"}
    assert any("metadata.csv, line 2: '-1 and -1 in the column label are read as one" in one for one in problems(found))


def test_json_lines_keep_every_apostrophe(tmp_path: Path) -> None:
    rows = [{"file_name": "a.png", "label": "'-1"}, {"file_name": "b.png", "label": "-1"}]
    table = "".join(json.dumps(row) + "\n" for row in rows)
    found = plan(put(tmp_path, photos("a.png", "b.png"), {"metadata.jsonl": table}))
    assert labels(found) == {"a.png": "'-1", "b.png": "-1"} and problems(found) == []
