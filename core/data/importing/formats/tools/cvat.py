"""CVAT for images 1.1: one XML file with the images, their tags, boxes and shapes in pixels.

https://docs.cvat.ai/docs/manual/advanced/xml_format: a box may be turned clockwise about its centre. The zip holds the
photos in ``images``; that of a project, those of each subset in a folder of it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from core.data.importing.folder_layout import suffix_of
from core.data.importing.formats.gathered_labels import CollectedLabels, Files
from core.data.importing.formats.gathering.untrusted_values import number_of
from core.data.importing.formats.gathering.xml_text import XmlRefused, elements_of, root_of
from core.data.importing.formats.tools.entries.outlines import (
    Sides,
    around,
    around_ellipse,
    around_turned,
    numbers_of,
)
from core.data.importing.formats.tools.entries.photo_entries import PhotoEntry, Region, ToolReading
from core.data.importing.formats.tools.entries.photo_names import IMAGES, Found, PhotoFinder, could_be
from core.data.importing.formats.tools.entries.settle_entries import finish
from core.data.tables.labels_csv import split_named
from core.data.tables.questions import Asking, NobodyToAsk
from core.errors import ImageRefused

KIND = "CVAT"
ROOT = "annotations"
CORNERS = ("xtl", "ytl", "xbr", "ybr")
NO_SUBSET = "default"
_WITHOUT_BOX = {"polyline": "", "points": "sets of points", "skeleton": "", "cuboid": ""}


@dataclass
class _Image:
    """What is used of one image in the file."""

    where: str
    name: str
    subset: str | None  # None: the file has no subsets
    size: tuple[str | None, str | None]  # width and height in pixels, unchecked
    tags: list[str] = field(default_factory=list)
    shapes: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)  # its kind, where, and attributes


@dataclass
class _Content:
    """What is used of one file."""

    images: list[_Image] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    tracks: int = 0
    with_attributes: bool = False


def read(files: Files, unread: dict[str, str] | None = None, asking: Asking | None = None) -> CollectedLabels | None:
    """Read CVAT's files among these; None where there are none."""
    reading = ToolReading(files, asking or NobodyToAsk())
    for path in sorted(path for path in files if suffix_of(path) == ".xml"):
        try:
            data = files[path]()
        except ImageRefused:  # the reader of other XML files reports it
            continue
        if root_of(data) != ROOT:
            continue
        reading.collected.used.add(path)
        try:
            content = _content(path, data)
        except XmlRefused as error:
            reading.collected.add_problem(path, f"{error}; it is skipped")
            continue
        _add(path, content, reading)
    return finish(reading, KIND) if reading.collected.used else None


def _content(path: str, data: bytes) -> _Content:
    """Return the content of a file. Raises XmlRefused: a file that breaks off is not used at all."""
    content = _Content()
    for element in elements_of(data):
        if element.tag == "meta":
            # The parts of a skeleton are labels with a parent.
            labels = [label for label in element.iter("label") if not (label.findtext("parent") or "").strip()]
            content.classes += [name for label in labels if (name := (label.findtext("name") or "").strip())]
        elif element.tag == "track":
            content.tracks += 1
        elif element.tag == "image":
            content.images.append(_image(f"{path}, image {element.get('id', len(content.images))}", element))
            content.with_attributes |= element.find("*/attribute") is not None
    return content


def _image(where: str, element: Element) -> _Image:
    size = (element.get("width"), element.get("height"))
    image = _Image(where, element.get("name") or "", element.get("subset"), size)
    for number, one in enumerate(element, start=1):
        if one.tag == "tag":
            image.tags.append((one.get("label") or "").strip())
        else:
            image.shapes.append((one.tag, f"{where}, {one.tag} {number}", dict(one.attrib)))
    return image


def _add(path: str, content: _Content, reading: ToolReading) -> None:
    collected = reading.collected
    if content.tracks:
        text = "the annotation of a video has no photos; export it from CVAT as CVAT for images 1.1"
        tracks = "1 track is" if content.tracks == 1 else f"{content.tracks:,} tracks are"
        collected.add_problem(path, f"{tracks} skipped, because {text}")
    for number, name in enumerate(content.classes, start=1):
        collected.add_class(name, f"{path}, label {number}")
    if content.with_attributes:
        collected.add_remark(f"{path}: attributes of boxes and tags are not used; the label is the class")
    reading.splits_said |= any(image.subset is not None for image in content.images)
    by_subset = _has_folders_of_subsets(path, content.images, reading.finder)
    for image in content.images:
        found = _photo_of(path, image, by_subset, reading.finder)
        photo = reading.photo(found, image.where)
        if photo is None:
            continue
        regions = []
        for kind, where, attributes in image.shapes:
            region = _region(path, kind, where, attributes, photo, reading)
            if region is not None:
                regions.append(region)
        split = split_named(image.subset or "")
        if image.subset and split is None and image.subset.strip().lower() != NO_SUBSET:
            one = f'1 photo of the subset "{image.subset[:60]}" gets no split: a split is train, val or test'
            reading.note(path, one, one.replace("1 photo", "{n} photos").replace("gets", "get"), photo, "remark")
        frame = reading.frame(*image.size, image.where)
        tags = tuple(tag for tag in image.tags if tag)
        if len(tags) < len(image.tags):
            collected.add_problem(image.where, "a tag has no label; it is skipped")
        reading.add(PhotoEntry(photo, image.where, tags, tuple(regions), frame, split))


