"""Pascal VOC XML: one file per image (http://host.robots.ox.ac.uk/pascal/VOC/voc2012/htmldoc/index.html).

Splits are lists in ``ImageSets/Main``, with ``default.txt`` for images without one. The order of the classes is in
``labelmap.txt``. Both are as CVAT writes them.

The tools of the VOC challenges counted pixels from 1, and the right and lower edge belong to the box: the first pixel
alone is (1, 1, 1, 1). Every other tool counts from 0. The ``<source>`` of a file tells the two apart.
"""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from core.data.importing.folder_layout import suffix_of
from core.data.importing.formats.exported_image import ExportedImage
from core.data.importing.formats.gathered_labels import (
    CollectedLabels,
    Files,
    ImageIndex,
    LabelCollector,
    bytes_of,
    decoded,
    note_unread,
    shown_value,
    text_of,
)
from core.data.importing.formats.gathering.label_sources import settle_sources
from core.data.importing.formats.gathering.named_splits import SplitNames
from core.data.importing.formats.gathering.untrusted_values import format_number, number_of
from core.data.importing.formats.gathering.xml_text import XmlRefused, parse_xml
from core.data.importing.formats.reading.voc_photos import ROOTS, choose_photos
from core.data.importing.formats.reading.voc_splits import NO_SPLIT, ImageSets, read_image_sets
from core.data.importing.formats.reading.voc_xml import (
    CORNERS,
    Annotation,
    annotation_of,
    declared_encoding,
)
from core.data.tables.questions import Asking, NobodyToAsk
from core.errors import DataError

MASKS = ("SegmentationClass/", "SegmentationObject/")
MAX_XML_CHARACTERS = 2**22
LABELMAP_HEAD = "# label:color_rgb:parts:actions"

NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read(files: Files, unread: dict[str, str] | None = None, asking: Asking | None = None) -> CollectedLabels | None:
    """Read the VOC files among these; None where there are none. ``unread`` gets XML that cannot be read."""
    collected = LabelCollector(asking=asking or NobodyToAsk(), split_names=SplitNames(files))
    pictures = ImageIndex(files)
    splits = read_image_sets(files, collected)
    for path in files:
        if PurePosixPath(path).name == "labelmap.txt" and (text := text_of(files[path], path, collected)):
            collected.used.add(path)
            names = [line.rpartition(":::")[0] or line.split(":")[0] for line in text.splitlines() if line[:1] != "#"]
            collected.classes.update(dict.fromkeys(name for name in names if name and name != "background"))
    annotations = [
        found
        for path in sorted(path for path in files if suffix_of(path) == ".xml")
        if (found := _parsed(path, files, collected))
    ]
    if not annotations:
        note_unread(collected, {} if unread is None else unread)
        return None
    from_one = _counts_from_one(annotations, collected)
    photos = choose_photos(annotations, files, pictures, collected)
    outlined: dict[str, list[str]] = {}  # what boxes are around -> the files
    for one in annotations:
        if one.path in photos:
            _read_one(one, photos[one.path], splits, collected, outlined, first=1 if one.original and from_one else 0)
    for what, paths in outlined.items():
        boxes = "1 box is the one" if len(paths) == 1 else f"{len(paths):,} boxes are each the one"
        collected.add_remark_on(f"{boxes} around the {what} in the XML file", set(paths))
    settle_sources(collected, files)
    masks = {path for path in pictures.paths - set(collected.rows) if any(f"/{top}" in f"/{path}" for top in MASKS)}
    if masks:
        what = f"{len(masks):,} masks of objects are not photos and are"
        what = "1 mask of objects is not a photo and is" if len(masks) == 1 else what
        collected.add_remark(f"{what} left out, such as {min(masks)}")
        collected.used |= masks
    collected.add_guesses(pictures)
    collected.add_unlabelled(pictures.paths - masks, "no XML file", _shown)
    splits.report(collected)
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
    """Return the name by which other tools pair a photo and its XML file: without the suffix, whichever it is."""
    return str(PurePosixPath(name).with_suffix(""))


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


def _parsed(path: str, files: Files, collected: LabelCollector) -> Annotation | None:
    """Return the content of an XML file; None for one of another kind, and for one that cannot be read: a problem.

    Its declaration gives the encoding; without one, questions on the encoding count only for a VOC file.
    """
    trial = LabelCollector(asking=collected.asking.trial())
    data = bytes_of(files[path], path, collected)
    text = decoded(data, path, trial, declared_encoding(data)) if data is not None else None
    collected.problems += trial.problems
    if text is None:
        return None
    try:
        if len(text) > MAX_XML_CHARACTERS:
            raise XmlRefused(f"it has more than {MAX_XML_CHARACTERS:,} characters")
        root = parse_xml(text)
    except XmlRefused as error:
        collected.add_problem(path, f"{error}; it is skipped")
        collected.used.add(path)
        return None
    if root.tag != "annotation":
        return None
    collected.asking.adopt(trial.asking)
    collected.used.add(path)
    return annotation_of(path, root)


def _counts_from_one(annotations: Sequence[Annotation], collected: LabelCollector) -> bool:
    """Return whether files of the original tools count pixels from 1, and say so; a 0 among them shows otherwise."""
    originals = [one for one in annotations if one.original]
    smallest = [corner for one in originals for marked in one.objects for corner in marked.corners[:2]]
    if not smallest:
        return False
    files = "1 file comes" if len(originals) == 1 else f"{len(originals):,} files come"
    if any((number := number_of(corner)) is not None and number < 1 for corner in smallest):
        collected.add_remark(
            f"{files} from a VOC challenge, but a box begins at 0: pixels are counted from 0, as usual"
        )
        return False
    collected.add_remark(f"{files} from a VOC challenge, which counts pixels from 1: xmin and ymin are one less here")
    return True


def _shown(file: str) -> str:
    """Return the image's name without the folders that the format needs."""
    for top in ROOTS:
        if f"/{top}" in f"/{file}" and (shown := file.partition(top)[2]):
            return shown
    return file


def _read_one(
    one: Annotation,
    file: str,
    splits: ImageSets,
    collected: LabelCollector,
    outlined: dict[str, list[str]],
    first: int,
) -> None:
    """Add the image and the boxes of a file that calls its first pixel ``first``."""
    shown = _shown(file)
    split = splits.split_of(one.path, _stem(shown), shown.rpartition(".")[0], shown)
    folder = one.path.rpartition("/")[0] + "/"
    collected.add_image(file, shown, collected.split_of(folder) if split is None else split or None)
    collected.add_frame(file, *one.size, one.path)
    for number, marked in enumerate(one.objects, start=1):
        where = f"{one.path}, object {number}"
        corners = [number_of(corner) for corner in marked.corners]
        if marked.boxes > 1:
            collected.add_problem(where, f"it has {marked.boxes} boxes (bndbox) instead of one; it is skipped")
            continue
        known = [corner for corner in corners if corner is not None]
        if len(known) != 4:
            texts = ", ".join(map(shown_value, marked.corners))
            collected.add_problem(where, f"the box ({texts}) is not four numbers; it is skipped")
            continue
        # The last pixel of a box that counts from 1 has the number at which the box ends when counted from 0.
        left, upper = known[0] - first, known[1] - first
        sides = (left, upper, round(known[2] - left, 9), round(known[3] - upper, 9))
        if collected.add_box(file, marked.name, sides, where, one.path) and marked.around:
            outlined.setdefault(marked.around, []).append(one.path)
