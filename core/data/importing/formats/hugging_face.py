"""Hugging Face image folders: ``metadata.csv`` or ``metadata.jsonl`` beside the images of each split.

https://huggingface.co/docs/datasets/image_dataset: ``file_name`` is relative to the metadata's own folder; boxes are
in ``objects`` as ``{"bbox": [[x, y, width, height], ...], "categories": [...]}``.
"""

import json
from collections.abc import Sequence
from pathlib import PurePosixPath

from core.data.importing.formats.exported_image import ExportedImage
from core.data.importing.formats.gathered_labels import (
    CollectedLabels,
    Files,
    ImageIndex,
    LabelCollector,
    note_unread,
    text_of,
)
from core.data.importing.formats.gathering.folder_splits import add_splits_of_folders
from core.data.importing.formats.gathering.label_sources import settle_sources
from core.data.importing.formats.reading.hugging_face_classes import read_class_names
from core.data.importing.formats.reading.hugging_face_entries import SPLIT, has_labels, read_rows
from core.data.importing.formats.reading.hugging_face_rows import metadata_rows
from core.data.tables.csv_cells import as_row
from core.data.tables.labels_csv import split_named
from core.data.tables.questions import Asking, NobodyToAsk

TABLES = ("metadata.csv", "metadata.jsonl")
FOLDERS = {"train": "train", "val": "validation", "test": "test"}


def read(files: Files, unread: dict[str, str] | None = None, asking: Asking | None = None) -> CollectedLabels | None:
    """Read the metadata files among these; None where none has labels or boxes. ``unread`` gets the unreadable ones."""
    unread = {} if unread is None else unread
    asking = asking or NobodyToAsk()
    collected = LabelCollector(asking=asking)
    pictures = ImageIndex(files)
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


def write(pictures: Sequence[ExportedImage], classes: Sequence[str]) -> dict[str, bytes]:
    """Return a metadata.csv for each split, in the folder where its images belong."""
    written = {}
    boxes = any(one.boxes for one in pictures)
    for split in dict.fromkeys(one.split for one in pictures):
        # The folder of a photo without a split may be called like one; the empty column says that it is none.
        unsplit = [""] if split is None and any(_in_folder_of_split(one) for one in pictures) else []
        head = ["file_name", "label", *(["objects"] if boxes else []), *([SPLIT] if unsplit else [])]
        lines = [as_row(head)]
        for one in pictures:
            if one.split == split:
                objects = {
                    "bbox": [[box.x, box.y, box.width, box.height] for box in one.boxes],
                    "categories": [box.label for box in one.boxes],
                    "area": [box.width * box.height for box in one.boxes],
                }
                shown = [json.dumps(objects, ensure_ascii=False)] if boxes else []
                lines.append(as_row([one.name, one.label or "", *shown, *unsplit]))
        written[f"{folder_of(split)}metadata.csv"] = "".join(lines).encode()
    return written


def _in_folder_of_split(one: ExportedImage) -> bool:
    return any(map(split_named, one.name.split("/")[:-1]))


def folder_of(split: str | None) -> str:
    """Return the folder of a split, with its slash; "" for images without a split."""
    return f"{FOLDERS[split]}/" if split else ""
