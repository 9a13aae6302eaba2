"""Hugging Face image folders: ``metadata.csv`` or ``metadata.jsonl`` beside the images of each split.

https://huggingface.co/docs/datasets/image_dataset: ``file_name`` is relative to the metadata's own folder; boxes are
in ``objects`` as ``{"bbox": [[x, y, width, height], ...], "categories": [...]}``.
"""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from core.data.importing.formats.exported_image import ExportedImage
from core.data.importing.formats.gathered_labels import (
    LONGEST_PATH,
    CollectedLabels,
    Files,
    ImageIndex,
    LabelCollector,
    class_text,
    note_unread,
    shown_value,
    split_of,
    text_of,
)
from core.data.importing.formats.json_text import JsonRefused, parse_json
from core.data.tables.csv_cells import as_row, check_rows, restore
from core.data.tables.questions import Asking, NobodyToAsk

TABLES = ("metadata.csv", "metadata.jsonl")
LABELS = ("label", "class", "category", "target")
FOLDERS = {"train": "train", "val": "validation", "test": "test"}


def read(files: Files, unread: dict[str, str] | None = None, asking: Asking | None = None) -> CollectedLabels | None:
    """Read the metadata files among these; None where none has labels or boxes. ``unread`` gets the unreadable ones."""
    unread = {} if unread is None else unread
    collected = LabelCollector(asking=asking or NobodyToAsk())
    pictures = ImageIndex(files)
    for path in sorted(path for path in files if PurePosixPath(path).name in TABLES):
        trial = LabelCollector()
        text = text_of(files[path], path, trial)
        note_unread(trial, unread)
        rows = list(_rows(path, text)) if text is not None else []
        if rows and not any(row for _, row in rows):
            unread[path] = "none of its rows can be read"
        # Empty cells are enough: a whole split may be unlabelled.
        if any("file_name" in row and ("objects" in row or not row.keys().isdisjoint(LABELS)) for _, row in rows):
            collected.used.add(path)
            _read_one(path, rows, pictures, collected)
    if not collected.used:
        return None
    collected.add_unlabelled(pictures.paths, "no row in a metadata file")
    return collected.finish("Hugging Face")


def write(pictures: Sequence[ExportedImage], classes: Sequence[str]) -> dict[str, bytes]:
    """Return a metadata.csv for each split, in the folder where its images belong."""
    written = {}
    boxes = any(one.boxes for one in pictures)
    for split in dict.fromkeys(one.split for one in pictures):
        lines = [as_row(["file_name", "label", *(["objects"] if boxes else [])])]
        for one in pictures:
            if one.split == split:
                objects = {
                    "bbox": [[box.x, box.y, box.width, box.height] for box in one.boxes],
                    "categories": [box.label for box in one.boxes],
                }
                shown = [json.dumps(objects, ensure_ascii=False)] if boxes else []
                lines.append(as_row([one.name, one.label or "", *shown]))
        written[f"{folder_of(split)}metadata.csv"] = "".join(lines).encode()
    return written


def folder_of(split: str | None) -> str:
    """Return the folder of a split, with its slash; "" for images without a split."""
    return f"{FOLDERS[split]}/" if split else ""


def _rows(path: str, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each row with its line; one that cannot be read is empty. Raises LabelsError for too many rows."""
    check_rows(text, path)
    if path.endswith(".csv"):
        reader = csv.DictReader(io.StringIO(text, newline=""))
        try:
            for row in reader:
                yield reader.line_num, {key: restore(cell) for key, cell in row.items() if key and cell is not None}
        except csv.Error:
            yield reader.line_num, {}
        return
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            parsed = _parsed(line)
            yield number, parsed if isinstance(parsed, dict) else {}


def _parsed(text: str) -> Any:
    try:
        return parse_json(text)
    except JsonRefused:  # reported as a row that cannot be used
        return None


def _label(row: dict[str, Any], where: str, collected: LabelCollector) -> str | None:
    """Return the row's class; None, and a problem, where its value cannot name one."""
    value = next((row[name] for name in LABELS if row.get(name) not in (None, "")), None)
    if value is None:
        return None
    name = class_text(value)
    if name is None:
        collected.add_problem(where, f"the label is {shown_value(value)}, which is not a name; the photo has no label")
    return name


def _read_one(
    path: str, rows: list[tuple[int, dict[str, Any]]], pictures: ImageIndex, collected: LabelCollector
) -> None:
    split = split_of(path.rpartition("/")[0])
    for line, row in rows:
        where = f"{path}, line {line}"
        name = row.get("file_name")
        if not isinstance(name, str) or not name:
            collected.add_problem(where, "no file_name, so the row is skipped")
            continue
        file = pictures.find(name, path)
        if file is None:
            collected.add_problem(where, f"{name[:LONGEST_PATH]} is not among the files")
            continue
        collected.add_image(file, name.replace("\\", "/").removeprefix("./"), split, _label(row, where, collected))
        objects = row.get("objects")
        if isinstance(objects, str):
            objects = _parsed(objects) if objects else {}
        if objects is None:
            continue
        boxes, words = (
            (objects.get("bbox"), objects.get("categories", objects.get("category")))
            if isinstance(objects, dict)
            else (None, None)
        )
        boxes, words = boxes or [], words or []
        if not isinstance(boxes, list) or not isinstance(words, list) or len(boxes) != len(words):
            collected.add_problem(
                where, "objects needs two lists of the same length, bbox and categories; it is skipped"
            )
            continue
        for number, (box, word) in enumerate(zip(boxes, words, strict=True), start=1):
            label = class_text(word)
            if label is None:
                text = f"its category is {shown_value(word)}, which is not a name; the box is skipped"
                collected.add_problem(f"{where}, box {number}", text)
                continue
            collected.add_box(file, label, box if isinstance(box, list) else [], f"{where}, box {number}")
            collected.rows[file] = replace(collected.rows[file], label=None)
