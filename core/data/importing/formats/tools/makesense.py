"""makesense.ai: boxes and tags as CSV, tags as JSON (https://github.com/SkalskiP/make-sense).

A line of boxes is ``label,x,y,width,height,photo,width of the photo,height of the photo`` in pixels; older versions
write no header. A line of tags is ``photo,"[tag,tag]"``. No cell but the tags is quoted. Its VOC, YOLO and COCO files
are read as these, its polygons in VIA's form as VIA's.
"""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from core.data.importing.folder_layout import is_picture, suffix_of
from core.data.importing.formats.gathered_labels import LONGEST_PATH, CollectedLabels, Files, text_of
from core.data.importing.formats.tools.entries.json_documents import JsonDocuments
from core.data.importing.formats.tools.entries.photo_entries import PhotoEntry, Region, ToolReading
from core.data.importing.formats.tools.entries.settle_entries import finish
from core.data.importing.formats.tools.entries.table_heads import head_of
from core.data.tables.csv_cells import check_rows
from core.data.tables.label_rows import PIXELS, BoxFrame
from core.data.tables.questions import Asking, NobodyToAsk

KIND = "makesense"
HEADER = ["label_name", "bbox_x", "bbox_y", "bbox_width", "bbox_height", "image_name", "image_width", "image_height"]

_NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,9})?")
_SIZE = re.compile("[1-9][0-9]{0,5}")
_TAGS = re.compile(r"\[.+\]")


def is_makesense(content: Any) -> bool:
    """Return whether the content of a JSON file is makesense's list of tags."""
    return (
        isinstance(content, list)
        and bool(content)
        and all(isinstance(one, dict) and one.keys() == {"image", "annotations"} for one in content)
        and all(isinstance(one["image"], str) and isinstance(one["annotations"], list) for one in content)
    )


def is_makesense_table(head: str) -> bool:
    """Return whether the first line of a CSV is one of boxes, their header, or one of tags.

    Eight cells of which the sixth names a photo, and all but it and the first are numbers, are no other tool's.
    """
    cells = next(csv.reader(head.splitlines()[:1]), [])
    return cells == HEADER or _is_box(cells) or _is_tags(cells)


def read(
    files: Files,
    unread: dict[str, str] | None = None,
    asking: Asking | None = None,
    documents: JsonDocuments | None = None,
) -> CollectedLabels | None:
    """Read makesense's files among these; None where there are none. ``unread`` gets those that cannot be read."""
    documents = documents or JsonDocuments(files, {} if unread is None else unread, {KIND: is_makesense})
    reading = ToolReading(files, asking or NobodyToAsk())
    for path, content in documents.of(KIND).items():
        reading.collected.used.add(path)
        for number, one in enumerate(content, start=1):
            tags = [tag for tag in one["annotations"] if isinstance(tag, str)]
            _add(one["image"], path, f"{path}, photo {number}", PIXELS, reading, tags=tags)
    for path in sorted(path for path in files if suffix_of(path) == ".csv"):
        if not is_makesense_table(head_of(files, path)):
            continue
        text = text_of(files[path], path, reading.collected)
        if text is not None:
            reading.collected.used.add(path)
            _read_table(path, text, reading)
    return finish(reading, KIND) if reading.collected.used else None


def _read_table(path: str, text: str, reading: ToolReading) -> None:
    """Read the lines of boxes and of tags. Raises LabelsError for too many."""
    check_rows(text, path)
    boxes: dict[str, dict[BoxFrame, list[Region]]] = defaultdict(dict)  # photo -> its size -> its boxes
    rows = csv.reader(io.StringIO(text, newline=""))
    try:
        for cells in rows:
            where = f"{path}, line {rows.line_num}"
            if not any(cells) or cells == HEADER:
                continue
            if _is_box(cells):
                frame = BoxFrame(size=(int(cells[6]), int(cells[7])))
                boxes[cells[5]].setdefault(frame, []).append(Region(cells[0], tuple(cells[1:5]), where))
            elif _is_tags(cells):
                _add(cells[0], path, where, PIXELS, reading, tags=cells[1][1:-1].split(","))
            elif len(cells) == len(HEADER):
                reading.collected.add_problem(where, "it is no box and no list of tags; it is skipped")
            else:
                count = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
                text = f"it has {count} instead of {len(HEADER)}; a label may have a comma. It is skipped"
                reading.collected.add_problem(where, text)
    except csv.Error:
        where = f"{path}, line {rows.line_num}"
        reading.collected.add_problem(where, "from here on it is not CSV; the rest is skipped")
    for name, by_frame in boxes.items():
        (frame, regions), *others = by_frame.items()
        if others:
            text = f"{name[:LONGEST_PATH]} has several sizes, so several photos have this name; their boxes are skipped"
            reading.collected.add_problem(regions[0].where, text)
        else:
            _add(name, path, regions[0].where, frame, reading, regions)


def _add(
    name: str,
    path: str,
    where: str,
    frame: BoxFrame,
    reading: ToolReading,
    regions: Sequence[Region] = (),
    tags: Sequence[str] = (),
) -> None:
    found = reading.finder.find(name, path)
    if (photo := reading.photo(found, where)) is not None:
        classes = tuple(tag.strip() for tag in tags if tag.strip())
        reading.add(PhotoEntry(photo, where, classes, tuple(regions), frame))


def _is_box(cells: Sequence[str]) -> bool:
    if len(cells) != len(HEADER) or not is_picture(cells[5]):
        return False
    return all(map(_NUMBER.fullmatch, cells[1:5])) and all(map(_SIZE.fullmatch, cells[6:]))


def _is_tags(cells: Sequence[str]) -> bool:
    return len(cells) == 2 and is_picture(cells[0]) and bool(_TAGS.fullmatch(cells[1]))
