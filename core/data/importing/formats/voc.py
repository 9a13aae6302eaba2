"""Pascal VOC XML: one file per image (http://host.robots.ox.ac.uk/pascal/VOC/voc2012/htmldoc/index.html).

Splits are lists in ``ImageSets/Main``, with ``default.txt`` for images without one. The order of the classes is in
``labelmap.txt``. Both are as CVAT writes them.

The tools of the VOC challenges counted pixels from 1, and the right and lower edge belong to the box: the first pixel
alone is (1, 1, 1, 1). Every other tool counts from 0. The ``<source>`` of a file tells the two apart.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from xml.etree.ElementTree import Element, ParseError, SubElement, indent, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from core.data.importing.folder_layout import suffix_of
from core.data.importing.formats.exported_image import ExportedImage
from core.data.importing.formats.gathered_labels import (
    LONGEST_PATH,
    CollectedLabels,
    Files,
    ImageIndex,
    LabelCollector,
    format_number,
    note_unread,
    shown_value,
    split_of,
    text_of,
)
from core.data.tables.labels_csv import split_named
from core.data.tables.questions import Asking, NobodyToAsk
from core.errors import DataError

CORNERS = ("xmin", "ymin", "xmax", "ymax")
ROOTS = ("JPEGImages/", "images/")
MASKS = ("SegmentationClass/", "SegmentationObject/")
MAX_XML_CHARACTERS = 2**22
LABELMAP_HEAD = "# label:color_rgb:parts:actions"
NO_SPLIT = "default"
ORIGINAL = re.compile(r"(The )?(PASCAL )?VOC ?20\d\d( Database)?", re.IGNORECASE)
"""The <database> and <annotation> of the files of the VOC challenges."""

NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read(files: Files, unread: dict[str, str] | None = None, asking: Asking | None = None) -> CollectedLabels | None:
    """Read the VOC files among these; None where there are none. ``unread`` gets XML that cannot be read."""
    collected = LabelCollector(asking=asking or NobodyToAsk())
    pictures = ImageIndex(files)
    splits = _splits(files, collected)
    for path in files:
        if PurePosixPath(path).name == "labelmap.txt" and (text := text_of(files[path], path, collected)):
            collected.used.add(path)
            names = [line.rpartition(":::")[0] or line.split(":")[0] for line in text.splitlines() if line[:1] != "#"]
            collected.classes.update(dict.fromkeys(name for name in names if name and name != "background"))
    annotations: list[_Annotation] = []
    for path in sorted(path for path in files if suffix_of(path) == ".xml"):
        text = text_of(files[path], path, collected)
        if text is None:
            continue
        if len(text) > MAX_XML_CHARACTERS:
            collected.add_problem(path, f"it has more than {MAX_XML_CHARACTERS:,} characters; it is skipped")
            collected.used.add(path)
            continue
        try:
            root = fromstring(text, forbid_dtd=True)
        except ParseError as error:
            collected.add_problem(path, f"it is not XML ({error}); it is skipped")
            collected.used.add(path)
            continue
        except DefusedXmlException:
            collected.add_problem(path, "it declares XML entities, which are not safe to read; it is skipped")
            collected.used.add(path)
            continue
        if root.tag == "annotation":
            collected.used.add(path)
            annotations.append(_annotation(path, root))
    if not annotations:
        note_unread(collected, {} if unread is None else unread)
        return None
    from_one = _counts_from_one(annotations, collected)
    for one in annotations:
        _read_one(one, pictures, splits, collected, first=1 if one.original and from_one else 0)
    masks = {path for path in pictures.paths - set(collected.rows) if any(f"/{top}" in f"/{path}" for top in MASKS)}
    if masks:
        what = f"{len(masks):,} masks of objects are not photos and are"
        what = "1 mask of objects is not a photo and is" if len(masks) == 1 else what
        collected.add_remark(f"{what} left out, such as {min(masks)}")
        collected.used |= masks
    collected.add_unlabelled(pictures.paths - masks, "no XML file", _shown)
    return collected.finish("Pascal VOC")


def write(pictures: Sequence[ExportedImage], classes: Sequence[str]) -> dict[str, bytes]:
    """Return one XML file per image in ``Annotations``; the images belong in ``JPEGImages``."""
    for name in classes:
        if NOT_IN_XML.search(name):
            raise DataError(
                f"The class {name!r} has a character that XML cannot hold. Rename it, or use another format."
            )
    written = {label_file(one): _xml(one) for one in pictures}
    for split in dict.fromkeys(one.split for one in pictures):
        names = [_stem(one.name) for one in pictures if one.split == split]
        written[f"ImageSets/Main/{split or NO_SPLIT}.txt"] = "".join(f"{name}\n" for name in names).encode()
    lines = [LABELMAP_HEAD, *(f"{name}:::" for name in classes)]
    written["labelmap.txt"] = "".join(f"{line}\n" for line in lines).encode()
    return written


def label_file(one: ExportedImage) -> str:
    """Return the path of an image's XML file."""
    return f"Annotations/{_stem(one.name)}.xml"


def _stem(name: str) -> str:
    # Other suffixes stay: a.jpg and a.png may both exist, and each needs its own file.
    return name if PurePosixPath(name).suffix.lower() not in (".jpg", ".jpeg") else name.rpartition(".")[0]


