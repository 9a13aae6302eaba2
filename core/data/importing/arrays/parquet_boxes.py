"""Read the boxes of images in a Parquet file: ``objects`` with the lists ``bbox`` and ``category``.

https://huggingface.co/docs/datasets/object_detection. The schema does not say whether four numbers are two corners or
a corner and a size: the images' sizes tell, else it is asked.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.data.importing.arrays.parquet_file import ParquetFile
from core.data.importing.box_frames import BoxedPhoto, settle_boxes
from core.data.importing.formats.csv_styles.box_meaning import (
    SIZE,
    Four,
    WrittenBox,
    as_corners,
    settle_meaning,
)
from core.data.importing.formats.csv_styles.photo_sizes import PhotoSizes
from core.data.importing.formats.csv_styles.sheet import Around
from core.data.importing.formats.gathered_labels import LabelCollector, class_text, shown_value
from core.data.tables.label_rows import PIXELS, LabelledBox, Problem
from core.data.tables.questions import Asking

OBJECTS = "objects"
CATEGORIES = ("category", "categories", "label", "labels", "category_id")

Objects = tuple[LabelledBox, ...]


def boxes_of(
    file: ParquetFile, names: Sequence[str], asking: Asking, place: str, problems: list[Problem]
) -> Mapping[str, Objects]:
    """Return the boxes of each image by its name, in pixels of the upright image; what is none becomes a problem."""
    if OBJECTS not in file.columns:
        return {}
    column = _class_column(file, problems)
    written: list[tuple[WrittenBox, str, str]] = []
    for number, (row, name) in enumerate(zip(file.rows, names, strict=True), start=1):
        for box, word in _pairs(row.cells.get(OBJECTS), column, f"row {number}", problems):
            four, label = _four(box), _label(word, file.classes.get(f"{OBJECTS}.{column}"))
            where = f"row {number}"
            if four is None:
                text = f"{where}: the box {shown_value(box)} is not four numbers; it is skipped"
                problems.append(Problem(None, text))
            elif label is None:
                text = f"{where}: the category {shown_value(word)} is not a name; its box is skipped"
                problems.append(Problem(None, text))
            else:
                written.append((WrittenBox(name, four), label, where))
    readers = {name: row.read for row, name in zip(file.rows, names, strict=True) if row.read is not None}
    around = Around(asking, None, PhotoSizes(readers))
    boxes = [box for box, _, _ in written]
    meaning = settle_meaning(boxes, around, place)
    if meaning.remark:
        problems.append(Problem(None, meaning.remark, harmless=True))
    collected = LabelCollector()
    for box, label, where in written:
        left, top, right, bottom = as_corners(box.numbers, meaning.kind)
        collected.add_box(box.filename, label, (left, top, right - left, bottom - top), where)
    problems += collected.problems
    found = {name: tuple(some) for name, some in collected.objects.items() if name in readers}
    unsure = meaning.kind == SIZE and not meaning.asked
    frame = replace(PIXELS, read_as="corner") if unsure else PIXELS
    photos = [BoxedPhoto(name, some, frame, readers[name]) for name, some in found.items()]
    settled, remarks = settle_boxes(photos, asking, place)
    problems += remarks
    return {**found, **settled}


def _class_column(file: ParquetFile, problems: list[Problem]) -> str:
    """Return the list of the boxes' classes: one whose numbers have names in the schema, else the usual one."""
    present: set[str] = set()
    for row in file.rows:
        value = row.cells.get(OBJECTS)
        present.update(
            key for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict) for key in one
        )
    found = [name for name in CATEGORIES if name in present]
    found.sort(key=lambda name: f"{OBJECTS}.{name}" not in file.classes)
    if len(found) > 1:
        text = f"the classes of the boxes are those in {found[0]} of {OBJECTS}; {', '.join(found[1:])} is not used"
        problems.append(Problem(None, text, harmless=True))
    return next(iter(found), CATEGORIES[0])


def _pairs(value: Any, column: str, where: str, problems: list[Problem]) -> list[tuple[Any, Any]]:
    """Return each box with its category, from two lists or from a list of objects."""
    if value is None:
        return []
    if isinstance(value, list):
        entries = [one if isinstance(one, dict) else {} for one in value]
        return [(one.get("bbox"), one.get(column)) for one in entries]
    boxes, words = (value.get("bbox"), value.get(column)) if isinstance(value, dict) else (None, None)
    boxes, words = boxes or [], words or []
    if not isinstance(boxes, list) or not isinstance(words, list) or len(boxes) != len(words):
        text = f"{where}: {OBJECTS} needs two lists of the same length, bbox and category; they are skipped"
        problems.append(Problem(None, text))
        return []
    return list(zip(boxes, words, strict=True))


def _four(box: Any) -> Four | None:
    if not isinstance(box, list) or len(box) != 4:
        return None
    if any(isinstance(one, bool) or not isinstance(one, (int, float)) or not math.isfinite(one) for one in box):
        return None
    x, y, third, fourth = (float(one) for one in box)
    return x, y, third, fourth


def _label(word: Any, names: Sequence[str] | None) -> str | None:
    """Return the class that a category names, by the schema's names of its column."""
    if names is not None and isinstance(word, int) and not isinstance(word, bool):
        return names[word] if 0 <= word < len(names) else None
    return class_text(word)
