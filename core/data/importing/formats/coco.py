"""COCO JSON: images, annotations and categories in one file a split (https://cocodataset.org/#format-data)."""

import json
from collections.abc import Sequence
from typing import Any

from core.data.importing.folder_layout import suffix_of
from core.data.importing.formats.exported_picture import ExportedPicture
from core.data.importing.formats.gathered_labels import (
    Files,
    GatheredLabels,
    LabelGatherer,
    PictureIndex,
    number_in,
    split_of,
    text_of,
)

KEYS = ("images", "annotations", "categories")


def read(files: Files) -> GatheredLabels | None:
    """What the COCO files among these say; None where there are none."""
    gathered = LabelGatherer()
    pictures = PictureIndex(files)
    for path in sorted(path for path in files if suffix_of(path) == ".json"):
        trial = LabelGatherer()
        text = text_of(files[path], path, trial)
        content = _parsed(text) if text is not None else None
        if isinstance(content, dict) and all(isinstance(content.get(key), list) for key in KEYS):
            gathered.used.add(path)
            _read_one(path, content, pictures, gathered)
    return gathered.found("COCO") if gathered.used else None


def write(pictures: Sequence[ExportedPicture], classes: Sequence[str]) -> dict[str, bytes]:
    """One file a split, in ``annotations``; the pictures lie in ``images``."""
    number_of = {name: number for number, name in enumerate(classes, start=1)}
    answer = {}
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
        answer[f"annotations/instances_{split or 'default'}.json"] = json.dumps(content, ensure_ascii=False).encode()
    return answer


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # some other JSON, or none: the file is listed as not used
        return None


def _read_one(path: str, content: dict[str, Any], pictures: PictureIndex, gathered: LabelGatherer) -> None:
    categories = {}
    for one in content["categories"]:
        if isinstance(one, dict) and isinstance(one.get("name"), str):
            categories[number_in(one, "id")] = one["name"]
    gathered.classes.update(dict.fromkeys(categories.values()))
    files: dict[Any, str] = {}
    for one in content["images"]:
        name = one.get("file_name") if isinstance(one, dict) else None
        if not isinstance(name, str) or not name:
            gathered.say(path, f"an image without a file_name is left out: {str(one)[:60]}")
            continue
        file = pictures.named(name, path)
        if file is None:
            gathered.say(path, f"{name} is not among the files")
            continue
        files[number_in(one, "id")] = file
        gathered.image(file, name.replace("\\", "/").lstrip("./"), split_of(path))
    known = {number_in(one, "id") for one in content["images"]}
    for one in content["annotations"]:
        if not isinstance(one, dict):
            gathered.say(path, f"an annotation that is no object is left out: {str(one)[:60]}")
            continue
        where = f"{path}, annotation {number_in(one, 'id')}"
        image, category = number_in(one, "image_id"), number_in(one, "category_id")
        file, label = files.get(image), categories.get(category)
        if file is None:
            if image not in known:
                gathered.say(where, f"there is no image {image}; it is left out")
        elif label is None:
            gathered.say(where, f"there is no category {category}; it is left out")
        else:
            box = one.get("bbox")
            gathered.box(file, label, box if isinstance(box, list) else [], where)
