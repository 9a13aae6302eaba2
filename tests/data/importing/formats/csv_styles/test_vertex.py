"""Import files of Vertex AI and AutoML Vision: sets, addresses, several labels, corners as fractions."""

import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.data.importing.formats.csv_styles.read_table import read_table
from core.data.importing.plan_import import plan_folder, plan_table, run_import
from core.data.importing.updates.known_photos import find_known
from core.data.importing.updates.label_updates import find_updates
from core.data.store.records import BoxRow
from core.data.tables.label_rows import objects_of
from core.data.tables.questions import Asking
from tests.data.builders import open_store
from tests.data.importing.formats.csv_styles.tables import (
    Files,
    boxes,
    labels,
    only_question,
    photos,
    planned,
    problems,
)

# The sample rows of Google's documentation for object detection, with photos of 40 by 20 pixels.
DETECTION = """TRAIN,gs://folder/image1.png,car,0.1,0.1,,,0.3,0.3,,
TRAIN,gs://folder/image1.png,bike,.7,.6,,,.8,.9,,
UNASSIGNED,gs://folder/im2.png,car,0.1,0.1,0.2,0.1,0.2,0.3,0.1,0.3
TEST,gs://folder/im3.png,,,,,,,,,
"""


def test_the_documented_boxes(tmp_path: Path) -> None:
    plan = planned(tmp_path, {**photos("image1.png", "im2.png", "im3.png"), "import.csv": DETECTION})
    found = boxes(plan)
    assert found["image1.png"] == [("car", 4, 2, 8, 4), ("bike", 28, 12, 4, 6)]
    assert found["im2.png"] == [("car", 4, 2, 4, 4)] and found["im3.png"] == []
    assert {name: split for name, (_, split) in labels(plan).items()} == {
        "image1.png": "train",
        "im2.png": None,
        "im3.png": "test",
    }
    assert not plan.questions and not [text for text in problems(plan) if "boxes" not in text]


def test_labels_with_every_word_for_a_set(tmp_path: Path) -> None:
    rows = ["TRAIN,gs://b/x/a.png,owl", "validation,gs://b/x/b.png,duck", "Test,gs://b/c.png,owl", "training,d.png,owl"]
    plan = planned(tmp_path, {**photos("a.png", "b.png", "c.png", "d.png"), "data.csv": "\n".join(rows)})
    assert labels(plan) == {
        "a.png": ("owl", "train"),
        "b.png": ("duck", "val"),
        "c.png": ("owl", "test"),
        "d.png": ("owl", "train"),
    }
    assert not problems(plan)


def test_the_set_may_be_left_out_and_a_photo_without_a_label_is_said(tmp_path: Path) -> None:
    plan = planned(tmp_path, {**photos("a.png", "b.png"), "data.csv": "gs://b/a.png,owl\ngs://b/b.png\n"})
    assert labels(plan) == {"a.png": ("owl", None), "b.png": (None, None)}
    assert not problems(plan)


def test_several_labels_are_asked(tmp_path: Path) -> None:
    files = {**photos("a.png", "b.png"), "data.csv": "TRAIN,gs://b/a.png,owl\nTEST,gs://b/b.png,tulip,rose\n"}
    question = only_question(planned(tmp_path, files))
    assert question.kind == "several-labels" and "b.png: tulip, rose" in question.text
    assert question.choices[1].rows == (("b.png", "rose + tulip"),)
    assert labels(planned(tmp_path, files, {"several-labels": "single"})) == {
        "a.png": ("owl", "train"),
        "b.png": (None, "test"),
    }
    assert labels(planned(tmp_path, files, {"several-labels": "joined"}))["b.png"] == ("rose + tulip", "test")


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ("owl,10,2,,,30,9,,", "not in fractions"),
        ("owl,0.5,0.1,,,0.3,0.3,,", "corners swapped"),
        ("owl,0.1,0.1,0.2,0.15,0.2,0.3,0.1,0.3", "not an upright rectangle"),
        ("owl,0.1,0.1,,,0.3,,,", "not two or four corners"),
        ("owl,0.1,x,,,0.3,0.3,,", "not two or four corners"),
    ],
)
def test_a_box_that_is_none_is_a_problem_with_its_line(tmp_path: Path, cells: str, words: str) -> None:
    table = f"TRAIN,gs://b/a.png,owl,0.1,0.1,,,0.3,0.3,,\nTRAIN,gs://b/a.png,{cells}\n"
    plan = planned(tmp_path, {**photos("a.png"), "data.csv": table})
    assert boxes(plan) == {"a.png": [("owl", 4, 2, 8, 4)]}
    text = problems(plan)[0]
    assert text.startswith("line 2: ") and words in text


