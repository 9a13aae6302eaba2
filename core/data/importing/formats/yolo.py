"""YOLO text: one line per box, its centre and size as fractions of the image (https://docs.ultralytics.com/datasets/detect).

``images/train/a.jpg`` has ``labels/train/a.txt``; the classes are in ``data.yaml``, ``classes.txt`` or ``obj.names``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import yaml

from core.data.importing.folder_layout import is_note_of_export, suffix_of
from core.data.importing.formats.exported_image import ExportedImage
from core.data.importing.formats.gathered_labels import (
    CollectedLabels,
    Files,
    ImageIndex,
    LabelCollector,
    note_unread,
)
from core.data.importing.formats.gathering.box_corners import ReadBox, settle_corners
from core.data.importing.formats.gathering.label_sources import settle_sources
from core.data.importing.formats.gathering.named_splits import SplitNames, known_split, mentions_split
from core.data.importing.formats.reading.yolo_classes import ClassList, ClassLists, ask_for_numbers, read_class_lists
from core.data.importing.formats.reading.yolo_files import LabelFiles, are_labels, find_label_files, photos_of
from core.data.importing.formats.reading.yolo_lines import (
    BOX,
    CONFIDENCE,
    MORE,
    OUTLINE,
    POINTS,
    LineRefused,
    parse_line,
    points_said,
)
from core.data.importing.formats.reading.yolo_long_lines import (
    BOXES,
    PIXEL_DIGITS,
    Lines,
    in_pixels,
    meaning_of_long_lines,
    photo_size,
)
from core.data.importing.formats.reading.yolo_splits import SplitsSaid
from core.data.tables.label_rows import BoxFrame
from core.data.tables.questions import SAMPLED, Asking, NobodyToAsk
from core.errors import LabelsError

DIGITS = 12  # of a fraction of the image, which restore a coordinate to PIXEL_DIGITS
NO_SPLIT = "default"

_OTHER_METADATA = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
_FEWEST_CORNERS = 3
_NOTES_OF_LABEL_STUDIO = "notes.json"


@dataclass
class _Noted:
    """What is said once for all lines, by the kind of line."""

    files: dict[str, list[str]] = field(default_factory=dict)  # kind -> the file of each line
    boxes: list[ReadBox] = field(default_factory=list)


def read(files: Files, unread: dict[str, str] | None = None, asking: Asking | None = None) -> CollectedLabels | None:
    """Read the YOLO files among these; None where there are none.

    ``unread`` gets lists of classes that cannot be read. Raises LabelsError where labels need one of these.
    """
    collected = LabelCollector(asking=asking or NobodyToAsk(), split_names=SplitNames(files))
    pictures = ImageIndex(files)
    try:
        lists: ClassLists | None = read_class_lists(files, collected)
    except LabelsError:
        # A file of that name may lie beside other kinds of data; without labels it is only not used.
        if any(suffix_of(path) == ".txt" and photos_of(path, pictures) for path in files):
            raise
        return None
    labels = find_label_files(files, pictures, collected)
    if lists is not None:
        lists.labels = {*labels.photos, *labels.unclear, *labels.orphans}
    if lists is not None and not lists.lists:
        if not _is_yolo(labels, files):
            note_unread(collected, {} if unread is None else unread)
            return None
        lists = _numbers(labels, lists, collected)
    if not labels.photos and not labels.unclear:
        return None
    collected.used |= {*labels.photos, *labels.unclear, *(path for path in files if _is_beside_labels(path))}
    for one in lists.lists if lists else []:
        collected.classes.update(dict.fromkeys(name for name in one.names if name and one.path))
    _read_labels(labels, lists, files, pictures, collected)
    return collected.finish("YOLO")


def _read_labels(
    labels: LabelFiles, lists: ClassLists | None, files: Files, pictures: ImageIndex, collected: LabelCollector
) -> None:
    """Add the photos and their boxes; ``lists`` is None where the labels are left out."""
    said = SplitsSaid(files, pictures, collected)
    settings = lists.settings if lists else {}
    for path, content in settings.items():
        said.add_settings(path, content)
    said.add_lists({*labels.photos, *labels.unclear, *labels.orphans})
    splits = said.splits()
    _remark_on_folders(splits, collected)
    for path in labels.orphans:
        collected.add_problem(path, "the photo of these labels is not among the files; they are skipped")
        collected.used.add(path)
    for path, several in labels.unclear.items():
        listed = " or ".join(several[:SAMPLED])
        collected.add_problem(path, f"it may belong to {listed}; it is skipped. Give the photos names of their own")
    noted = _Noted()
    points = points_said(settings.values())
    reading = meaning_of_long_lines(labels, lists, files, collected) if points is None else BOXES
    for path in labels.photos if lists is not None else ():
        file = labels.photos[path]
        collected.add_image(file, *_name_and_split(file, splits, collected))
        if any(labels.texts[path]):
            classes = lists.of(path, collected) if lists is not None else None
            if classes is not None:
                _read_one(path, file, labels, files, classes, Lines(points, reading), collected, noted)
    for kind, text in (
        (CONFIDENCE, "have a sixth number, which is read as a confidence and not used"),
        (POINTS, "have key points, which are not used"),
        (MORE, "have more numbers after the box, which are not used"),
        (OUTLINE, "are outlines or turned boxes; the box around each is used"),
    ):
        if found := noted.files.get(kind):
            lines = "1 line" if len(found) == 1 else f"{len(found):,} lines"
            words = text.replace("have", "has").replace("are outlines or turned boxes", "is an outline or a turned box")
            collected.add_remark_on(f"{lines} {words if len(found) == 1 else text}", set(found))
    settle_corners(collected, files, noted.boxes, "", centred=True, least=_FEWEST_CORNERS)
    settle_sources(collected, files)
    for file in sorted(pictures.paths - set(collected.rows)):
        collected.add_image(file, *_name_and_split(file, splits, collected))
    collected.add_guesses(pictures)


def write(pictures: Sequence[ExportedImage], classes: Sequence[str]) -> dict[str, bytes]:
    """Return one text file per image in ``labels``, and the classes in ``data.yaml``; images belong in ``images``."""
    number_of = {name: number for number, name in enumerate(classes)}
    written: dict[str, bytes] = {}
    for one in pictures:
        lines = []
        for box in one.boxes:
            # Rounded as they will be read again, so that a second export gives the same file.
            x, y, width, height = (round(side, PIXEL_DIGITS) for side in (box.x, box.y, box.width, box.height))
            fractions = (
                (x + width / 2) / one.width,
                (y + height / 2) / one.height,
                width / one.width,
                height / one.height,
            )
            cells = [str(number_of[box.label]), *(f"{fraction:.{DIGITS}f}" for fraction in fractions)]
            lines.append(" ".join(cells) + "\n")
        written[label_file(one)] = "".join(lines).encode()
    splits = [split for split in ("train", "val", "test") if any(one.split == split for one in pictures)]
    # Without "path" the folders are sought beside this file; "." would be the folder that somebody works in.
    settings = {**{split: f"images/{split}" for split in splits}, "names": dict(enumerate(classes))}
    written["data.yaml"] = yaml.safe_dump(settings, allow_unicode=True, sort_keys=False).encode()
    return written


def place_of(one: ExportedImage) -> str:
    """Return the path of an image below ``images``: in its split's folder, whose name no other image may use."""
    if one.split:
        return f"{one.split}/{one.name}"
    first = one.name.partition("/")[0]
    return f"{NO_SPLIT}/{one.name}" if mentions_split(first) else one.name


