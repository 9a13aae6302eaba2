"""Random data sets as our writers write them: read back exactly, and a field that is spoilt changes nothing unsaid."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, fromstring, tostring

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.importing.formats.exported_image import ExportedImage
from core.data.importing.formats.gathered_labels import CollectedLabels
from core.data.importing.formats.tools import cvat, cvat_writer, label_studio, label_studio_writer
from core.data.store.records import BoxRow
from core.data.tables.label_rows import objects_of
from core.data.tables.questions import Asking
from tests.data.importing.formats.tools.data_sets import photo

CLASSES = ["owl", "Ente ß", '<"&>', "a, b"]
SIZES = {"a b.png": (100, 50), "ü/c+d.png": (37, 91), "100%.png": (16, 12)}
PHOTOS = {name: photo(*size) for name, size in SIZES.items()}

SIDES = st.floats(-5, 40, allow_nan=False).map(lambda side: round(side, 9))
LENGTHS = st.floats(0.001, 60, allow_nan=False).map(lambda side: round(side, 9))
BOXES = st.builds(BoxRow, st.sampled_from(CLASSES), SIDES, SIDES, LENGTHS, LENGTHS)


@st.composite
def pictures(draw: st.DrawFn) -> list[ExportedImage]:
    found = []
    for name, (width, height) in SIZES.items():
        boxes = tuple(draw(st.lists(BOXES, max_size=3)))
        label = boxes[0].label if boxes else draw(st.none() | st.sampled_from(CLASSES))
        split = draw(st.sampled_from([None, "train", "val", "test"]))
        found.append(ExportedImage(name, Path("x.png"), width, height, label, split, boxes))
    return found


Marks = dict[str, tuple[object, ...]]


def marks(labels: CollectedLabels) -> Marks:
    return {
        row.filename: (
            row.split,
            None if objects_of(row) else row.label,
            [
                (one.label, *(round(side, 7) for side in (one.box.x, one.box.y, one.box.width, one.box.height)))
                for one in objects_of(row)
            ],
        )
        for row in labels.table.rows
    }


def expected(some: list[ExportedImage]) -> Marks:
    return {
        f"images/{one.name}": (
            one.split,
            None if one.boxes else one.label,
            [(box.label, *(round(side, 7) for side in (box.x, box.y, box.width, box.height))) for box in one.boxes],
        )
        for one in some
    }


def read(kind: str, written: dict[str, bytes]) -> tuple[CollectedLabels | None, Asking]:
    reader = {"label-studio": label_studio, "cvat": cvat}[kind]
    asking = Asking()
    files: dict[str, Callable[[], bytes]] = {f"images/{name}": partial(bytes, data) for name, data in PHOTOS.items()}
    files |= {name: partial(bytes, data) for name, data in written.items()}
    return reader.read(files, {}, asking), asking


WRITERS = {"label-studio": label_studio_writer.write, "cvat": cvat_writer.write}


@pytest.mark.parametrize("kind", WRITERS)
@given(some=pictures())
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read_back_exactly(kind: str, some: list[ExportedImage]) -> None:
    labels, asking = read(kind, WRITERS[kind](some, CLASSES))
    assert labels is not None and marks(labels) == expected(some)
    assert not labels.table.problems and not asking.open
    assert set(CLASSES) <= set(labels.classes)


def places_in(content: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every value in JSON, by its path."""
    if path:
        yield path
    for key in content if isinstance(content, dict) else range(len(content)) if isinstance(content, list) else ():
        yield from places_in(content[key], (*path, key))


def is_said(labels: CollectedLabels | None, asking: Asking) -> bool:
    if labels is None:  # not recognised: the file is listed as not used
        return True
    return bool(asking.open) or any(not problem.harmless for problem in labels.table.problems)


@given(some=pictures(), data=st.data())
@settings(max_examples=200, deadline=None)
def test_a_spoilt_value_in_the_tasks_changes_nothing_unsaid(some: list[ExportedImage], data: st.DataObject) -> None:
    written = label_studio_writer.write(some, CLASSES)
    tasks = json.loads(written["tasks.json"])
    *before, last = data.draw(st.sampled_from(list(places_in(tasks))))
    inner = tasks
    for key in before:
        inner = inner[key]
    inner[last] = data.draw(st.sampled_from([None, True, [], {}, "", "?", -1e400]))
    labels, asking = read("label-studio", {**written, "tasks.json": json.dumps(tasks).encode()})
    other = inner[last] == "?" and not {"rectanglelabels", "choices"}.isdisjoint(before)  # another class
    other |= last == "split" and inner[last] in (None, "")  # no split
    other |= last in ("annotations", "result") and inner[last] == []  # nobody has labelled it
    if not is_said(labels, asking) and not other:
        assert labels is not None and marks(labels) == expected(some), (before, last, inner[last])


@given(some=pictures(), data=st.data())
@settings(max_examples=200, deadline=None)
def test_a_spoilt_attribute_in_the_xml_changes_nothing_unsaid(some: list[ExportedImage], data: st.DataObject) -> None:
    written = cvat_writer.write(some, CLASSES)
    root = fromstring(written["annotations.xml"])
    elements = [(one, key) for one in root.iter() if one.tag in ("image", "tag", "box") for key in one.attrib]
    element, key = data.draw(st.sampled_from([(one, key) for one, key in elements if key != "subset"]))
    spoil(element, key, data.draw(st.sampled_from(["", " ", "nan", "1,5", None])))
    labels, asking = read("cvat", {"annotations.xml": tostring(root)})
    another_class = key == "label" and element.get(key) in ("nan", "1,5")
    if not is_said(labels, asking) and not another_class:
        assert labels is not None and marks(labels) == expected(some), (element.tag, key, element.get(key))


def spoil(element: Element, key: str, value: str | None) -> None:
    if value is None:
        del element.attrib[key]
    else:
        element.set(key, value)