def test_a_row_of_another_kind_is_a_problem_with_its_line(tmp_path: Path) -> None:
    rows = ["TRAIN,gs://b/a.png,owl"] * 1 + [f"TRAIN,gs://b/{name}.png,owl" for name in "bcde"] + ["hello,a.png,owl"]
    plan = planned(tmp_path, {**photos(*(f"{name}.png" for name in "abcde")), "data.csv": "\n".join(rows)})
    assert len([one for one in plan.candidates if one.label == "owl"]) == 5
    assert problems(plan) == ["line 6: this row is not a set, a photo and its labels, so it is skipped (data.csv)"]


def test_lines_in_problems_are_those_of_the_file(tmp_path: Path) -> None:
    table = "TRAIN,gs://b/a.png,owl\nTRAIN,gs://b/b.png,owl\nTRAIN,gs://b/a.png,duck\n"
    plan = planned(tmp_path, {**photos("a.png", "b.png"), "data.csv": table})
    assert any('"owl" (line 1) and "duck" (line 3)' in text and text.startswith("line 3") for text in problems(plan))


def test_a_table_in_any_folder_is_found(tmp_path: Path) -> None:
    plan = planned(tmp_path, {**photos("photos/a.png"), "export/import.csv": "TRAIN,gs://b/photos/a.png,owl\n"})
    assert [(one.label, one.split) for one in plan.candidates] == [("owl", "train")]


def line(name: str, split: str, **annotations: object) -> str:
    labels_of_item = {"aiplatform.googleapis.com/ml_use": split}
    return json.dumps({"imageGcsUri": f"gs://b/{name}", **annotations, "dataItemResourceLabels": labels_of_item}) + "\n"


def test_lines_of_json(tmp_path: Path) -> None:
    box = {"displayName": "car", "xMin": 0.1, "yMin": 0.1, "xMax": 0.3, "yMax": 0.3}
    other = {"displayName": "bike", "xMin": 0.5, "yMin": 0.5, "xMax": 1, "yMax": 1}
    text = line("a.png", "training", classificationAnnotation={"displayName": "owl"})
    text += line("b.png", "test", boundingBoxAnnotations=[box, other])
    plan = planned(tmp_path, {**photos("a.png", "b.png"), "import.jsonl": text})
    assert labels(plan) == {"a.png": ("owl", "train"), "b.png": ("bike", "test")}
    assert boxes(plan)["b.png"] == [("car", 4, 2, 8, 4), ("bike", 20, 10, 20, 10)]


@pytest.mark.parametrize("mark", ["\\ud800", "\\u0000"])
def test_characters_that_no_table_has_are_replaced(tmp_path: Path, mark: str) -> None:
    """One half of a pair of surrogates was an error of the program, and a null said that the file is no text."""
    text = line("a.png", "test", classificationAnnotation={"displayName": "owl"})
    text += line("b@.png", "test", classificationAnnotation={"displayName": "duck@"}).replace("@", mark)
    text += line("b.png", "test", classificationAnnotation={"displayName": "duck@"}).replace("@", mark)
    plan = planned(tmp_path, {**photos("a.png", "b.png"), "import.jsonl": text})
    assert labels(plan) == {"a.png": ("owl", "test"), "b.png": ("duck\ufffd", "test")}
    assert any("b\ufffd.png is not among the files" in one for one in problems(plan))


def test_wrong_values_in_lines_of_json_are_problems(tmp_path: Path) -> None:
    box = {"displayName": "car", "xMin": 10, "yMin": 0.1, "xMax": 0.3, "yMax": 0.3}
    text = line("a.png", "someday", classificationAnnotation={"displayName": ["x"]})
    text += line("b.png", "test", boundingBoxAnnotations=[box]) + "{}\n[\n"
    text += '{"imageGcsUri": "gs://b/a.png", "imageGcsUri": "gs://b/b.png"}\n[1]\n'
    plan = planned(tmp_path, {**photos("a.png", "b.png"), "import.jsonl": text})
    found = problems(plan)
    for words in (
        "line 1: the set someday is unknown",
        "line 1: the label is a list",
        "line 2: a box of b.png is not four fractions",
        "line 3: this line has no imageGcsUri",
        "line 4: it is not JSON, so this line is skipped",
        'line 5: it has the key "imageGcsUri" twice in one object, so this line is skipped',
        "line 6: it is no JSON object, so this line is skipped",
    ):
        assert any(words in text for text in found), words


