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
    number_in,
    split_of,
    text_of,
)

KEYS = ("images", "annotations", "categories")


def read(files: Files) -> CollectedLabels | None:
    """Read the COCO files among these; None where there are none."""
    collected = LabelCollector()
    pictures = ImageIndex(files)
    for path in sorted(path for path in files if suffix_of(path) == ".json"):
        trial = LabelCollector()
        text = text_of(files[path], path, trial)
        content = _parsed(text) if text is not None else None
        if isinstance(content, dict) and all(isinstance(content.get(key), list) for key in KEYS):
            collected.used.add(path)
            _read_one(path, content, pictures, collected)
    return collected.finish("COCO") if collected.used else None


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


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # the file is listed as not used
        return None


def _read_one(path: str, content: dict[str, Any], pictures: ImageIndex, collected: LabelCollector) -> None:
    categories = {}
    for one in content["categories"]:
        if isinstance(one, dict) and isinstance(one.get("name"), str):
            categories[number_in(one, "id")] = one["name"]
    collected.classes.update(dict.fromkeys(categories.values()))
    files: dict[Any, str] = {}
    for one in content["images"]:
        name = one.get("file_name") if isinstance(one, dict) else None
        if not isinstance(name, str) or not name:
            collected.add_problem(path, f"an image without a file_name is skipped: {str(one)[:60]}")
            continue
        file = pictures.find(name, path)
        if file is None:
            collected.add_problem(path, f"{name} is not among the files")
            continue
        files[number_in(one, "id")] = file
        collected.add_image(file, name.replace("\\", "/").lstrip("./"), split_of(path))
    known = {number_in(one, "id") for one in content["images"]}
    for one in content["annotations"]:
        if not isinstance(one, dict):
            collected.add_problem(path, f"an annotation that is not an object is skipped: {str(one)[:60]}")
            continue
        where = f"{path}, annotation {number_in(one, 'id')}"
        image, category = number_in(one, "image_id"), number_in(one, "category_id")
        file, label = files.get(image), categories.get(category)
        if file is None:
            if image not in known:
                collected.add_problem(where, f"there is no image {image}; it is skipped")
        elif label is None:
            collected.add_problem(where, f"there is no category {category}; it is skipped")
        else:
            box = one.get("bbox")
            collected.add_box(file, label, box if isinstance(box, list) else [], where)
