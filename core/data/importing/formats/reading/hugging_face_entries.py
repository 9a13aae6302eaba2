"""Read the rows of one Hugging Face metadata file: the label, the split and the boxes of each photo.

https://huggingface.co/docs/datasets/image_dataset
"""

from collections.abc import Sequence
from typing import Any

from core.data.importing.formats.gathered_labels import (
    LONGEST_PATH,
    Files,
    ImageIndex,
    LabelCollector,
    class_text,
    shown_value,
)
from core.data.importing.formats.gathering.box_corners import ReadBox, settle_corners
from core.data.importing.formats.gathering.image_index import shown_name
from core.data.importing.formats.gathering.untrusted_values import number_of
from core.data.importing.formats.json_text import JsonRefused, parse_json
from core.data.importing.formats.reading.hugging_face_classes import ClassNames, Declarations
from core.data.importing.formats.reading.hugging_face_rows import MetadataRow
from core.data.tables.column_choices import LABEL_COLUMN
from core.data.tables.labels_csv import STRICTEST_FIRST, split_named
from core.data.tables.questions import SAMPLED, Choice, Question

LABELS = ("label", "class", "category", "target")
CATEGORIES = ("categories", "category")
SPLIT = "split"

_NO_OBJECTS = "objects needs two lists of the same length, bbox and categories; it is skipped"


def has_labels(row: MetadataRow) -> bool:
    """Return whether a row has the columns of a photo's label or boxes."""
    return "file_name" in row.cells and ("objects" in row.cells or any(_is_label(name) for name in row.cells))


def read_rows(
    path: str,
    rows: Sequence[MetadataRow],
    declared: Declarations,
    files: Files,
    pictures: ImageIndex,
    collected: LabelCollector,
) -> None:
    """Add the photos of a metadata file with their labels and boxes."""
    column, classes = _label_column(path, rows, collected), declared.of(path)
    folder_split = collected.split_of(path.rpartition("/")[0])
    boxes: list[ReadBox] = []
    names = [row.cells.get("file_name") for row in rows]
    unclear = pictures.unclear((name for name in names if isinstance(name, str) and name), path)
    for row in rows:
        where = f"{path}, line {row.line}"
        name = row.cells.get("file_name")
        if row.problem:
            collected.add_problem(where, f"{row.problem}; the row is skipped")
            continue
        if not isinstance(name, str) or not name:
            collected.add_problem(where, "no file_name, so the row is skipped")
            continue
        file = pictures.find(name, path) if name not in unclear else None
        if file is None:
            collected.add_problem(where, unclear.get(name) or pictures.missing(name, path, LONGEST_PATH))
            continue
        label = _label(row.cells.get(column), column, classes, where, collected) if column else None
        collected.add_image(file, shown_name(name, file), _split(row, folder_split, where, collected), label)
        if "width" in row.cells and "height" in row.cells:
            collected.add_frame(file, row.cells["width"], row.cells["height"], where)
        before = len(collected.objects.get(file, ()))
        boxes += _add_boxes(row.cells.get("objects"), file, classes, where, collected)
        added = {one.label for one in collected.objects.get(file, ())[before:]}
        if label is not None and added and label not in added:
            text = f'the label is "{shown_value(label)}", and none of the boxes has this class'
            collected.add_problem(where, f"{text}; the classes of the boxes count")
    settle_corners(collected, files, boxes, path)


def _is_label(name: str) -> bool:
    """Return whether a column, or a second one of the same name, may hold the label."""
    return name.partition(" (")[0] in LABELS


def _label_column(path: str, rows: Sequence[MetadataRow], collected: LabelCollector) -> str:
    """Return the column of the label; where several differ, the one that somebody chooses. "" without one."""
    present = dict.fromkeys(name for row in rows for name in row.cells if _is_label(name))
    columns = sorted(present, key=lambda name: LABELS.index(name.partition(" (")[0]))
    filled = [name for name in columns if any(_given(row.cells.get(name)) for row in rows)]
    if len(filled) < 2:
        return (filled or columns or [""])[0]
    apart = [row for row in rows if not row.problem and len({_shown(row.cells.get(name)) for name in filled}) > 1]
    if not apart:
        return filled[0]
    choices = tuple(
        Choice(
            name,
            f'Use the column "{name}"',
            tuple((shown_value(row.cells.get("file_name")), _shown(row.cells.get(name))) for row in apart[:SAMPLED]),
        )
        for name in filled
    )
    listed = " and ".join(f'"{name}"' for name in filled)
    text = f"{path}: the columns {listed} differ, first in line {apart[0].line}. Which one holds the label?"
    return collected.asking.ask(Question(LABEL_COLUMN, text, choices, path, ("file_name", "label"))) or filled[0]


