"""VGG Image Annotator (VIA 1 and 2): project files, annotations as JSON and as CSV, all in pixels.

https://www.robots.ox.ac.uk/~vgg/software/via: regions have ``shape_attributes``, which are drawn, and
``region_attributes``, which people define: one of them is the class. Photos have ``file_attributes``. makesense writes
its polygons in the same form.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.data.importing.folder_layout import suffix_of
from core.data.importing.formats.gathered_labels import CollectedLabels, Files, class_text, shown_value, text_of
from core.data.importing.formats.tools.entries.class_attributes import choose_attribute
from core.data.importing.formats.tools.entries.json_documents import JsonDocuments
from core.data.importing.formats.tools.entries.outlines import Sides, around, around_ellipse, numbers_of
from core.data.importing.formats.tools.entries.photo_entries import PhotoEntry, Region, ToolReading
from core.data.importing.formats.tools.entries.settle_entries import finish
from core.data.importing.formats.tools.entries.table_heads import head_of
from core.data.importing.formats.tools.via_files import (
    AnnotatedPhoto,
    DrawnRegion,
    is_via,
    is_via_table,
    options_in_json,
    photos_in_json,
    photos_in_table,
)
from core.data.tables.names import class_key
from core.data.tables.questions import SAMPLED, Asking, Choice, NobodyToAsk, Question

KIND = "VIA"
ATTRIBUTE, OPTIONS = "via-attribute", "via-options"
"""The kinds of the questions which attribute is the class, and whether its ids or their descriptions are."""

IDS, DESCRIPTIONS = "ids", "descriptions"

FREE_TEXTS = frozenset(("caption", "public_domain", "image_url"))
"""The attributes of photos in every new project, none of which is a class."""

_SIDES = ("x", "y", "width", "height")
_LINES = ("polyline", "point", "line")
_Samples = dict[str, list[tuple[str, str]]]


@dataclass(frozen=True)
class _Classes:
    """The attributes that name the classes."""

    of_regions: str | None
    of_photos: str | None
    left_out: bool  # regions have attributes, and none of them counts: somebody has decided so, or is asked
    names: Mapping[str, Mapping[str, str]]  # of each file's options, where their descriptions are the classes


def read(
    files: Files,
    unread: dict[str, str] | None = None,
    asking: Asking | None = None,
    documents: JsonDocuments | None = None,
) -> CollectedLabels | None:
    """Read VIA's files among these; None where there are none. ``unread`` gets those that cannot be read."""
    documents = documents or JsonDocuments(files, {} if unread is None else unread, {KIND: is_via})
    reading = ToolReading(files, asking or NobodyToAsk())
    photos: list[AnnotatedPhoto] = []
    options: dict[str, dict[str, dict[str, str]]] = {}
    for path, content in documents.of(KIND).items():
        reading.collected.used.add(path)
        photos += photos_in_json(path, content, reading.collected)
        options[path] = options_in_json(content)
    for path in sorted(path for path in files if suffix_of(path) == ".csv"):
        if is_via_table(head_of(files, path)) and (text := text_of(files[path], path, reading.collected)) is not None:
            reading.collected.used.add(path)
            photos += photos_in_table(path, text, reading.collected)
    if not reading.collected.used:
        return None
    classes = _choose_classes(photos, options, reading)
    for photo in photos:
        place = reading.photo(reading.finder.find_address(photo.name, photo.file), photo.where)
        if place is not None:
            reading.add(_entry(photo, place, classes, reading))
    return finish(reading, KIND)


def _choose_classes(
    photos: list[AnnotatedPhoto], options: Mapping[str, Mapping[str, Mapping[str, str]]], reading: ToolReading
) -> _Classes:
    regions: _Samples = {}
    whole: _Samples = {}
    for photo in photos:
        _sample(whole, {key: one for key, one in photo.attributes.items() if key not in FREE_TEXTS}, photo.name)
        for region in photo.regions:
            _sample(regions, region.attributes, photo.name)
    of_regions = choose_attribute(regions, reading.collected, ATTRIBUTE, "the regions", "regions")
    doubtful = any(photo.regions for photo in photos)  # then it may be a remark on the photo
    of_photos = choose_attribute(whole, reading.collected, ATTRIBUTE, "the photos", "photos", doubtful)
    texts = _texts_of_files(photos, options, of_regions) if of_regions else {}
    names = _names_of_options(regions[of_regions], photos, texts, reading) if of_regions else {}
    return _Classes(of_regions, of_photos, of_regions is None and bool(regions), names)


def _texts_of_files(
    photos: list[AnnotatedPhoto], options: Mapping[str, Mapping[str, Mapping[str, str]]], attribute: str
) -> dict[str, dict[str, str]]:
    """Return the descriptions of an attribute's options for each file: its own, else those on which all files agree."""
    every: dict[str, set[str]] = {}
    for own in options.values():
        for key, text in own.get(attribute, {}).items():
            every.setdefault(key, set()).add(text)
    agreed = {key: next(iter(texts)) for key, texts in every.items() if len(texts) == 1}
    return {photo.file: {**agreed, **options.get(photo.file, {}).get(attribute, {})} for photo in photos}


