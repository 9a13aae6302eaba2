"""Hugging Face image folders: ``metadata.csv`` or ``metadata.jsonl`` beside the images of each split.

https://huggingface.co/docs/datasets/image_dataset: ``file_name`` is relative to the metadata's own folder; boxes are
in ``objects`` as ``{"bbox": [[x, y, width, height], ...], "categories": [...]}``.
"""

import io
import json
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

import pandas as pd

from core.data.importing.formats.exported_image import ExportedImage
from core.data.importing.formats.gathered_labels import (
    CollectedLabels,
    Files,
    ImageIndex,
    LabelCollector,
    note_unread,
    shown_value,
    text_of,
)
from core.data.importing.formats.gathering.folder_splits import add_splits_of_folders
from core.data.importing.formats.gathering.label_sources import settle_sources
from core.data.importing.formats.gathering.named_splits import SplitNames
from core.data.importing.formats.reading.hugging_face_classes import read_class_names
from core.data.importing.formats.reading.hugging_face_entries import SPLIT, has_labels, read_rows
from core.data.importing.formats.reading.hugging_face_rows import MetadataRow, metadata_rows
from core.data.tables.csv_cells import as_line, restore
from core.data.tables.labels_csv import split_named
from core.data.tables.questions import Asking, NobodyToAsk

CSV_TABLE, JSON_TABLE = TABLES = ("metadata.csv", "metadata.jsonl")
FOLDERS = {"train": "train", "val": "validation", "test": "test"}


def read(files: Files, unread: dict[str, str] | None = None, asking: Asking | None = None) -> CollectedLabels | None:
    """Read the metadata files among these; None where none has labels or boxes. ``unread`` gets the unreadable ones."""
    unread = {} if unread is None else unread
    asking = asking or NobodyToAsk()
    collected = LabelCollector(asking=asking, split_names=SplitNames(files))
    pictures = ImageIndex(files, asking)
    tables = sorted(path for path in files if PurePosixPath(path).name in TABLES)
    classes = read_class_names(files, collected) if tables else None
    split_said = False
    for path in tables:
        trial = LabelCollector(asking=asking.trial())
        text = text_of(files[path], path, trial)
        rows = list(metadata_rows(path, text)) if text is not None else []
        if rows and all(row.problem for row in rows):
            unread[path] = "none of its rows can be read"
        # Empty cells are enough: a whole split may be unlabelled.
        if classes is not None and any(has_labels(row) for row in rows):
            asking.adopt(trial.asking)
            collected.problems += trial.problems
            collected.used.add(path)
            _say_apostrophes(path, rows, collected)
            read_rows(path, rows, classes, files, pictures, collected)
            split_said = split_said or any(SPLIT in row.cells for row in rows)
        else:
            note_unread(trial, unread)
    if not collected.used.intersection(tables):
        return None
    settle_sources(collected, files)
    if not split_said:
        add_splits_of_folders(collected, "the metadata")
    collected.add_guesses(pictures)
    collected.add_unlabelled(pictures.paths, "no row in a metadata file")
    return collected.finish("Hugging Face")


def _say_apostrophes(path: str, rows: Sequence[MetadataRow], collected: LabelCollector) -> None:
    """Say that the apostrophes are left out that protect a spreadsheet; a problem where two classes become one."""
    marked = [(row, column) for row in rows for column in row.marked]
    if not marked:
        return
    plain = {(column, cell) for row in rows for column, cell in row.cells.items() if column not in row.marked}
    both = [(row, column) for row, column in marked if (column, row.cells[column]) in plain]
    row, column = (both or marked)[0]
    cell, inner = shown_value(row.marked[column]), shown_value(row.cells[column])
    if both:
        text = f"{cell} and {inner} in the column {column} are read as one; write them in one way if they are one"
        collected.add_problem(f"{path}, line {row.line}", text)
    else:
        cells = "1 cell has" if len(marked) == 1 else f"{len(marked):,} cells have"
        text = f"{path}: {cells} an apostrophe in front, as for a spreadsheet, such as {cell}; it is left out"
        collected.add_remark(text)


def write(pictures: Sequence[ExportedImage], classes: Sequence[str]) -> dict[str, bytes]:
    """Return the metadata of each split, in the folder where its images belong.

    It is CSV where the library datasets reads it back exactly, else JSON lines: a class NA or 010 stays text, and boxes
    are lists.
    """
    splits = {split: [one for one in pictures if one.split == split] for split in {one.split: 0 for one in pictures}}
    boxes = any(one.boxes for one in pictures)
    # The columns must have the same types in all splits, and a list without any element has none.
    as_text = not all(any(one.boxes for one in some) for some in splits.values())
    tables = {}
    for split, some in splits.items():
        rows: list[dict[str, Any]] = [{"file_name": one.name, "label": one.label or ""} for one in some]
        for row, one in zip(rows, some, strict=True):
            if boxes:
                row["objects"] = json.dumps(_objects(one), ensure_ascii=False) if as_text else _objects(one)
            # The folder of a photo without a split may be called like one; the empty column says that it is none.
            if split is None and any(map(_in_folder_of_split, some)):
                row[SPLIT] = ""
        tables[split] = rows
    as_csv = not boxes and all(map(_exact_as_csv, tables.values()))
    form, name = (_csv, CSV_TABLE) if as_csv else (_json_lines, JSON_TABLE)
    return {f"{folder_of(split)}{name}": form(rows).encode() for split, rows in tables.items()}


def _objects(one: ExportedImage) -> dict[str, list[Any]]:
    return {
        "bbox": [[float(side) for side in (box.x, box.y, box.width, box.height)] for box in one.boxes],
        "categories": [box.label for box in one.boxes],
        "area": [float(box.width * box.height) for box in one.boxes],
    }


def _csv(rows: Sequence[dict[str, Any]]) -> str:
    # A table for programs: an apostrophe before a sign would become a part of the name.
    return "".join(map(as_line, (rows[0], *(row.values() for row in rows))))


def _json_lines(rows: Sequence[dict[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _exact_as_csv(rows: Sequence[dict[str, Any]]) -> bool:
    """Return whether pandas, with which datasets reads a CSV, and our own reader find the same texts in it."""
    table = pd.read_csv(io.StringIO(_csv(rows)))
    return all(
        [*table[name].map(lambda cell: cell if isinstance(cell, str) else "")] == [row[name] for row in rows]
        and (name == SPLIT or any(row[name] for row in rows))
        and all(restore(row[name]) == row[name] for row in rows)
        for name in rows[0]
    )


def _in_folder_of_split(one: ExportedImage) -> bool:
    return any(map(split_named, one.name.split("/")[:-1]))


def folder_of(split: str | None) -> str:
    """Return the folder of a split, with its slash; "" for images without a split."""
    return f"{FOLDERS[split]}/" if split else ""
