"""COCO JSON: images, annotations and categories in one file per split (https://cocodataset.org/#format-data)."""

import json
from collections.abc import Sequence
from typing import Any

from core.data.importing.folder_layout import suffix_of
from core.data.importing.formats.exported_image import ExportedImage
from core.data.importing.formats.gathered_labels import (
    LONGEST_PATH,
    CollectedLabels,
    Files,
    ImageIndex,
    LabelCollector,
    note_unread,
    number_in,
    shown_value,
    split_of,
    text_of,
)
from core.data.importing.formats.json_text import JsonRefused, JsonTooLarge, parse_json
from core.data.tables.questions import Asking, NobodyToAsk
from core.errors import LabelsError

KEYS = ("images", "annotations", "categories")
_SHOWN_PHOTOS = 3


def read(files: Files, unread: dict[str, str] | None = None, asking: Asking | None = None) -> CollectedLabels | None:
    """Read the COCO files among these; None where there are none. ``unread`` gets JSON that cannot be read."""
    unread = {} if unread is None else unread
    collected = LabelCollector(asking=asking or NobodyToAsk())
    pictures = ImageIndex(files)
    for path in sorted(path for path in files if suffix_of(path) == ".json"):
        trial = LabelCollector()
        text = text_of(files[path], path, trial)
        note_unread(trial, unread)
        content = _parsed(text, path, unread) if text is not None else None
        if isinstance(content, dict) and all(isinstance(content.get(key), list) for key in KEYS):
            collected.used.add(path)
            _read_one(path, content, pictures, collected)
    if not collected.used:
        return None
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
                        "iscrowd": 0,
                    }
                )
        categories = [{"id": number, "name": name} for name, number in number_of.items()]
        content = {"images": images, "annotations": annotations, "categories": categories}
        written[f"annotations/instances_{split or 'default'}.json"] = json.dumps(content, ensure_ascii=False).encode()
    return written


def _parsed(text: str, path: str, unread: dict[str, str]) -> Any:
    """Return the content; None for a file that is not JSON, which is listed as not used."""
    try:
        return parse_json(text)
    except JsonTooLarge as error:
        raise LabelsError(f"{path} was not read: {error}, or leave it out.") from error
    except JsonRefused as error:
        unread[path] = str(error)
        return None


def _read_one(path: str, content: dict[str, Any], pictures: ImageIndex, collected: LabelCollector) -> None:
    categories = _categories(path, content["categories"], collected)
    files: dict[Any, str] = {}
    for one in content["images"]:
        name = one.get("file_name") if isinstance(one, dict) else None
        if not isinstance(name, str) or not name:
            collected.add_problem(path, f"an image without a file_name is skipped: {shown_value(one)}")
            continue
        file = pictures.find(name, path)
        if file is None:
            collected.add_problem(path, f"{name[:LONGEST_PATH]} is not among the files")
            continue
        files[number_in(one, "id")] = file
        collected.add_image(file, name.replace("\\", "/").lstrip("./"), split_of(path))
    known = {number_in(one, "id") for one in content["images"]}
    crowds: dict[str, int] = {}  # image -> its crowd regions
    for one in content["annotations"]:
        if not isinstance(one, dict):
            collected.add_problem(path, f"an annotation that is not an object is skipped: {shown_value(one)}")
            continue
        where = f"{path}, annotation {number_in(one, 'id')}"
        image, category = number_in(one, "image_id"), number_in(one, "category_id")
        file, label = files.get(image), categories.get(category)
        if _is_crowd(one):
            if file is not None:
                crowds[file] = crowds.get(file, 0) + 1
        elif file is None:
            if image not in known:
                collected.add_problem(where, f"there is no image {image}; it is skipped")
        elif label is None:
            collected.add_problem(where, f"there is no category {category}; it is skipped")
        elif (sides := _sides(one)) is None:
            collected.add_problem(where, "it has a mask but no bbox; it is skipped")
        else:
            collected.add_box(file, label, sides, where)
    if crowds:
        _remark_on_crowds(path, crowds, collected)


def _categories(path: str, listed: list[Any], collected: LabelCollector) -> dict[Any, str]:
    """Return the name of each category by its id."""
    found = {}
    for one in listed:
        if isinstance(one, dict) and "name" in one:
            number = number_in(one, "id")
            name = collected.add_class(one["name"], f"{path}, category {number}")
            if name is not None:
                found[number] = name
    return found


def _is_crowd(annotation: dict[str, Any]) -> bool:
    """Return whether an annotation marks a region with many objects: its box holds them all and is nobody's."""
    return annotation.get("iscrowd") in (1, "1", "true")


def _sides(annotation: dict[str, Any]) -> list[Any] | None:
    """Return the four numbers of the box, those around its polygons if it has no bbox; None for a mask without one."""
    box, outline = annotation.get("bbox"), annotation.get("segmentation")
    if box or not outline:
        return box if isinstance(box, list) else []
    if not isinstance(outline, list):
        return None  # run lengths
    flat = [number for ring in outline if isinstance(ring, list) for number in ring]
    if len(flat) < 6 or len(flat) % 2 or not all(type(number) in (int, float) for number in flat):
        return None
    across, down = flat[::2], flat[1::2]
    return [min(across), min(down), max(across) - min(across), max(down) - min(down)]


def _remark_on_crowds(path: str, crowds: dict[str, int], collected: LabelCollector) -> None:
    """Say how many crowd regions were left out, and of which photos."""
    total = sum(crowds.values())
    which = ", ".join(list(crowds)[:_SHOWN_PHOTOS]) + (", ..." if len(crowds) > _SHOWN_PHOTOS else "")
    what = "1 crowd region (iscrowd) is" if total == 1 else f"{total:,} crowd regions (iscrowd) are"
    collected.add_remark(f"{path}: {what} left out, because each marks a group and not one object: {which}")
