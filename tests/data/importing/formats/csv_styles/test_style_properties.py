"""Random data sets in other tools' tables are read as they were written; one changed cell never changes more unsaid."""

import csv
import io
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.errors import LabelsError
from tests.data.importing.formats.csv_styles.random_sets import (
    HEIGHT,
    WIDTH,
    Picture,
    Reading,
    boxed,
    check_changed,
    labelled,
    marks_of,
    photos_of,
)

SPLITS = ("train", "val", "test")
VERTEX_SETS = {"train": "TRAIN", "val": "VALIDATION", "test": "TEST", None: "UNASSIGNED"}
ODD = ("", " ", "nope", "nan", "-7", "999", "1_0", "1,5", "0.5", "1e400", "'", "a,b", "50%", "=1+1")

EXAMPLES = int(os.environ.get("EXAMPLES", "12"))  # more for a search: EXAMPLES=2000 HYPOTHESIS_PROFILE=search

Rows = list[list[str]]


@dataclass(frozen=True)
class Style:
    """How a tool writes a table, and what its columns say."""

    pictures: st.SearchStrategy[list[Picture]]
    write: Callable[[Sequence[Picture]], Rows]
    label: tuple[int, ...]  # columns of classes
    box: tuple[int, ...]  # and of sides
    header: bool = True
    split: tuple[int, ...] = ()
    others: Callable[[Sequence[Picture]], dict[str, str]] = lambda pictures: {}
    listed: bool = True  # photos without boxes have a row
    name: str = "annotations.csv"

    def files(self, rows: Rows, pictures: Sequence[Picture]) -> dict[str, bytes]:
        others = {name: text.encode() for name, text in self.others(pictures).items()}
        return {**photos_of(pictures), **others, self.name: as_csv(rows).encode()}


def as_csv(rows: Rows) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue()


def classes_in(pictures: Sequence[Picture]) -> list[str]:
    return list(dict.fromkeys(each.label for one in pictures for each in one.marked))


def fractions(corners: tuple[float, ...] | None) -> list[str]:
    assert corners is not None
    return [repr(side / length) for side, length in zip(corners, (WIDTH, HEIGHT) * 2, strict=True)]


def open_images(pictures: Sequence[Picture]) -> Rows:
    header = "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsGroupOf"
    rows = [header.split(",")]
    ids = class_ids(pictures)
    for one in pictures:
        for each in one.marked:
            left, top, right, bottom = fractions(each.corners)
            stem = one.name.removesuffix(".png")
            rows.append([stem, "xclick", ids[each.label], "1", left, right, top, bottom, "0", "0"])
    return rows


def class_ids(pictures: Sequence[Picture]) -> dict[str, str]:
    return {label: f"/m/0{number}" for number, label in enumerate(classes_in(pictures))}


def descriptions(pictures: Sequence[Picture]) -> dict[str, str]:
    return {"class-descriptions.csv": as_csv([[one, label] for label, one in class_ids(pictures).items()])}


def vertex_boxes(pictures: Sequence[Picture]) -> Rows:
    rows = []
    for one in pictures:
        head = [VERTEX_SETS[one.split], f"gs://bucket/some/{one.name}"]
        for each in one.marked:
            left, top, right, bottom = fractions(each.corners)
            rows.append([*head, each.label, left, top, "", "", right, bottom, "", ""])
        if not one.marked:
            rows.append([*head, *[""] * 9])
    return rows


def vertex_labels(pictures: Sequence[Picture]) -> Rows:
    return [[VERTEX_SETS[one.split], f"gs://bucket/{one.name}", one.marked[0].label] for one in pictures]


def retinanet(pictures: Sequence[Picture]) -> Rows:
    rows = []
    for one in pictures:
        for each in one.marked:
            assert each.corners is not None
            rows.append([one.name, *(str(side) for side in each.corners), each.label])
        if not one.marked:
            rows.append([one.name, "", "", "", "", ""])
    return rows


def class_list(pictures: Sequence[Picture]) -> dict[str, str]:
    return {"classes.csv": as_csv([[label, str(number)] for number, label in enumerate(classes_in(pictures))])}


def tensorflow(pictures: Sequence[Picture]) -> Rows:
    rows = [["filename", "width", "height", "class", "xmin", "ymin", "xmax", "ymax"]]
    for one in pictures:
        for each in one.marked:
            assert each.corners is not None
            rows.append([one.name, str(WIDTH), str(HEIGHT), each.label, *(str(side) for side in each.corners)])
    return rows


STYLES = {
    "open images": Style(boxed(), open_images, (2,), (4, 5, 6, 7), others=descriptions, listed=False),
    "vertex boxes": Style(boxed((*SPLITS, None)), vertex_boxes, (2,), tuple(range(3, 11)), header=False, split=(0,)),
    "vertex labels": Style(labelled((*SPLITS, None)), vertex_labels, (2,), (), header=False, split=(0,)),
    "retinanet": Style(boxed(), retinanet, (5,), (1, 2, 3, 4), header=False, others=class_list),
    "tensorflow": Style(boxed(), tensorflow, (3,), (4, 5, 6, 7), listed=False),
}


@pytest.mark.parametrize("name", STYLES)
@given(data=st.data())
@settings(max_examples=EXAMPLES)
def test_what_a_tool_writes_is_read_exactly(name: str, data: st.DataObject) -> None:
    style = STYLES[name]
    pictures = data.draw(style.pictures)
    found = Reading(style.files(style.write(pictures), pictures))
    assert found.marks == marks_of(pictures)
    assert not found.questions, found.questions
    # A table that lists boxes only does not name the photos without.
    unlisted = {one.name for one in pictures if not one.marked and not style.listed}
    assert all(any(name in text for name in unlisted) for text in found.problems), found.problems
    assert found.splits == {one.name: one.split for one in pictures}