def _xml(one: ExportedImage) -> bytes:
    root = Element("annotation")
    SubElement(root, "folder").text = "JPEGImages"
    SubElement(root, "filename").text = one.name
    size = SubElement(root, "size")
    for tag, value in (("width", one.width), ("height", one.height), ("depth", 3)):
        SubElement(size, tag).text = str(value)
    SubElement(root, "segmented").text = "0"
    for box in one.boxes:
        element = SubElement(root, "object")
        for tag, text in (("name", box.label), ("pose", "Unspecified"), ("truncated", "0"), ("difficult", "0")):
            SubElement(element, tag).text = text
        place = SubElement(element, "bndbox")
        corners = (box.x, box.y, box.x + box.width, box.y + box.height)
        for tag, corner in zip(CORNERS, corners, strict=True):
            SubElement(place, tag).text = format_number(round(corner, 9))
    indent(root)
    return tostring(root, encoding="utf-8")


def _splits(files: Files, collected: LabelCollector) -> dict[str, str]:
    """Return the split of each image name without suffix, from the lists in ImageSets/Main; "" for no split."""
    splits: dict[str, str] = {}
    for path in sorted(files):
        name = PurePosixPath(path).stem
        split = split_named(name)
        if "ImageSets/" in f"/{path}" and suffix_of(path) == ".txt":
            collected.used.add(path)
            text = text_of(files[path], path, collected) if split or name == NO_SPLIT else None
            for line in (text or "").splitlines():
                splits[line.strip()] = split or ""
    return splits


@dataclass(frozen=True)
class _Annotation:
    """What is used of one XML file."""

    path: str
    filename: str
    original: bool  # its <source> is one of the VOC challenges
    objects: list[tuple[str, list[str]]]  # the name of each, and the texts of its corners


def _annotation(path: str, root: Element) -> _Annotation:
    objects = []
    for element in root.findall("object"):
        place = element.find("bndbox")
        corners = [(place.findtext(tag) or "").strip() for tag in CORNERS] if place is not None else []
        objects.append(((element.findtext("name") or "").strip(), corners))
    source = [(root.findtext(f"source/{tag}") or "").strip() for tag in ("database", "annotation")]
    original = any(ORIGINAL.fullmatch(text) for text in source)
    return _Annotation(path, root.findtext("filename") or "", original, objects)


def _counts_from_one(annotations: Sequence[_Annotation], collected: LabelCollector) -> bool:
    """Return whether files of the original tools count pixels from 1, and say so; a 0 among them shows otherwise."""
    originals = [one for one in annotations if one.original]
    smallest = [corner for one in originals for _, corners in one.objects for corner in corners[:2]]
    if not smallest:
        return False
    files = "1 file comes" if len(originals) == 1 else f"{len(originals):,} files come"
    if any(_below_one(corner) for corner in smallest):
        collected.add_remark(
            f"{files} from a VOC challenge, but a box begins at 0: pixels are counted from 0, as usual"
        )
        return False
    collected.add_remark(f"{files} from a VOC challenge, which counts pixels from 1: xmin and ymin are one less here")
    return True


def _below_one(corner: str) -> bool:
    try:
        return float(corner) < 1
    except ValueError:
        return False


def _picture_of(path: str, name: str, pictures: ImageIndex) -> str | None:
    """Return the image of that name in the folder beside Annotations, else anywhere."""
    around, beside, _ = path.rpartition("Annotations/")
    places = [f"{around}{top}{name}" for top in ROOTS] if beside else []
    return next((one for one in places if one in pictures.paths), None) or (pictures.find(name, path) if name else None)


def _shown(file: str) -> str:
    """Return the image's name without the folders that the format needs."""
    for top in ROOTS:
        if f"/{top}" in f"/{file}" and (shown := file.partition(top)[2]):
            return shown
    return file


def _read_one(
    one: _Annotation, pictures: ImageIndex, splits: dict[str, str], collected: LabelCollector, first: int
) -> None:
    """Add the image and the boxes of a file that calls its first pixel ``first``."""
    path, full_name = one.path, one.filename
    name = full_name.strip()
    file = _picture_of(path, full_name, pictures) or _picture_of(path, name, pictures) or pictures.find_by_stem(path)
    if file is None:
        collected.add_problem(path, f"its photo {name[:LONGEST_PATH] or 'has no name and'} is not among the files")
        return
    shown = _shown(file)
    names = (_stem(shown), shown.rpartition(".")[0])
    split = next((splits[name.strip()] for name in names if name.strip() in splits), None)
    collected.add_image(file, shown, split_of(path.rpartition("/")[0] + "/") if split is None else split or None)
    for number, (label, corners) in enumerate(one.objects, start=1):
        where = f"{path}, object {number}"
        try:
            left, upper, right, bottom = (float(corner) for corner in corners)
        except ValueError:
            texts = ", ".join(map(shown_value, corners))
            collected.add_problem(where, f"the box ({texts}) is not four numbers; it is skipped")
            continue
        # The last pixel of a box that counts from 1 has the number at which the box ends when counted from 0.
        left, upper = left - first, upper - first
        sides = (left, upper, round(right - left, 9), round(bottom - upper, 9))
        collected.add_box(file, label, sides, where)
