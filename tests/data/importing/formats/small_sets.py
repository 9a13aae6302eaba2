"""Small data sets in the formats of other tools, and what a plan makes of them."""

import io
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from core.data.importing.import_plan import ImportPlan
from core.data.importing.plan_import import plan_folder

Content = Mapping[str, str | bytes]
Marks = list[tuple[str | None, float, float, float, float]]


def png(number: int, width: int = 64, height: int = 48) -> bytes:
    """A photo that is like no other number's."""
    pixels = np.random.default_rng(number).integers(0, 256, (height, width, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def put(folder: Path, *contents: Content) -> Path:
    """Write the files; a name that ends with / stands for nothing."""
    for content in contents:
        for name, data in content.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data.encode() if isinstance(data, str) else data)
    return folder


def photos(*names: str, width: int = 64, height: int = 48) -> dict[str, bytes]:
    return {name: png(number, width, height) for number, name in enumerate(names)}


def plan(folder: Path, answers: Mapping[str, str] | None = None) -> ImportPlan:
    return plan_folder(folder, answers=answers or {})


def boxes(found: ImportPlan) -> dict[str, Marks]:
    return {
        one.name: [(each.label, each.box.x, each.box.y, each.box.width, each.box.height) for each in one.objects]
        for one in found.candidates
    }


def labels(found: ImportPlan) -> dict[str, str | None]:
    return {one.name: one.label for one in found.candidates}


def splits(found: ImportPlan) -> dict[str, str | None]:
    return {one.name: one.split for one in found.candidates}


def problems(found: ImportPlan) -> list[str]:
    """What somebody has to confirm."""
    return [str(one) for one in found.problems if not one.harmless]


def remarks(found: ImportPlan) -> list[str]:
    return [str(one) for one in found.problems if one.harmless]


def questions(found: ImportPlan) -> list[str]:
    return [one.id for one in found.questions]


def coco(images: list[object], annotations: list[object], categories: list[object] | None = None) -> str:
    default = [{"id": 1, "name": "ant"}, {"id": 2, "name": "bee"}, {"id": 3, "name": "cat"}]
    content = {
        "images": images,
        "annotations": annotations,
        "categories": default if categories is None else categories,
    }
    return json.dumps(content)


def image(number: object, name: str, **more: object) -> dict[str, object]:
    return {"id": number, "file_name": name, **more}


def mark(number: object, image_id: object, category: object, *bbox: object, **more: object) -> dict[str, object]:
    return {"id": number, "image_id": image_id, "category_id": category, "bbox": list(bbox), **more}


def voc(filename: str | None, *objects: str, size: str = "") -> str:
    name = "" if filename is None else f"<filename>{filename}</filename>"
    return f"<annotation>{name}{size}{''.join(objects)}</annotation>"


def voc_object(label: str, *corners: object) -> str:
    tags = ("xmin", "ymin", "xmax", "ymax")
    inside = "".join(f"<{tag}>{corner}</{tag}>" for tag, corner in zip(tags, corners, strict=True))
    return f"<object><name>{label}</name><bndbox>{inside}</bndbox></object>"
