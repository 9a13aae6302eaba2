"""Hugging Face image folders: ``metadata.csv`` or ``metadata.jsonl`` beside the pictures of each split.

https://huggingface.co/docs/datasets/image_dataset: ``file_name`` is relative to the metadata's own folder; boxes stand
in ``objects`` as ``{"bbox": [[x, y, width, height], ...], "categories": [...]}``.
"""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from core.data.importing.formats.exported_picture import ExportedPicture
from core.data.importing.formats.gathered_labels import (
    Files,
    GatheredLabels,
    LabelGatherer,
    PictureIndex,
    split_of,
    text_of,
)
from core.data.tables.csv_cells import as_row, restore

TABLES = ("metadata.csv", "metadata.jsonl")
LABELS = ("label", "class", "category", "target")
FOLDERS = {"train": "train", "val": "validation", "test": "test"}


def read(files: Files) -> GatheredLabels | None:
    """What the metadata files among these say; None where there are none with a label or with boxes."""
    gathered = LabelGatherer()
    pictures = PictureIndex(files)
    for path in sorted(path for path in files if PurePosixPath(path).name in TABLES):
        trial = LabelGatherer()
        text = text_of(files[path], path, trial)
        rows = list(_rows(path, text)) if text is not None else []
        # Empty cells will do: a split may be unlabelled as a whole.
        if any("file_name" in row and ("objects" in row or not row.keys().isdisjoint(LABELS)) for _, row in rows):
            gathered.used.add(path)
            _read_one(path, rows, pictures, gathered)
    return gathered.found("Hugging Face") if gathered.used else None


def write(pictures: Sequence[ExportedPicture], classes: Sequence[str]) -> dict[str, bytes]:
    """A folder for each split with its metadata.csv and the pictures beside it."""
    answer = {}
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
        answer[f"{folder_of(split)}metadata.csv"] = "".join(lines).encode()
    return answer


def folder_of(split: str | None) -> str:
    """The folder of a split, with its slash; none for pictures without a split."""
    return f"{FOLDERS[split]}/" if split else ""


def _rows(path: str, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each row with its line; what is no row is one without a file name."""
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
        return json.loads(text)
    except (ValueError, RecursionError):  # said as a row that cannot be used
        return None


def _label(row: dict[str, Any]) -> str | None:
    word = next((row[name] for name in LABELS if row.get(name) not in (None, "")), None)
    return None if word is None else str(word)


def _read_one(
    path: str, rows: list[tuple[int, dict[str, Any]]], pictures: PictureIndex, gathered: LabelGatherer
) -> None:
    split = split_of(path.rpartition("/")[0])
    for line, row in rows:
        where = f"{path}, line {line}"
        name = row.get("file_name")
        if not isinstance(name, str) or not name:
            gathered.say(where, "no file_name, so the row is not used")
            continue
        file = pictures.named(name, path)
        if file is None:
            gathered.say(where, f"{name} is not among the files")
            continue
        gathered.image(file, name.replace("\\", "/").removeprefix("./"), split, _label(row))
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
            gathered.say(where, "objects needs a list of bbox and one of categories of the same length; it is not used")
            continue
        for number, (box, word) in enumerate(zip(boxes, words, strict=True), start=1):
            gathered.box(file, str(word), box if isinstance(box, list) else [], f"{where}, box {number}")
            gathered.rows[file] = replace(gathered.rows[file], label=None)
