"""All kinds of input that were tried, in the order of the page about them."""

from dataclasses import replace

from tests.data.importing.kinds.areas import (
    coco_kinds,
    export_kinds,
    faults,
    folder_kinds,
    hugging_face_kinds,
    label_studio_kinds,
    photo_kinds,
    style_kinds,
    table_kinds,
    tool_kinds,
    voc_kinds,
    yolo_kinds,
)
from tests.data.importing.kinds.kind import Kind

AREAS = (
    faults,
    table_kinds,
    style_kinds,
    folder_kinds,
    coco_kinds,
    voc_kinds,
    yolo_kinds,
    hugging_face_kinds,
    label_studio_kinds,
    tool_kinds,
    photo_kinds,
    export_kinds,
)

CATALOGUE: tuple[Kind, ...] = tuple(replace(kind, area=area.AREA) for area in AREAS for kind in area.KINDS)