@pytest.mark.parametrize("name", STYLES)
@given(data=st.data())
@settings(max_examples=2 * EXAMPLES)
def test_a_changed_cell_is_equal_or_said(name: str, data: st.DataObject) -> None:
    style = STYLES[name]
    pictures = data.draw(style.pictures)
    rows = style.write(pictures)
    row = data.draw(st.integers(int(style.header), len(rows) - 1))
    column = data.draw(st.integers(0, len(rows[row]) - 1))
    cells = {one[column] for one in rows[int(style.header) :]}
    before = Reading(style.files(rows, pictures))
    assume(not before.questions)
    names_photo = not {column}.intersection((*style.label, *style.box, *style.split)) and any(
        one.name.removesuffix(".png") in cell for one in pictures for cell in cells
    )
    # Another photo's name says that the row is about that one.
    values = ODD if names_photo else (*ODD, *sorted(cells))
    rows[row][column] = data.draw(st.sampled_from(values))
    try:
        after = Reading(style.files(rows, pictures))
    except LabelsError:  # nothing is imported, and that is said
        return
    if after.problems == before.problems:
        after.said = bool(after.questions)
    if column in style.label and not rows[row][column].strip() and not after.said:  # a photo without a label
        assert not after.marks - before.marks and "unlabelled" in after.remarks
        return
    check_changed(before, after, label=column in style.label, box=column in style.box, split=column in style.split)


@pytest.mark.parametrize("name", STYLES)
@given(data=st.data())
@settings(max_examples=EXAMPLES)
def test_the_labels_of_a_missing_photo_go_to_no_other(name: str, data: st.DataObject) -> None:
    style = STYLES[name]
    pictures = data.draw(style.pictures)
    files = style.files(style.write(pictures), pictures)
    gone = data.draw(st.sampled_from([one.name for one in pictures if one.marked]))
    before, after = Reading(files), Reading({path: text for path, text in files.items() if path != gone})
    assert not after.marks - before.marks
    lost = before.marks - after.marks
    assert {one[0] for one in lost} <= {gone} or after.said
    assert after.said


# Lines of JSON


def vertex_lines(pictures: Sequence[Picture]) -> list[dict[str, Any]]:
    lines = []
    for one in pictures:
        entry: dict[str, Any] = {"imageGcsUri": f"gs://bucket/some/{one.name}"}
        boxes = [each for each in one.marked if each.corners]
        if boxes:
            entry["boundingBoxAnnotations"] = [as_annotation(each.label, each.corners or ()) for each in boxes]
        elif one.marked:
            entry["classificationAnnotation"] = {"displayName": one.marked[0].label}
        entry["dataItemResourceLabels"] = {"aiplatform.googleapis.com/ml_use": VERTEX_SETS[one.split].lower()}
        lines.append(entry)
    return lines


def as_annotation(label: str, corners: tuple[float, ...]) -> dict[str, Any]:
    left, top, right, bottom = (float(side) for side in fractions(corners))
    return {"displayName": label, "xMin": left, "yMin": top, "xMax": right, "yMax": bottom}


def files_of_lines(lines: Sequence[dict[str, Any]], pictures: Sequence[Picture]) -> dict[str, bytes]:
    text = "".join(json.dumps(line) + "\n" for line in lines)
    return {**photos_of(pictures), "import.jsonl": text.encode()}


JSON_SETS = boxed((*SPLITS, None)) | labelled((*SPLITS, None))
ODD_JSON: tuple[Any, ...] = (None, True, [], {}, [1], "", "nope", -7, 999, 0.5, "0.5", float("nan"), -1e400, 10**400)


@given(pictures=JSON_SETS)
@settings(max_examples=EXAMPLES)
def test_lines_of_json_are_read_exactly(pictures: list[Picture]) -> None:
    found = Reading(files_of_lines(vertex_lines(pictures), pictures))
    assert found.marks == marks_of(pictures) and not found.said, found.problems
    assert found.splits == {one.name: one.split for one in pictures}


def places_in(content: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every value in JSON, by its path."""
    keys = content if isinstance(content, dict) else range(len(content)) if isinstance(content, list) else ()
    return [path] * bool(path) + [place for key in keys for place in places_in(content[key], (*path, key))]


@given(pictures=JSON_SETS, data=st.data())
@settings(max_examples=2 * EXAMPLES)
def test_a_changed_value_in_lines_of_json_is_equal_or_said(pictures: list[Picture], data: st.DataObject) -> None:
    lines = vertex_lines(pictures)
    before = Reading(files_of_lines(lines, pictures))
    *path, last = data.draw(st.sampled_from(places_in(lines)))
    inner: Any = lines
    for key in path:
        inner = inner[key]
    removed = isinstance(inner, dict) and data.draw(st.booleans())
    if removed:
        del inner[last]
    else:
        inner[last] = data.draw(st.sampled_from(ODD_JSON))
    after = Reading(files_of_lines(lines, pictures))
    nothing = removed or inner[last] in (None, [], {}, "")
    whole = last in ("boundingBoxAnnotations", "classificationAnnotation") and nothing
    if whole and not after.said:  # the photo has no label then
        assert not after.marks - before.marks
        return
    sides = last in ("xMin", "yMin", "xMax", "yMax")
    split = last in ("dataItemResourceLabels", "aiplatform.googleapis.com/ml_use") and nothing
    check_changed(before, after, label=last == "displayName", box=sides, split=split)