def _given(value: object) -> bool:
    return value is not None and value != ""


def _shown(value: Any) -> str:
    return shown_value(_element(value)) if _given(value) else ""


def _element(value: Any) -> Any:
    """Return the only element of a list of one; anything else as it is."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _label(value: Any, column: str, classes: ClassNames, where: str, collected: LabelCollector) -> str | None:
    """Return the row's class; None, and a problem, where its value cannot name one."""
    value = _element(value)
    if not _given(value):
        return None
    name = class_text(value)
    if name is None:
        collected.add_problem(where, f"the label is {shown_value(value)}, which is not a name; the photo has no label")
        return None
    known = classes.name_of(column, value)
    if known is None:
        listed = "is no number in the declared list of classes, or may be a name and a number"
        collected.add_problem(where, f"the label {name[:LONGEST_PATH]} {listed}; the photo has no label")
    return known


def _split(row: MetadataRow, folder_split: str | None, where: str, collected: LabelCollector) -> str | None:
    """Return the split that the row or its folder gives; of two, the strictest."""
    value = row.cells.get(SPLIT)
    own = split_named(value) if isinstance(value, str) else None
    if own and folder_split and own != folder_split:
        strictest = next(one for one in STRICTEST_FIRST if one in (own, folder_split))
        text = f"the split is {own}, and the folder is that of {folder_split}; the photo is imported in {strictest}"
        collected.add_problem(where, text)
        return strictest
    if own is None and isinstance(value, str) and value:
        collected.add_problem(where, f'unknown split "{value[:60]}", so it is not used; write train, val or test')
    return own or folder_split


def _add_boxes(objects: Any, file: str, classes: ClassNames, where: str, collected: LabelCollector) -> list[ReadBox]:
    """Add the boxes of a row, and return those that were added; what is none becomes a problem."""
    if isinstance(objects, str) and objects:
        try:
            objects = parse_json(objects)
        except JsonRefused as error:
            collected.add_problem(where, f"objects cannot be read, because {error}; its boxes are skipped")
            return []
    if not objects:
        return []
    lists = _lists(objects)
    if lists is None:
        collected.add_problem(where, _NO_OBJECTS)
        return []
    column, boxes, words, areas = lists
    added = []
    for number, (box, word, area) in enumerate(zip(boxes, words, areas, strict=True), start=1):
        place = f"{where}, box {number}"
        name = class_text(word)
        label = classes.name_of(column, word) if name is not None else None
        if label is None:
            why = "not a name" if name is None else "no number in the declared list of classes"
            collected.add_problem(place, f"its category is {shown_value(word)}, which is {why}; the box is skipped")
        elif collected.add_box(file, label, box if isinstance(box, list) else [box], place, where):
            added.append(ReadBox(file, len(collected.objects[file]) - 1, number_of(area)))
    return added


def _lists(objects: Any) -> tuple[str, list[Any], list[Any], list[Any]] | None:
    """Return the name of the column of classes, the boxes, their classes and areas; None where they do not fit."""
    if isinstance(objects, list):  # one object for each box, instead of lists
        if not all(isinstance(one, dict) for one in objects):
            return None
        keys = {key for one in objects for key in one}
        objects = {key: [one.get(key) for one in objects] for key in keys}
    if not isinstance(objects, dict):
        return None
    column = next((name for name in CATEGORIES if objects.get(name) is not None), CATEGORIES[0])
    if not objects.keys() & {"bbox", *CATEGORIES}:
        return None
    boxes, words, areas = objects.get("bbox") or [], objects.get(column) or [], objects.get("area")
    if not isinstance(boxes, list) or not isinstance(words, list) or len(boxes) != len(words):
        return None
    fitting = areas if isinstance(areas, list) and len(areas) == len(boxes) else [None] * len(boxes)
    return column, boxes, words, fitting
