"""Recognise the files of VGG Image Annotator (VIA 1 and 2), and read photos with their regions from JSON and CSV."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.data.importing.formats.gathered_labels import LabelCollector, shown_value
from core.data.importing.formats.json_text import JsonRefused, parse_json
from core.data.tables.csv_cells import check_rows

METADATA, ATTRIBUTES = "_via_img_metadata", "_via_attributes"
COLUMNS = ("filename", "file_size", "file_attributes", "region_count", "region_id")
SHAPE_COLUMN, REGION_COLUMN = "region_shape_attributes", "region_attributes"


@dataclass(frozen=True)
class DrawnRegion:
    """A region of a photo as the file has it."""

    where: str
    shape: Any
    attributes: Mapping[str, Any]


@dataclass(frozen=True)
class AnnotatedPhoto:
    """A photo as the file has it."""

    file: str
    where: str
    name: str
    attributes: Mapping[str, Any]
    regions: list[DrawnRegion] = field(default_factory=list)


def is_via(content: Any) -> bool:
    """Return whether the content of a JSON file is VIA's: a project, or annotations alone."""
    if not isinstance(content, dict) or not content:
        return False
    if METADATA in content:
        return isinstance(content[METADATA], dict)
    return all(
        isinstance(one, dict) and isinstance(one.get("filename"), str) and isinstance(one.get("regions"), (list, dict))
        for one in content.values()
    )


def is_via_table(head: str) -> bool:
    """Return whether the first line of a CSV is VIA's header."""
    names = {cell.strip().removeprefix("#") for cell in next(csv.reader(head.splitlines()[:1]), [])}
    return names.issuperset(COLUMNS) and SHAPE_COLUMN in names


def options_in_json(content: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return the descriptions of the options that a project's attributes of regions have: attribute -> id -> text."""
    attributes = content.get(ATTRIBUTES)
    of_regions = attributes.get("region") if isinstance(attributes, dict) else None
    found: dict[str, dict[str, str]] = {}
    for name, attribute in of_regions.items() if isinstance(of_regions, dict) else ():
        options = attribute.get("options") if isinstance(attribute, dict) else None
        texts = options.items() if isinstance(options, dict) else ()
        found[name] = {key: text.strip() for key, text in texts if isinstance(text, str) and text.strip()}
    return found


def photos_in_json(path: str, content: Mapping[str, Any], collected: LabelCollector) -> Iterator[AnnotatedPhoto]:
    """Yield the photos of a project or of annotations alone."""
    for number, photo in enumerate(content.get(METADATA, content).values(), start=1):
        where = f"{path}, photo {number}"
        name = photo.get("filename") if isinstance(photo, dict) else None
        if not isinstance(name, str) or not name:
            collected.add_problem(where, f"it has no filename, so it is skipped: {shown_value(photo)}")
            continue
        regions = photo.get("regions", [])
        listed = list(regions.values()) if isinstance(regions, dict) else regions
        if not isinstance(listed, list):
            collected.add_problem(where, "its regions are no list; they are skipped")
            listed = []
        found = AnnotatedPhoto(path, where, name, _mapping(photo.get("file_attributes")))
        for place, region in enumerate(listed, start=1):
            one = f"{where}, region {place}"
            if isinstance(region, dict):
                attributes = _mapping(region.get("region_attributes"))
                found.regions.append(DrawnRegion(one, region.get("shape_attributes"), attributes))
            else:
                collected.add_problem(one, f"{shown_value(region)} is no region; it is skipped")
        yield found


def photos_in_table(path: str, text: str, collected: LabelCollector) -> list[AnnotatedPhoto]:
    """Return the photos of a CSV, each with the regions of all its lines. Raises LabelsError for too many rows."""
    check_rows(text, path)
    rows = csv.DictReader(io.StringIO(text, newline=""))
    found: dict[tuple[str, str], AnnotatedPhoto] = {}
    try:
        rows.fieldnames = [name.strip().removeprefix("#") for name in rows.fieldnames or ()]
        for row in rows:
            where = f"{path}, line {rows.line_num}"
            name = row.get("filename") or ""
            if not name:
                collected.add_problem(where, "it has no filename, so it is skipped")
                continue
            about, shape, attributes = (_cell(row.get(key)) for key in ("file_attributes", SHAPE_COLUMN, REGION_COLUMN))
            key = (name, row.get("file_size") or "")
            photo = found.setdefault(key, AnnotatedPhoto(path, where, name, _mapping(about)))
            if about is None or shape is None or attributes is None:
                collected.add_problem(where, "a cell with attributes is not JSON; the line is skipped")
            elif shape:
                photo.regions.append(DrawnRegion(where, shape, _mapping(attributes)))
    except csv.Error:
        collected.add_problem(f"{path}, line {rows.line_num}", "from here on it is not CSV; the rest is skipped")
    return list(found.values())


def _cell(cell: str | None) -> Any:
    """Return the content of a cell of JSON, {} for an empty one; None for what is not JSON."""
    if not (cell or "").strip():
        return {}
    try:
        return parse_json(cell or "")
    except JsonRefused:
        return None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
