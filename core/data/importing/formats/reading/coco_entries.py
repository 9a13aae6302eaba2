"""Read the entries of one COCO file: whatever an id does not settle for certain is left out and said.

https://cocodataset.org/#format-data: an annotation names its image and its category by their ids.
"""

from dataclasses import dataclass, field
from typing import Any

from core.data.importing.formats.gathered_labels import (
    LONGEST_PATH,
    Files,
    ImageIndex,
    LabelCollector,
    shown_value,
)
from core.data.importing.formats.gathering.box_corners import ReadBox, settle_corners
from core.data.importing.formats.gathering.image_index import shown_name
from core.data.importing.formats.gathering.untrusted_values import id_of, number_of
from core.data.importing.formats.tools.entries.outlines import Sides, around, around_turned

KEYS = ("images", "annotations", "categories")

Id = int | str

_NO_ID = "is no whole number or text"
_SHOWN_NAMES = 3


@dataclass
class _Images:
    """What the ids of a file's images stand for."""

    files: dict[Id, str] = field(default_factory=dict)  # of the images among the files
    known: set[Id] = field(default_factory=set)
    unclear: set[Id] = field(default_factory=set)  # that stand for several images
    ids: dict[str, list[Id]] = field(default_factory=dict)  # photo -> its ids


@dataclass
class _Categories:
    """What the ids of a file's categories stand for."""

    names: dict[Id, str] = field(default_factory=dict)
    unclear: set[Id] = field(default_factory=set)  # that stand for several classes, or for none that can be used


@dataclass
class _Noted:
    """What is said once for all annotations of a file."""

    crowds: dict[str, int] = field(default_factory=dict)  # photo -> its crowd regions
    outlined: list[str] = field(default_factory=list)  # the photos of boxes that are those around an outline
    turned: list[str] = field(default_factory=list)  # the photos of turned boxes
    boxes: list[ReadBox] = field(default_factory=list)


def read_entries(
    path: str, content: dict[str, Any], files: Files, pictures: ImageIndex, collected: LabelCollector
) -> None:
    """Add the images, classes and boxes of a parsed COCO file."""
    categories = _categories(path, content["categories"], collected)
    images = _images(path, content["images"], pictures, collected)
    noted = _Noted()
    for place, one in enumerate(content["annotations"], start=1):
        if not isinstance(one, dict):
            collected.add_problem(path, f"an annotation that is not an object is skipped: {shown_value(one)}")
            continue
        number = id_of(one.get("id"))
        where = f"{path}, annotation {shown_value(number) if number is not None else f'without an id (no. {place})'}"
        _add_annotation(path, one, where, images, categories, collected, noted)
    if noted.crowds:
        total = sum(noted.crowds.values())
        what = "1 crowd region (iscrowd) is" if total == 1 else f"{total:,} crowd regions (iscrowd) are"
        text = f"{path}: {what} left out, because each marks a group and not one object"
        collected.add_remark_on(text, noted.crowds)
    for paths, what in ((noted.outlined, "around its outline"), (noted.turned, "around the turned one")):
        if paths:
            boxes = "1 box is the one" if len(paths) == 1 else f"{len(paths):,} boxes are each the one"
            collected.add_remark_on(f"{path}: {boxes} {what}", set(paths))
    settle_corners(collected, files, noted.boxes, path)


def names_of(listed: list[Any]) -> list[str]:
    """Return the names of photos in a list of images."""
    names = [one.get("file_name") for one in listed if isinstance(one, dict)]
    return [name for name in names if isinstance(name, str) and name]


def _categories(path: str, listed: list[Any], collected: LabelCollector) -> _Categories:
    found = _Categories()
    named: dict[str, list[Id]] = {}
    groups: dict[str, set[str]] = {}  # class -> its supercategories
    for one in listed:
        if not isinstance(one, dict) or "name" not in one:
            collected.add_problem(path, f"a category without a name is skipped: {shown_value(one)}")
            continue
        number = id_of(one.get("id"))
        name = collected.add_class(one["name"], f"{path}, category {shown_value(one.get('id'))}")
        if number is None:
            where = f"{path}, category {shown_value(one['name'])}"
            text = f"its id ({shown_value(one.get('id'))}) {_NO_ID}; no annotation is read as this class"
            collected.add_problem(where, text)
        elif name is None:
            found.unclear.add(number)
        elif found.names.setdefault(number, name) != name:
            if number not in found.unclear:
                text = f'the category id {number} stands for "{found.names[number]}" and "{name}"'
                collected.add_problem(path, f"{text}; its annotations are skipped")
            found.unclear.add(number)
        elif number not in named.setdefault(name, []):
            named[name].append(number)
            groups.setdefault(name, set()).add(shown_value(one.get("supercategory") or ""))
    for name, numbers in named.items():
        if len(numbers) > 1:
            text = f'the categories {_listed(numbers)} are all called "{name}"; they are one class here'
            if len(groups[name]) > 1:
                collected.add_problem(path, f"{text}, although they belong to different groups (supercategory)")
            else:
                collected.add_remark(f"{path}: {text}")
    return found


