"""Import files of Google's Vertex AI as lines of JSON, each with the address of a photo and its labels.

https://cloud.google.com/vertex-ai/docs/image-data/classification/prepare-data#json-lines and, for boxes,
https://cloud.google.com/vertex-ai/docs/image-data/object-detection/prepare-data#json-lines.
"""

from pathlib import Path
from typing import Any

from core.data.importing.formats.csv_styles.sheet import Around, Sheet
from core.data.importing.formats.csv_styles.usual_table import UsualRow, UsualTable
from core.data.importing.formats.csv_styles.vertex import SETS, add_problem, local_path
from core.data.importing.formats.gathered_labels import class_text, shown_value
from core.data.importing.formats.json_text import JsonRefused, parse_json
from core.data.tables.csv_cells import bytes_of, check_rows
from core.data.tables.label_rows import LabelTable
from core.errors import LabelsError

SUFFIX = ".jsonl"
PHOTO = "imageGcsUri"
_LABELS, _SET = "dataItemResourceLabels", "aiplatform.googleapis.com/ml_use"
_ONE, _SEVERAL, _BOXES = "classificationAnnotation", "classificationAnnotations", "boundingBoxAnnotations"
_CORNERS = ("xMin", "yMin", "xMax", "yMax")


def read(source: bytes | Path, name: str, around: Around) -> LabelTable | None:
    """Return the labels of an import file; None for any other file."""
    try:
        text = bytes_of(source, name).decode("utf-8-sig")
    except (UnicodeDecodeError, LabelsError):  # no text, or too large: no import file
        return None
    check_rows(text, name)
    lines = text.split("\n")
    first = next((line for line in lines if line.strip()), "")
    if PHOTO not in first:
        return None
    table = UsualTable(Sheet(name, ()), fractions=True)
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            entry = _parsed(line)
        except JsonRefused as error:
            add_problem(table, number, f"{error}, so this line is skipped")
            continue
        address = entry.get(PHOTO)
        if not isinstance(address, str) or not local_path(address).strip():
            add_problem(table, number, f"this line has no {PHOTO}, so it is skipped")
            continue
        _add(table, number, local_path(address).strip(), entry)
    return table.read(around)


def _add(table: UsualTable, line: int, filename: str, entry: dict[str, Any]) -> None:
    split = _split(table, line, entry)
    if boxes := _listed(table, line, entry, _BOXES):
        for box in boxes:
            box = box if isinstance(box, dict) else {}
            label, corners = _label(table, line, box), _corners(box)
            if corners is None:
                add_problem(table, line, f"a box of {filename} is not four fractions from 0 to 1; it is skipped")
            elif label is not None:
                table.rows.append(UsualRow(line, filename, (label,), split, corners))
        return
    annotations = _listed(table, line, entry, _SEVERAL) or ([entry[_ONE]] if _ONE in entry else [])
    labels = [_label(table, line, one if isinstance(one, dict) else {}) for one in annotations]
    table.rows.append(UsualRow(line, filename, tuple(one for one in labels if one is not None), split))


def _parsed(line: str) -> dict[str, Any]:
    entry = parse_json(line)
    if not isinstance(entry, dict):
        raise JsonRefused("it is no JSON object")
    return entry


def _listed(table: UsualTable, line: int, entry: dict[str, Any], key: str) -> list[Any]:
    """Return the annotations under a key; anything else than a list is a problem."""
    found = entry.get(key)
    if found is not None and not isinstance(found, list):
        add_problem(table, line, f"{key} is {shown_value(found)}, which is not a list; it is skipped")
    return found if isinstance(found, list) else []


def _split(table: UsualTable, line: int, entry: dict[str, Any]) -> str:
    labels = entry.get(_LABELS)
    if labels is not None and not isinstance(labels, dict):
        add_problem(table, line, f"{_LABELS} is {shown_value(labels)}, which is not an object, so no split is set")
    word = labels.get(_SET) if isinstance(labels, dict) else None
    if word is None:
        return ""
    if not isinstance(word, str) or word.lower() not in SETS:
        add_problem(table, line, f"the set {shown_value(word)} is unknown, so no split is set")
        return ""
    return SETS[word.lower()]


def _label(table: UsualTable, line: int, annotation: dict[str, Any]) -> str | None:
    value = annotation.get("displayName")
    name = class_text(value)
    if name is None or not name.strip():
        add_problem(table, line, f"the label is {shown_value(value)}, which is not a name; it is skipped")
        return None
    return name


def _corners(box: dict[str, Any]) -> tuple[float, float, float, float] | None:
    sides = [box.get(side) for side in _CORNERS]
    if any(isinstance(one, bool) or not isinstance(one, (int, float)) or not 0 <= one <= 1 for one in sides):
        return None
    left, top, right, bottom = (float(one) for one in sides if isinstance(one, (int, float)))
    return left, top, right, bottom