def _places(path: str, image: _Image) -> tuple[str, str]:
    """Return where a photo lies without folders of subsets, and with them."""
    folder = path.rpartition("/")[0]
    top = f"{folder}/{IMAGES}" if folder else IMAGES
    name = image.name.replace("\\", "/")
    return f"{top}/{name}", f"{top}/{image.subset}/{name}"


def _has_folders_of_subsets(path: str, images: Sequence[_Image], finder: PhotoFinder) -> bool | None:
    """Return whether the photos lie in folders of their subsets; None where both may be or neither is."""
    places = [_places(path, image) for image in images if image.subset]
    plain = all(one in finder.index.paths for one, _ in places)
    by_subset = all(other in finder.index.paths for _, other in places)
    return None if plain == by_subset else by_subset


def _photo_of(path: str, image: _Image, by_subset: bool | None, finder: PhotoFinder) -> Found:
    """Return the photo of an image, in the folder of its subset if the file has these."""
    if not image.name:
        return Found(None, "it has no name")
    plain, in_subset = _places(path, image)
    here = [one for one in (plain, in_subset) if one in finder.index.paths and (image.subset or one == plain)]
    if len(here) == 2 and by_subset is None:
        return Found(None, could_be(image.name, here))
    if len(here) == 2:
        return Found(here[by_subset is True])
    return Found(here[0]) if here else finder.find(image.name, path)


def _region(
    path: str, kind: str, where: str, attributes: Mapping[str, str], photo: str, reading: ToolReading
) -> Region | None:
    """Return a shape as a region; None for one without a box, which is said."""
    if kind in _WITHOUT_BOX:
        reading.skipped(path, kind, photo, _WITHOUT_BOX[kind])
        return None
    if attributes.get("outside") == "1":
        one = "1 shape is marked as outside the photo and left out"
        many = "{n} shapes are marked as outside the photo and left out"
        reading.note(path, one, many, photo, "remark")
        return None
    label = (attributes.get("label") or "").strip()
    if kind == "box":
        numbers = numbers_of(attributes.get(corner) for corner in CORNERS)
        if numbers is None:
            return Region(label, tuple(attributes.get(corner, "") for corner in CORNERS), where)
        left, upper, right, bottom = numbers
        # Rounded, because 0.3 - 0.1 is not 0.2.
        sides: Sides | None = (left, upper, round(right - left, 9), round(bottom - upper, 9))
        turned = number_of(attributes.get("rotation", "0"))
        if turned is None:
            sides = None
        elif turned % 360 and sides is not None:
            sides = around_turned(sides, turned, (left + sides[2] / 2, upper + sides[3] / 2))
            reading.boxed(path, "turned box", photo, "turned boxes")
    else:
        sides = _around(kind, attributes)
        if sides is not None:
            reading.boxed(path, kind, photo)
    if sides is None:
        reading.collected.add_problem(where, "its numbers cannot be read, or its shape is not known; it is skipped")
        return None
    return Region(label, sides, where)


def _around(kind: str, attributes: Mapping[str, str]) -> Sides | None:
    """Return the box around a polygon, a mask or an ellipse; None for another shape, or for what is no number."""
    if kind == "polygon":
        pairs = [numbers_of(pair.split(",")) for pair in attributes.get("points", "").split(";")]
        points = [(pair[0], pair[1]) for pair in pairs if pair is not None and len(pair) == 2]
        return around(points) if len(points) == len(pairs) and len(points) >= 3 else None
    if kind == "mask":
        numbers = numbers_of(attributes.get(side) for side in ("left", "top", "width", "height"))
        return (numbers[0], numbers[1], numbers[2], numbers[3]) if numbers else None
    if kind == "ellipse":
        numbers = numbers_of(attributes.get(key, "0") for key in ("cx", "cy", "rx", "ry", "rotation"))
        if numbers is None:
            return None
        x, y, across, down, degrees = numbers
        return around_ellipse(x, y, across, down, math.radians(degrees))
    return None
