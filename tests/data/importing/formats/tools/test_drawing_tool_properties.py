"""Random boxes as labelme, VIA and makesense write them: read exactly, and a spoilt value changes nothing unsaid."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.importing.import_plan import ImportPlan
from core.data.importing.plan_files import plan_from_files
from core.data.tables.questions import Asking
from core.errors import LabelsError
from tests.data.importing.formats.tools.data_sets import photo

WIDTH, HEIGHT = 100, 50
NAMES = ("a.png", "b c.png", "ü.png")
CLASSES = ("owl", "Ente ß", '<"&>', "7")
PHOTOS = {f"images/{name}": photo(WIDTH, HEIGHT, seed=seed) for seed, name in enumerate(NAMES)}

Box = tuple[str, float, float, float, float]
Boxes = dict[str, list[Box]]
SPOILT: list[Any] = [None, True, [], {}, "", "?", "nan", -1e400]


@st.composite
def boxes_of_photos(draw: st.DrawFn) -> Boxes:
    """Boxes within their photos, of more than two pixels, for at least one photo."""

    def box() -> Box:
        x, y = draw(st.integers(0, WIDTH - 20)), draw(st.integers(0, HEIGHT - 20))
        width, height = draw(st.integers(3, WIDTH - x)), draw(st.integers(3, HEIGHT - y))
        return draw(st.sampled_from(CLASSES)), x, y, width, height

    found = {name: [box() for _ in range(draw(st.integers(0, 3)))] for name in NAMES}
    found[NAMES[0]] = found[NAMES[0]] or [box()]
    return {name: some for name, some in found.items() if some}


def labelme(some: Boxes) -> dict[str, Any]:
    def shape(box: Box) -> dict[str, Any]:
        label, x, y, width, height = box
        points = [[float(x), float(y)], [float(x + width), float(y + height)]]
        return {"label": label, "points": points, "group_id": None, "shape_type": "rectangle", "flags": {}}

    return {
        f"images/{name.removesuffix('.png')}.json": {
            "version": "5.5.0",
            "flags": {},
            "shapes": [shape(box) for box in boxes],
            "imagePath": name,
            "imageData": None,
            "imageHeight": HEIGHT,
            "imageWidth": WIDTH,
        }
        for name, boxes in some.items()
    }


def via(some: Boxes) -> dict[str, Any]:
    def region(box: Box) -> dict[str, Any]:
        label, x, y, width, height = box
        shape = {"name": "rect", "x": x, "y": y, "width": width, "height": height}
        return {"shape_attributes": shape, "region_attributes": {"species": label}}

    entries = {
        f"{name}7000": {"filename": name, "size": 7000, "regions": [*map(region, boxes)], "file_attributes": {}}
        for name, boxes in some.items()
    }
    return {"via.json": {"_via_settings": {}, "_via_img_metadata": entries, "_via_attributes": {}}}


def makesense(some: Boxes) -> list[list[str]]:
    return [
        [label, *map(str, sides), name, str(WIDTH), str(HEIGHT)]
        for name, boxes in some.items()
        for label, *sides in boxes
    ]


JSON: dict[str, Callable[[Boxes], dict[str, Any]]] = {"labelme": labelme, "via": via}


def as_csv(rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def as_json(documents: dict[str, Any]) -> dict[str, bytes]:
    return {path: json.dumps(content).encode() for path, content in documents.items()}


def read(labels: dict[str, bytes]) -> tuple[ImportPlan, Asking]:
    asking = Asking()
    files = {path: partial(bytes, data) for path, data in {**PHOTOS, **labels}.items()}
    return plan_from_files(files, {}, "drawn.zip", asking), asking


def boxes_in(plan: ImportPlan) -> Boxes:
    return {
        one.name: [(box.label, box.box.x, box.box.y, box.box.width, box.box.height) for box in one.objects]
        for one in plan.candidates
        if one.objects
    }


def is_said(plan: ImportPlan, asking: Asking) -> bool:
    said = any(not problem.harmless for problem in plan.problems) or bool(plan.refused)
    return said or bool(asking.open)


@pytest.mark.parametrize("tool", [*JSON, "makesense"])
@given(some=boxes_of_photos())
@settings(max_examples=30)
def test_what_is_drawn_is_read_exactly(tool: str, some: Boxes) -> None:
    written = {"labels_my.csv": as_csv(makesense(some))} if tool == "makesense" else as_json(JSON[tool](some))
    plan, asking = read(written)
    assert boxes_in(plan) == some and not asking.open
    assert not [problem for problem in plan.problems if not problem.harmless and "no label" not in problem.text]


def places_in(content: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    for key in content if isinstance(content, dict) else range(len(content)) if isinstance(content, list) else ():
        yield from places_in(content[key], (*path, key))


@pytest.mark.parametrize("tool", JSON)
@given(some=boxes_of_photos(), data=st.data())
@settings(max_examples=60)
def test_a_spoilt_value_of_json_changes_nothing_unsaid(tool: str, some: Boxes, data: st.DataObject) -> None:
    documents = JSON[tool](some)
    *before, last = data.draw(st.sampled_from([path for path in places_in(documents) if len(path) > 1]))
    inner: Any = documents
    for key in before:
        inner = inner[key]
    inner[last] = value = data.draw(st.sampled_from(SPOILT))
    another_class = last in ("label", "species") and value in ("?", "nan")
    no_boxes = last in ("shapes", "regions") and value == []
    try:
        plan, asking = read(as_json(documents))
    except LabelsError:
        return
    if not (is_said(plan, asking) or another_class or no_boxes):
        assert boxes_in(plan) == some, (before, last, value)


@given(some=boxes_of_photos(), data=st.data())
@settings(max_examples=60)
def test_a_spoilt_cell_of_makesense_changes_nothing_unsaid(some: Boxes, data: st.DataObject) -> None:
    rows = makesense(some)
    row, column = data.draw(st.sampled_from(range(len(rows)))), data.draw(st.sampled_from(range(8)))
    rows[row][column] = value = data.draw(st.sampled_from(["", " ", "?", "nan", "1e400", "a,b", "0x1F", "1,5"]))
    try:
        plan, asking = read({"labels_my.csv": as_csv(rows)})
    except LabelsError:
        return
    if not is_said(plan, asking) and not (column == 0 and value.strip()):
        assert boxes_in(plan) == some, (row, column, value)