def _names_of_options(
    sample: list[tuple[str, str]],
    photos: list[AnnotatedPhoto],
    texts: Mapping[str, Mapping[str, str]],
    reading: ToolReading,
) -> Mapping[str, Mapping[str, str]]:
    """Ask whether the ids of a menu's options are the classes or their descriptions; none where both say the same."""
    pairs = dict.fromkeys(pair for own in texts.values() for pair in own.items())
    if all(key.casefold() == text.casefold() for key, text in pairs):
        return {}
    file_of = {photo.name: photo.file for photo in photos}
    shown = ", ".join(f"{key} ({text})"[:60] for key, text in list(pairs)[:SAMPLED])
    text = f"The options of the class have descriptions: {shown}. Are the ids the classes, or the descriptions?"
    described = tuple((photo, texts[file_of[photo]].get(word, word)[:60]) for photo, word in sample)
    choices = (
        Choice(IDS, "Take the ids", tuple((photo, word[:60]) for photo, word in sample)),
        Choice(DESCRIPTIONS, "Take the descriptions", described),
    )
    question = Question(OPTIONS, text, choices, columns=("photo", "class"))
    return texts if reading.collected.asking.ask(question) == DESCRIPTIONS else {}


def _sample(values: _Samples, attributes: Mapping[str, Any], name: str) -> None:
    """Add the values of attributes to the first few of each."""
    for key, value in attributes.items():
        words = _words(value)
        if words and len(some := values.setdefault(key, [])) < SAMPLED:
            some.append((name, " and ".join(words)))


def _words(value: Any) -> list[str] | None:
    """Return the values of an attribute: one text, or the checked ones of a checkbox; None for what is no name."""
    if isinstance(value, dict):
        return [str(key) for key, on in value.items() if on is True]
    word = class_text(value)
    return None if word is None else [word] if word.strip() else []


def _entry(photo: AnnotatedPhoto, path: str, attributes: _Classes, reading: ToolReading) -> PhotoEntry:
    classes: list[str] | None = []
    if attributes.of_photos is not None:
        value = photo.attributes.get(attributes.of_photos, "")
        classes = _words(value)
        if classes is None:
            reading.collected.add_problem(photo.where, f"{shown_value(value)} is not a name; the photo has no class")
    regions = []
    for drawn in photo.regions if not attributes.left_out else ():
        label = _label(drawn, attributes.of_regions, reading)
        label = label and attributes.names.get(photo.file, {}).get(label, label)
        sides = _box(drawn, photo.file, path, reading) if label is not None else None
        if label is not None and sides is not None:
            regions.append(Region(label, sides, drawn.where))
    return PhotoEntry(path, photo.where, tuple(classes or ()), tuple(regions))


def _label(drawn: DrawnRegion, attribute: str | None, reading: ToolReading) -> str | None:
    """Return a region's class; None, and a problem, where it has none or several."""
    value = drawn.attributes.get(attribute, "") if attribute is not None else ""
    words = _words(value)
    if words is None:
        reading.collected.add_problem(drawn.where, f"{shown_value(value)} is not a name; the region is skipped")
    elif len({class_key(word) for word in words}) > 1:
        text = f"it has {len(words)} classes, {' and '.join(words)[:100]}; a region has one class, so it is skipped"
        reading.collected.add_problem(drawn.where, text)
    elif not words:
        reading.collected.add_problem(drawn.where, "it has no class; it is skipped")
    else:
        return words[0]
    return None


def _box(drawn: DrawnRegion, file: str, path: str, reading: ToolReading) -> tuple[object, ...] | None:
    """Return the box of a region; None, and a problem, where it has none."""
    shape = drawn.shape if isinstance(drawn.shape, dict) else {}
    kind = shape.get("name")
    if kind == "rect":
        return tuple(shape.get(side) for side in _SIDES)
    if kind in _LINES:
        reading.skipped(file, str(kind), path)
        return None
    sides = _sides(shape)
    if sides is None:
        text = f"its shape, {shown_value(kind)}, is not known or has no numbers; it is skipped"
        reading.collected.add_problem(drawn.where, text)
        return None
    reading.boxed(file, str(kind), path)
    return sides


def _sides(shape: Mapping[str, Any]) -> Sides | None:
    """Return the box around a circle, an ellipse or a polygon; None for another shape, or for what is no number."""
    kind = shape.get("name")
    if kind == "polygon":
        across, down = shape.get("all_points_x"), shape.get("all_points_y")
        if not isinstance(across, list) or not isinstance(down, list) or len(across) != len(down) or len(across) < 3:
            return None
        xs, ys = numbers_of(across), numbers_of(down)
        return around(list(zip(xs, ys, strict=True))) if xs is not None and ys is not None else None
    if kind == "circle":
        numbers = numbers_of(shape.get(key) for key in ("cx", "cy", "r"))
        return around_ellipse(numbers[0], numbers[1], numbers[2], numbers[2]) if numbers else None
    if kind == "ellipse":
        numbers = numbers_of([*(shape.get(key) for key in ("cx", "cy", "rx", "ry")), shape.get("theta", 0)])
        return around_ellipse(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]) if numbers else None
    return None