def label_file(one: ExportedImage) -> str:
    """Return the path of an image's text file."""
    return f"labels/{PurePosixPath(place_of(one)).with_suffix('.txt')}"


def _is_beside_labels(path: str) -> bool:
    """Return whether other tools write such a file beside YOLO labels, which says nothing about the photos."""
    return suffix_of(path) == ".cache" or PurePosixPath(path).name == _NOTES_OF_LABEL_STUDIO or is_note_of_export(path)


def _is_yolo(labels: LabelFiles, files: Files) -> bool:
    """Return whether text files beside photos are labels, although no list names their classes."""
    if any(PurePosixPath(path).name in _OTHER_METADATA for path in files):
        return False
    filled = [lines for lines in labels.texts.values() if any(lines)]
    return bool(filled) and all(are_labels(lines) for lines in filled)


def _numbers(labels: LabelFiles, lists: ClassLists, collected: LabelCollector) -> ClassLists | None:
    """Ask whether the numbers of classes may be their names; None where the labels are to be left out."""
    filled = [path for path, lines in labels.texts.items() if any(lines)]
    numbers = {parse_line(cells).number for path in filled for cells in labels.texts[path] if cells}
    found = ask_for_numbers(numbers, len(filled), filled[0], collected)
    if found is not None:
        found.settings = lists.settings
    return found


def _name_and_split(file: str, splits: dict[str, str], collected: LabelCollector) -> tuple[str, str | None]:
    """Return the image's name without ``images`` and the folder of its split, and its split.

    Files say the splits, else the folders do: ``images/train/a.jpg`` or ``train/images/a.jpg``; deeper folders belong
    to the name.
    """
    around, below, rest = f"/{file}".partition("/images/")
    rest = rest if below else file
    first, deeper, last = rest.partition("/")
    said = splits.get(file)
    folder = f"{around}{below}".strip("/") if below else ""
    top = f"{folder}/{first}".lstrip("/")
    name = last if last and (known_split(first) if said else collected.split_of(top, levels=1)) else rest
    place = (top if deeper else folder) if below else file.rpartition("/")[0]
    return name, said or collected.split_of(place)


def _remark_on_folders(splits: dict[str, str], collected: LabelCollector) -> None:
    """Say where a file of splits and the name of a photo's folder differ."""
    other = [file for file, split in splits.items() if known_split(file.rpartition("/")[0]) not in (None, split)]
    if other:
        photos = "1 photo is" if len(other) == 1 else f"{len(other):,} photos are"
        collected.add_remark_on(f"{photos} in another split than the name of the folder says, as listed", other)


def _read_one(
    path: str,
    file: str,
    labels: LabelFiles,
    files: Files,
    classes: ClassList,
    reading: Lines,
    collected: LabelCollector,
    noted: _Noted,
) -> None:
    """Add the boxes of one file of labels."""
    size = photo_size(file, files)
    if size is None:
        collected.add_problem(path, f"the size of {file} cannot be read, so its boxes are skipped")
        return
    collected.frames[file] = BoxFrame(relative=True)
    for number, cells in enumerate(labels.texts[path], start=1):
        where = f"{path}, line {number}"
        try:
            one = reading.parse(cells) if cells else None
        except LineRefused as error:
            collected.add_problem(where, f"{error}; it is skipped")
            continue
        if one is None:
            continue
        if not 0 <= one.number < len(classes.names):
            count = "1 class" if len(classes.names) == 1 else f"{len(classes.names)} classes"
            text = f"there is no class {one.number} in the list of {count}; it is skipped"
            collected.add_problem(where, text)
        elif not classes.names[one.number]:
            collected.add_problem(where, f"the class {one.number} has no name in {classes.path}; it is skipped")
        elif collected.add_box(file, classes.names[one.number], in_pixels(one, size), where, path):
            noted.files.setdefault(one.kind, []).append(path)
            if one.kind == BOX:
                noted.boxes.append(ReadBox(file, len(collected.objects[file]) - 1))
