"""labelme JSON: one file per photo, with shapes in pixels (https://github.com/wkentaro/labelme).

A rectangle has two opposite corners in any order, a circle its centre and a point on its edge. ``flags`` of the photo
are true or false: the only true one is its class. ``imageData`` may hold the photo itself; it is not read.
"""

import math
from typing import Any

from core.data.importing.formats.gathered_labels import (
    LONGEST_PATH,
    CollectedLabels,
    Files,
    class_text,
    shown_value,
)
from core.data.importing.formats.gathering.image_index import folders_agree
from core.data.importing.formats.tools.entries.json_documents import JsonDocuments
from core.data.importing.formats.tools.entries.outlines import Sides, around, points_of
from core.data.importing.formats.tools.entries.photo_entries import PhotoEntry, Region, ToolReading
from core.data.importing.formats.tools.entries.photo_names import IMAGES, Found, PhotoFinder
from core.data.importing.formats.tools.entries.settle_entries import finish
from core.data.tables.questions import Asking, NobodyToAsk

KIND = "labelme"
MOST_POINTS = 100_000  # of one shape


def is_labelme(content: Any) -> bool:
    """Return whether the content of a JSON file is labelme's."""
    if not isinstance(content, dict) or not isinstance(content.get("shapes"), list):
        return False
    return any(key in content for key in ("imagePath", "imageData", "imageHeight"))


def read(
    files: Files,
    unread: dict[str, str] | None = None,
    asking: Asking | None = None,
    documents: JsonDocuments | None = None,
) -> CollectedLabels | None:
    """Read labelme's files among these; None where there are none. ``unread`` gets JSON that cannot be read."""
    documents = documents or JsonDocuments(files, {} if unread is None else unread, {KIND: is_labelme})
    contents = documents.of(KIND)
    if not contents:
        return None
    reading = ToolReading(files, asking or NobodyToAsk())
    for path, content in contents.items():
        reading.collected.used.add(path)
        _read_one(path, content, reading)
    return finish(reading, KIND)


def _read_one(path: str, content: dict[str, Any], reading: ToolReading) -> None:
    found = _photo_of(path, content.get("imagePath"), reading)
    photo = reading.photo(found, path)
    if photo is None:
        return
    regions = []
    for number, shape in enumerate(content["shapes"], start=1):
        region = _region(path, number, shape, photo, reading)
        if region is not None:
            regions.append(region)
    flags = content.get("flags")
    classes = tuple(name for name, on in flags.items() if on is True) if isinstance(flags, dict) else ()
    frame = reading.frame(content.get("imageWidth"), content.get("imageHeight"), path)
    reading.add(PhotoEntry(photo, path, classes, tuple(regions), frame))


def _photo_of(path: str, name: Any, reading: ToolReading) -> Found:
    """Return the photo that the file names; where a photo has the file's own name, that one, and it is said.

    Photos are renamed together with their files, and the name inside stays behind.
    """
    own = _own_photos(path, reading.finder)
    if not isinstance(name, str) or not name.strip():
        return Found(own[0]) if len(own) == 1 else Found(None, "it names no photo, and no photo has its name")
    named = reading.finder.find(name, path)
    if named.path in own or len(own) != 1:
        return named
    if named.path is not None:
        one = "1 file names another photo in its imagePath; the photo of the file's own name is used"
        many = "{n} files name other photos in their imagePath; the photos of the files' own names are used"
    else:
        one = "1 file names a photo that is not there; the photo of the file's own name is used"
        many = "{n} files name photos that are not there; the photos of the files' own names are used"
    reading.note(KIND, one, many, f"{path} ({name[:LONGEST_PATH]})", "remark")
    return Found(own[0])


def _own_photos(path: str, finder: PhotoFinder) -> list[str]:
    """Return the photos of the file's own name: those beside it or in ``images``, else those of any folder."""
    named = finder.index.with_stem(path)
    folder = path.rpartition("/")[0]
    places = (folder, f"{folder}/{IMAGES}".lstrip("/"))
    beside = [photo for photo in named if photo.rpartition("/")[0] in places]
    return beside or [photo for photo in named if folders_agree(path, photo)]


def _region(path: str, number: int, shape: Any, photo: str, reading: ToolReading) -> Region | None:
    """Return a shape as a region; None, and a problem, for one without a box."""
    where = f"{path}, shape {number}"
    if not isinstance(shape, dict):
        reading.collected.add_problem(where, f"{shown_value(shape)} is no shape; it is skipped")
        return None
    kind = shape.get("shape_type") or "polygon"
    label = class_text(shape.get("label"))
    if label is None:
        reading.collected.add_problem(where, f"{shown_value(shape.get('label'))} is not a name; the shape is skipped")
        return None
    points = points_of(shape.get("points"))
    if kind in ("point", "points", "line", "linestrip"):
        reading.skipped(path, str(kind), photo, {"points": "sets of points"}.get(str(kind), ""))
        return None
    if not points or len(points) > MOST_POINTS:
        reading.collected.add_problem(where, "its points are not pairs of numbers; it is skipped")
        return None
    sides = _sides(kind, points)
    if sides is None:
        text = f"a {shown_value(kind)} with {len(points):,} points is not known; it is skipped"
        reading.collected.add_problem(where, text)
        return None
    if kind != "rectangle":
        shown = {"rotation": "turned rectangle"}.get(str(kind), str(kind))
        reading.boxed(path, shown, photo)
    return Region(label, sides, where)


def _sides(kind: object, points: list[tuple[float, float]]) -> Sides | None:
    """Return the box of a shape; None for an unknown one."""
    if kind == "circle" and len(points) == 2:
        (x, y), edge = points[0], points[1]
        radius = math.dist((x, y), edge)
        return around([(x - radius, y - radius), (x + radius, y + radius)])
    if kind in ("rectangle", "mask") and len(points) in (2, 4):
        return around(points)
    if (kind == "polygon" and len(points) >= 3) or (kind == "rotation" and len(points) == 4):
        return around(points)
    return None
