"""Random data sets are read as they were written; one changed field never moves a label or box without a word."""

import json
from collections import Counter
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.data.importing.formats.exported_image import ExportedImage
from core.data.importing.formats.write_zip import FORMATS
from core.data.importing.formats.zip_paths import with_zip_paths
from core.data.importing.plan_files import plan_from_files
from core.data.store.records import BoxRow
from core.data.tables.questions import Asking
from tests.data.importing.formats.small_sets import png

WIDTH, HEIGHT = 64, 48
CLASSES = ("ant", "bee", "Katze ß", "10", "no")
NAMES = ("a.png", "b.png", "sub/a.png", "sub/c d.png", "e\u0301.png", "100%.png", "x.y.png", "Sub 2/é/1.png")
ODD: tuple[Any, ...] = (None, True, 1.5, [], {}, [1], "", "nope", "1_0", -7, 999, "nan", float("nan"))

Marks = Counter[tuple[str, str, float, float, float, float]]


@cache
def photo(number: int) -> bytes:
    return png(number, WIDTH, HEIGHT)


@st.composite
def boxes(draw: st.DrawFn) -> BoxRow:
    """A box inside the photo, in quarters of a pixel, that is larger than one pixel."""
    x, y = draw(st.integers(0, 4 * WIDTH - 16)), draw(st.integers(0, 4 * HEIGHT - 16))
    width, height = draw(st.integers(8, 4 * WIDTH - x)), draw(st.integers(8, 4 * HEIGHT - y))
    return BoxRow(draw(st.sampled_from(CLASSES)), x / 4, y / 4, width / 4, height / 4)


@st.composite
def data_sets(draw: st.DrawFn) -> list[ExportedImage]:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=4, unique=True))
    splits = st.sampled_from([None, "train", "val", "test"])
    return [
        ExportedImage(
            name, Path("x.png"), WIDTH, HEIGHT, None, draw(splits), tuple(draw(st.lists(boxes(), max_size=3)))
        )
        for name in names
    ]


def written(kind: str, pictures: list[ExportedImage]) -> dict[str, bytes]:
    """The files of a data set, with its photos."""
    format = FORMATS[kind]
    placed = with_zip_paths(pictures, format.label_file or format.place)
    files = dict(format.write(placed, CLASSES))
    return files | {format.place(one): photo(number) for number, one in enumerate(placed)}


class Reading:
    """What a plan makes of files."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        asking = Asking()
        readers = {path: partial(bytes, data) for path, data in files.items()}
        self.plan = plan_from_files(readers, {}, "set", asking)
        self.said = bool(asking.open) or any(not one.harmless for one in self.plan.problems)
        self.marks: Marks = Counter(
            (one.name, each.label or "", each.box.x, each.box.y, each.box.width, each.box.height)
            for one in self.plan.candidates
            for each in one.objects
        )
        self.splits = {one.name: one.split for one in self.plan.candidates}


@pytest.mark.parametrize("kind", ["coco", "voc", "yolo", "hugging-face"])
@given(pictures=data_sets())
@settings(max_examples=30, deadline=None)
def test_what_is_written_is_read_again(kind: str, pictures: list[ExportedImage]) -> None:
    assume(kind != "hugging-face" or any(one.boxes for one in pictures))
    found = Reading(written(kind, pictures))
    assert not found.said, [str(one) for one in found.plan.problems]
    assert found.splits == {one.name: one.split for one in pictures}
    assert found.marks == Counter(
        (one.name, box.label, box.x, box.y, box.width, box.height) for one in pictures for box in one.boxes
    )


def leaves(content: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The places of all values in JSON that are no lists or objects."""
    if isinstance(content, dict):
        return [place for key, value in content.items() for place in leaves(value, (*path, key))]
    if isinstance(content, list):
        return [place for number, value in enumerate(content) for place in leaves(value, (*path, number))]
    return [path]