NAMES = st.from_regex(r"[a-z]{1,5}/[a-z0-9]{1,6}\.(png|jpg)", fullmatch=True)
WORDS = st.from_regex(r"[A-Za-z][a-z ]{0,6}[a-z]", fullmatch=True).filter(
    lambda word: word.lower() not in ("nan", "none", "null", "na", "nat")
)
FRACTION = st.integers(0, 400).map(lambda part: part / 1000)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(NAMES, WORDS, FRACTION, FRACTION), min_size=1, max_size=6, unique_by=lambda row: row[0]),
    changed=st.none() | st.integers(3, 6),
)
def test_what_is_written_is_read_back_or_a_problem(
    rows: list[tuple[str, str, float, float]], changed: int | None
) -> None:
    """Written as Google documents it; then one number of the first row is changed into a word."""
    lines = [["TRAIN", f"gs://b/{name}", label, x, y, "", "", x + 0.5, y + 0.5, "", ""] for name, label, x, y in rows]
    if changed is not None:
        lines[0][{3: 3, 4: 4, 5: 7, 6: 8}[changed]] = "word"
    text = "\n".join(",".join(str(cell) for cell in cells) for cells in lines)
    if changed is not None and len(rows) == 1:
        return  # nothing shows any more that the table has boxes
    table = read_table(text.encode(), "t.csv", None, Asking())
    found = {
        row.filename: [(one.label, one.box.x, one.box.y, one.box.width, one.box.height) for one in objects_of(row)]
        for row in table.rows
    }
    expected = {
        name: [(label, x, y, pytest.approx(0.5), pytest.approx(0.5))]
        for place, (name, label, x, y) in enumerate(rows)
        if changed is None or place > 0
    }
    assert {name: found[name] for name in expected} == expected
    assert all(row.split == "train" and row.frame.fractions for row in table.rows)
    if changed is not None:
        assert rows[0][0] not in found and any(one.line == 1 and not one.harmless for one in table.problems)


def test_lines_of_json_that_lie_apart_from_the_photos(tmp_path: Path) -> None:
    planned(tmp_path / "photos", photos("a.png"))
    (tmp_path / "import.jsonl").write_text(line("a.png", "test", classificationAnnotation={"displayName": "owl"}))
    plan = plan_folder(tmp_path / "photos", tmp_path / "import.jsonl")
    assert labels(plan) == {"a.png": ("owl", "test")}


def test_fractions_of_photos_that_a_project_has_become_its_pixels(tmp_path: Path) -> None:
    planned(tmp_path / "photos", photos("a.png"))
    (tmp_path / "import.csv").write_text("TEST,gs://b/a.png,owl,0.1,0.1,,,0.3,0.3,,\n")
    store = open_store(tmp_path)
    project = store.create_project("Boxes", "localization").id
    list(run_import(plan_folder(tmp_path / "photos"), store, project, "ann"))
    plan = plan_table(tmp_path / "import.csv")
    [change] = find_updates(plan, find_known(plan, store, project), store, project).changes
    assert change.boxes == (BoxRow("owl", 4, 2, 8, 4),)


def test_fractions_of_a_photo_that_is_stored_turned_are_asked(tmp_path: Path) -> None:
    turned = io.BytesIO()
    exif = Image.Exif()
    exif[274] = 6  # clockwise, so that 40 by 20 stored pixels are shown as 20 by 40
    Image.new("RGB", (40, 20)).save(turned, "JPEG", exif=exif)
    files: Files = {"a.jpg": turned.getvalue(), "import.csv": "TRAIN,gs://b/a.jpg,owl,0.1,0.2,,,0.5,0.4,,\n"}
    assert only_question(planned(tmp_path, files)).kind == "box-orientation"
    assert boxes(planned(tmp_path, {}, {"box-orientation": "upright"})) == {"a.jpg": [("owl", 2, 8, 8, 8)]}
    # Stored: 4, 4, 16, 4 of 40 by 20 pixels, turned clockwise.
    assert boxes(planned(tmp_path, {}, {"box-orientation": "stored"})) == {"a.jpg": [("owl", 12, 4, 4, 16)]}


@pytest.mark.parametrize(
    "changed",
    [
        {"dataItemResourceLabels": ["test"]},
        {"boundingBoxAnnotations": {"displayName": "owl"}},
        {"classificationAnnotations": "owl"},
    ],
)
def test_a_part_of_a_line_of_another_kind_is_a_problem(tmp_path: Path, changed: dict[str, object]) -> None:
    """It was left out without a word."""
    entry = {"imageGcsUri": "gs://b/a.png", "classificationAnnotation": {"displayName": "owl"}, **changed}
    plan = planned(tmp_path, {**photos("a.png"), "import.jsonl": json.dumps(entry)})
    [problem] = problems(plan)
    assert next(iter(changed)) in problem and "which is not" in problem
    assert labels(plan) == {"a.png": ("owl", None)}
