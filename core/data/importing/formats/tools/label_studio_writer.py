"""Write tasks with annotations that Label Studio imports, and the labelling interface for them.

Put the unpacked zip where Label Studio's ``LOCAL_FILES_DOCUMENT_ROOT`` points, paste ``label_config.xml`` as the code
of the labelling interface, and import ``tasks.json``. https://labelstud.io/guide/tasks describes the tasks,
https://labelstud.io/guide/storage the paths of local files: they are relative to that folder.
"""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from core.data.importing.formats.exported_image import ExportedImage
from core.data.importing.formats.tools.entries.photo_names import IMAGES
from core.data.importing.formats.voc import NOT_IN_XML
from core.errors import DataError

TASKS, CONFIG = "tasks.json", "label_config.xml"
LOCAL_FILES = "/data/local-files/?d="
BOXES, CHOICE = "label", "choice"
"""The names of the two controls."""

PIXEL_DIGITS = 9


def write(pictures: Sequence[ExportedImage], classes: Sequence[str]) -> dict[str, bytes]:
    """Return the tasks, one per image, and the labelling interface; the images belong in ``images``."""
    check_names(classes)
    tasks = [_task(number, one) for number, one in enumerate(pictures, start=1)]
    content = json.dumps(tasks, ensure_ascii=False, indent=1).encode()
    return {TASKS: content, CONFIG: _config(pictures, classes)}


def check_names(classes: Sequence[str]) -> None:
    """Raise DataError for a class whose name XML cannot hold."""
    for name in classes:
        if NOT_IN_XML.search(name):
            raise DataError(
                f"The class {name!r} has a character that XML cannot hold. Rename it, or use another format."
            )


def _task(number: int, one: ExportedImage) -> dict[str, Any]:
    data = {"image": LOCAL_FILES + quote(f"{IMAGES}/{one.name}"), "split": one.split}
    results = [_box(one, place) for place in range(len(one.boxes))]
    if one.label is not None and not one.boxes:
        results = [{"from_name": CHOICE, "to_name": "image", "type": "choices", "value": {"choices": [one.label]}}]
    annotations = [{"result": results}] if results else []
    return {"id": number, "data": data, "annotations": annotations}


def _box(one: ExportedImage, place: int) -> dict[str, Any]:
    box = one.boxes[place]
    # Rounded as they will be read again, so that a second export gives the same file.
    x, y, width, height = (round(side, PIXEL_DIGITS) for side in (box.x, box.y, box.width, box.height))
    value = {
        "x": x / one.width * 100,
        "y": y / one.height * 100,
        "width": width / one.width * 100,
        "height": height / one.height * 100,
        "rotation": 0,
        "rectanglelabels": [box.label],
    }
    return {
        "id": f"box-{place + 1}",
        "from_name": BOXES,
        "to_name": "image",
        "type": "rectanglelabels",
        "original_width": one.width,
        "original_height": one.height,
        "image_rotation": 0,
        "value": value,
    }


def _config(pictures: Sequence[ExportedImage], classes: Sequence[str]) -> bytes:
    """Return the labelling interface, with a control for boxes, one for classes, or both."""
    boxes = any(one.boxes for one in pictures)
    root = Element("View")
    SubElement(root, "Image", {"name": "image", "value": "$image"})
    if boxes:
        control = SubElement(root, "RectangleLabels", {"name": BOXES, "toName": "image"})
        for name in classes:
            SubElement(control, "Label", {"value": name})
    if not boxes or any(one.label is not None and not one.boxes for one in pictures):
        control = SubElement(root, "Choices", {"name": CHOICE, "toName": "image", "choice": "single"})
        for name in classes:
            SubElement(control, "Choice", {"value": name})
    indent(root)
    return tostring(root, encoding="utf-8")
