"""Parse one Pascal VOC XML file of a stranger: its photo's name and size, and its objects with their boxes.

http://host.robots.ox.ac.uk/pascal/VOC/voc2012/htmldoc/index.html. Tools add polygons, and turned boxes as roLabelImg
writes them (``robndbox``: centre, size and angle in radians).
"""

import codecs
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from core.data.importing.formats.gathering.untrusted_values import number_of
from core.data.importing.formats.tools.entries.outlines import around, around_turned

CORNERS = ("xmin", "ymin", "xmax", "ymax")
TURNED = ("cx", "cy", "w", "h", "angle")
ORIGINAL = re.compile(r"(The )?(PASCAL )?VOC ?20\d\d( Database)?", re.IGNORECASE)
"""The <database> and <annotation> of the files of the VOC challenges."""

_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
# A declaration that can be read byte by byte is none of UTF-16, whatever it says; the others are no encodings of text.
_NO_ENCODINGS = re.compile("utf_?(16|32|7).*|ucs.*|idna|punycode|undefined|mbcs|oem|.*unicode_escape")

Corners = tuple[str, ...]
"""The texts of left, upper, right and lower edge; fewer where there is no box."""


@dataclass(frozen=True)
class VocObject:
    """One object of a photo."""

    name: str
    corners: Corners
    around: str = ""  # what the box is around: "outline", "turned box", or "" where it is as written
    boxes: int = 1


@dataclass(frozen=True)
class Annotation:
    """What is used of one XML file."""

    path: str
    filename: str
    original: bool  # its <source> is one of the VOC challenges
    size: tuple[str, str]  # the texts of width and height
    objects: list[VocObject]


def declared_encoding(data: bytes) -> str | None:
    """Return the encoding that an XML file says of itself; None where it says none that can be used."""
    if data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return None
    found = _DECLARED.match(data[:400])
    if not found:
        return None
    name = found.group(1).decode("ascii")
    if _NO_ENCODINGS.fullmatch(name.lower().replace("-", "_")):
        return None
    try:
        b"a".decode(name)
    except LookupError:  # also for codecs of something else than text
        return None
    except UnicodeDecodeError:
        pass
    return codecs.lookup(name).name


def annotation_of(path: str, root: Element) -> Annotation:
    """Return the content of an <annotation>."""
    objects = [_object(element) for element in root.findall("object")]
    source = [_text(root, f"source/{tag}") for tag in ("database", "annotation")]
    original = any(ORIGINAL.fullmatch(text) for text in source)
    size = (_text(root, "size/width"), _text(root, "size/height"))
    return Annotation(path, root.findtext("filename") or "", original, size, objects)


def _text(element: Element, tag: str) -> str:
    return (element.findtext(tag) or "").strip()


def _object(element: Element) -> VocObject:
    """Return an object; its parts have boxes of their own, which are not read."""
    name = _text(element, "name")
    place = element.find("bndbox")
    count = len(element.findall("bndbox"))
    if place is not None:
        return VocObject(name, tuple(_text(place, tag) for tag in CORNERS), boxes=count)
    turned, outline = element.find("robndbox"), element.find("polygon")
    if turned is not None:
        numbers = [number_of(_text(turned, tag)) for tag in TURNED]
        known = [number for number in numbers if number is not None]
        if len(known) == len(TURNED):
            x, y, width, height, angle = known
            sides = (x - width / 2, y - height / 2, width, height)
            return VocObject(name, _corners(around_turned(sides, math.degrees(angle), (x, y))), "turned box")
        return VocObject(name, tuple(_text(turned, tag) for tag in TURNED))
    points = _points(outline) if outline is not None else None
    if points:
        return VocObject(name, _corners(around(points)), "outline")
    return VocObject(name, ())


def _points(outline: Element) -> list[tuple[float, float]] | None:
    """Return the points of a polygon, of <pt><x/><y/></pt> or <x1/><y1/><x2/><y2/>; None where one is bad."""
    listed = outline.findall("pt") or outline.findall("point")
    if listed:
        texts = [(_text(one, "x"), _text(one, "y")) for one in listed]
    else:
        by_tag = {child.tag: (child.text or "").strip() for child in outline}
        count = sum(bool(re.fullmatch("x[0-9]+", tag)) for tag in by_tag)
        texts = [(by_tag.get(f"x{number}", ""), by_tag.get(f"y{number}", "")) for number in range(1, count + 1)]
    points = [
        (x, y) for one, other in texts if (x := number_of(one)) is not None and (y := number_of(other)) is not None
    ]
    return points if len(points) == len(texts) >= 3 else None


def _corners(sides: Sequence[float]) -> Corners:
    x, y, width, height = sides
    return tuple(repr(round(number, 9)) for number in (x, y, x + width, y + height))
