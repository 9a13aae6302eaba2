"""COCO JSON: images, annotations and categories in one file per split (https://cocodataset.org/#format-data)."""

import json
from collections.abc import Sequence
from typing import Any

from core.data.importing.folder_layout import suffix_of
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
from core.data.importing.formats.gathering.named_splits import SplitNames
from core.data.importing.formats.json_text import parse_or_note
from core.data.importing.formats.reading.coco_entries import KEYS, names_of, read_entries
from core.data.store.records import BoxRow
from core.data.tables.questions import Asking, NobodyToAsk


def read(files: Files, unread: dict[str, str] | None = None, asking: Asking | None = None) -> CollectedLabels | None:
    """Read the COCO files among these; None where there are none. ``unread`` gets JSON that cannot be read."""
    unread = {} if unread is None else unread
    asking = asking or NobodyToAsk()
    collected = LabelCollector(asking=asking, split_names=SplitNames(files))
    pictures = ImageIndex(files, asking)
    contents = {}
    for path in sorted(path for path in files if suffix_of(path) == ".json"):
        trial = LabelCollector(asking=asking.trial())
        text = text_of(files[path], path, trial)
        content = parse_or_note(text, path, unread) if text is not None else None
        if isinstance(content, dict) and all(isinstance(content.get(key), list) for key in KEYS):
            asking.adopt(trial.asking)
            collected.problems += trial.problems
            collected.used.add(path)
            contents[path] = content
            pictures.reserve(names_of(content["images"]), path)  # for no name in another file that only ends alike
        else:
            note_unread(trial, unread)
    if not collected.used:
        return None
    for path, content in contents.items():
        read_entries(path, content, files, pictures, collected)
    settle_sources(collected, files)
    if not any(path.endswith(_file_of(None)) for path in collected.used):  # ours: its photos have no split
        add_splits_of_folders(collected, "the COCO file")
    collected.add_guesses(pictures)
    collected.add_unlabelled(pictures.paths, "no entry in a COCO file")
    return collected.finish("COCO")


def write(pictures: Sequence[ExportedImage], classes: Sequence[str]) -> dict[str, bytes]:
    """Return one file per split, in ``annotations``; the images belong in ``images``."""
    number_of = {name: number for number, name in enumerate(classes, start=1)}
    written = {}
    for split in dict.fromkeys(one.split for one in pictures):
        images: list[dict[str, Any]] = []
        annotations: list[dict[str, Any]] = []
        for one in (one for one in pictures if one.split == split):
            image_id = len(images) + 1
            images.append({"id": image_id, "file_name": one.name, "width": one.width, "height": one.height})
            for box in one.boxes:
                annotations.append(
                    {
                        "id": len(annotations) + 1,
                        "image_id": image_id,
                        "category_id": number_of[box.label],
                        "bbox": [box.x, box.y, box.width, box.height],
                        "area": box.width * box.height,
                        "segmentation": [_outline(box)],
                        "iscrowd": 0,
                    }
                )
        categories = [{"id": number, "name": name, "supercategory": ""} for name, number in number_of.items()]
        about = {"info": {"description": "ResNet Studio"}, "licenses": []}
        content = {**about, "images": images, "annotations": annotations, "categories": categories}
        written[_file_of(split)] = json.dumps(content, ensure_ascii=False).encode()
    return written


def _file_of(split: str | None) -> str:
    """Return the path of the file of a split; that of photos without one is called default, as by CVAT."""
    return f"annotations/instances_{split or 'default'}.json"


def _outline(box: BoxRow) -> list[float]:
    """Return the corners of a box as a polygon, as pycocotools makes one: without it, many tools stop."""
    left, upper, right, lower = box.x, box.y, box.x + box.width, box.y + box.height
    return [left, upper, left, lower, right, lower, right, upper]