def replaced(content: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = json.loads(json.dumps(content))
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return changed


def check(before: Reading, after: Reading, may_change: bool) -> None:
    """Nothing is new unless the changed field says it; nothing is lost without a word."""
    if after.said:
        return
    new, lost = after.marks - before.marks, before.marks - after.marks
    crowd = any("crowd" in one.text for one in after.plan.problems)
    assert not lost or crowd or may_change, lost
    assert not new or may_change, new
    if may_change and new:
        assert {one[0] for one in new} <= {one[0] for one in lost}, "a box is on another photo"


@given(pictures=data_sets(), data=st.data())
@settings(max_examples=80, deadline=None)
def test_a_changed_field_of_coco_is_equal_or_said(pictures: list[ExportedImage], data: st.DataObject) -> None:
    files = written("coco", pictures)
    path = data.draw(st.sampled_from(sorted(name for name in files if name.endswith(".json"))))
    content = json.loads(files[path])
    place = data.draw(st.sampled_from(leaves(content)))
    value = data.draw(st.sampled_from(ODD) | st.just("same as text") | st.just("same as float"))
    old = content
    for key in place:
        old = old[key]
    if isinstance(value, str) and value.startswith("same"):
        assume(isinstance(old, int))
        value = str(old) if value == "same as text" else float(old)
    changed = json.dumps(replaced(content, place, value)).encode()
    after = Reading({**files, path: changed})
    says_it = place[-1] == "name" or "bbox" in place
    check(Reading(files), after, may_change=says_it)


@given(pictures=data_sets(), data=st.data())
@settings(max_examples=80, deadline=None)
def test_a_changed_element_of_voc_is_equal_or_said(pictures: list[ExportedImage], data: st.DataObject) -> None:
    files = written("voc", pictures)
    path = data.draw(st.sampled_from(sorted(name for name in files if name.endswith(".xml"))))
    root = ElementTree.fromstring(files[path])
    elements = [one for one in root.iter() if not len(one)]
    element = data.draw(st.sampled_from(elements))
    names = [one.name for one in pictures]
    element.text = data.draw(st.sampled_from(["", "nope", "-7", "999", "1_0", "nan", "1,5", *names]))
    after = Reading({**files, path: ElementTree.tostring(root, "utf-8")})
    check(Reading(files), after, may_change=element.tag in ("name", "xmin", "ymin", "xmax", "ymax"))


@given(pictures=data_sets(), data=st.data())
@settings(max_examples=80, deadline=None)
def test_a_changed_word_of_yolo_is_equal_or_said(pictures: list[ExportedImage], data: st.DataObject) -> None:
    files = written("yolo", pictures)
    filled = sorted(name for name, text in files.items() if name.endswith(".txt") and text)
    assume(filled)
    path = data.draw(st.sampled_from(filled))
    lines = [line.split(" ") for line in files[path].decode().splitlines()]
    line = data.draw(st.integers(0, len(lines) - 1))
    word = data.draw(st.integers(0, len(lines[line]) - 1))
    lines[line][word] = data.draw(st.sampled_from(["", "nope", "nan", "1_0", "-7", "99", "0,5", "1.5", "50%"]))
    text = "".join(" ".join(words) + "\n" for words in lines).encode()
    check(Reading(files), Reading({**files, path: text}), may_change=word > 0)


@given(pictures=data_sets(), data=st.data())
@settings(max_examples=80, deadline=None)
def test_a_changed_field_of_hugging_face_is_equal_or_said(pictures: list[ExportedImage], data: st.DataObject) -> None:
    assume(any(one.boxes for one in pictures))
    files = written("hugging-face", pictures)
    path = data.draw(st.sampled_from(sorted(name for name in files if name.endswith("metadata.jsonl"))))
    rows = [json.loads(line) for line in files[path].decode().splitlines()]
    row = data.draw(st.sampled_from(rows))
    column = data.draw(st.sampled_from([*row]))
    says_it = False
    if column == "objects":
        objects = json.loads(row[column]) if isinstance(row[column], str) else row[column]
        assume(leaves(objects))
        place = data.draw(st.sampled_from(leaves(objects)))
        changed = replaced(objects, place, data.draw(st.sampled_from(ODD)))
        row[column] = json.dumps(changed) if isinstance(row[column], str) else changed
        says_it = place[0] in ("bbox", "categories")
    else:
        row[column] = data.draw(st.sampled_from(["", "nope", "nope.png", "'", "a,b", *ODD]))
    text = "".join(json.dumps(one) + "\n" for one in rows).encode()
    check(Reading(files), Reading({**files, path: text}), may_change=says_it)


@pytest.mark.parametrize("kind", ["coco", "voc", "yolo", "hugging-face"])
@given(pictures=data_sets(), data=st.data())
@settings(max_examples=40, deadline=None)
def test_labels_of_a_missing_photo_go_to_no_other(
    kind: str, pictures: list[ExportedImage], data: st.DataObject
) -> None:
    assume(kind != "hugging-face" or any(one.boxes for one in pictures))
    files = written(kind, pictures)
    gone = data.draw(st.sampled_from(sorted(path for path in files if path.endswith(".png"))))
    before, after = Reading(files), Reading({path: text for path, text in files.items() if path != gone})
    lost = before.marks - after.marks
    assert not after.marks - before.marks
    assert len({one[0] for one in lost}) <= 1 and (not lost or after.said)