def _images(path: str, listed: list[Any], pictures: ImageIndex, collected: LabelCollector) -> _Images:
    found = _Images()
    split = collected.split_of(path)
    meant: dict[Id, dict[str, None]] = {}  # id -> the photos that it stands for
    unclear = pictures.unclear(names_of(listed), path)
    for one in listed:
        name = one.get("file_name") if isinstance(one, dict) else None
        number = id_of(one.get("id")) if isinstance(one, dict) else None
        if number is not None:
            found.known.add(number)
        if not isinstance(name, str) or not name:
            collected.add_problem(path, f"an image without a file_name is skipped: {shown_value(one)}")
            if number is not None:
                meant.setdefault(number, {})[f"an image without a name {len(meant[number])}"] = None
            continue
        where = f"{path}, image {name[:LONGEST_PATH]}"
        file = pictures.find(name, path) if name not in unclear else None
        if file is None:
            collected.add_problem(path, unclear.get(name) or pictures.missing(name, path))
        else:
            collected.add_image(file, shown_name(name, file), split)
            collected.add_frame(file, one.get("width"), one.get("height"), where)
        if number is None:
            text = f"its id ({shown_value(one.get('id'))}) {_NO_ID}; no annotation is read for it"
            collected.add_problem(where, text)
            continue
        meant.setdefault(number, {})[file or name[:LONGEST_PATH]] = None
        if file is not None and found.files.setdefault(number, file) == file:
            ids = found.ids.setdefault(file, [])
            if number not in ids:
                ids.append(number)
    for number, names in meant.items():
        if len(names) > 1:
            found.unclear.add(number)
            text = f"the image id {number} stands for {len(names)} images, {_listed(list(names))}"
            collected.add_problem(path, f"{text}; its annotations are skipped")
    return found


def _add_annotation(
    path: str,
    one: dict[str, Any],
    where: str,
    images: _Images,
    categories: _Categories,
    collected: LabelCollector,
    noted: _Noted,
) -> None:
    image, category = id_of(one.get("image_id")), id_of(one.get("category_id"))
    file = images.files.get(image) if image is not None and image not in images.unclear else None
    if _is_crowd(one):
        if file is not None:
            noted.crowds[file] = noted.crowds.get(file, 0) + 1
        return
    for number, key, known in (
        (image, "image_id", images.known),
        (category, "category_id", categories.names.keys() | categories.unclear),
    ):
        if number is None:
            collected.add_problem(where, f"its {key} ({shown_value(one.get(key))}) {_NO_ID}; it is skipped")
            return
        if number not in known:
            what = key.removesuffix("_id")
            collected.add_problem(where, f"there is no {what} {shown_value(number)}; it is skipped")
            return
    if file is None or category is None or category in categories.unclear:
        return  # what is wrong with the image or the category is a problem of its own
    read = _sides(one)
    if read is None:
        collected.add_problem(where, "it has a mask but no bbox; it is skipped")
        return
    sides, outlined = read
    if not sides:
        collected.add_problem(where, "it has no box (bbox); it is skipped")
        return
    turned = _turned(one, sides)
    ids = images.ids[file]
    source = path if len(ids) == 1 else f"{path} (image {shown_value(image)})"
    if collected.add_box(file, categories.names[category], turned or sides, where, source):
        area = None if outlined or turned else number_of(one.get("area"))
        noted.boxes.append(ReadBox(file, len(collected.objects[file]) - 1, area))
        if outlined:
            noted.outlined.append(file)
        elif turned:
            noted.turned.append(file)


def _is_crowd(annotation: dict[str, Any]) -> bool:
    """Return whether an annotation marks a region with many objects: its box holds them all and is nobody's."""
    crowd = annotation.get("iscrowd")
    return crowd in (1, "1") or (isinstance(crowd, str) and crowd.strip().lower() == "true")


def _sides(annotation: dict[str, Any]) -> tuple[list[Any], bool] | None:
    """Return the four values of the box, and whether it is the one around the polygons; None for a mask alone."""
    box, outline = annotation.get("bbox"), annotation.get("segmentation")
    if box or not outline:
        return (box if isinstance(box, list) else [] if box is None else [box]), False
    if not isinstance(outline, list):
        return None  # run lengths
    rings = outline if all(isinstance(ring, list) for ring in outline) else [outline]
    points = []
    for ring in rings:
        if len(ring) < 6 or len(ring) % 2 or not all(_is_number(number) for number in ring):
            return None
        points += list(zip(ring[::2], ring[1::2], strict=True))
    return [*around(points)], True


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and number_of(value) is not None


def _turned(annotation: dict[str, Any], sides: list[Any]) -> Sides | None:
    """Return the box around one that CVAT turned about its centre, by degrees; None where it is not turned."""
    attributes = annotation.get("attributes")
    degrees = number_of(attributes.get("rotation")) if isinstance(attributes, dict) else None
    numbers = [number for side in sides if (number := number_of(side)) is not None]
    if not degrees or len(numbers) != 4 or len(sides) != 4 or min(numbers[2:]) <= 0:
        return None
    x, y, width, height = numbers
    return around_turned((x, y, width, height), degrees, (x + width / 2, y + height / 2))


def _listed(values: list[Any]) -> str:
    shown = ", ".join(map(shown_value, values[:_SHOWN_NAMES]))
    return shown + (", ..." if len(values) > _SHOWN_NAMES else "")
