"""YOLO text: one line per box, its centre and size as fractions of the image (https://docs.ultralytics.com/datasets/detect).

``images/train/a.jpg`` has ``labels/train/a.txt``; the classes are in ``data.yaml``, ``classes.txt`` or ``obj.names``.
"""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

import yaml

from core.data.importing.folder_layout import suffix_of
from core.data.importing.formats.exported_image import ExportedImage
from core.data.importing.formats.gathered_labels import (
    CollectedLabels,
    Files,
    ImageIndex,
    LabelCollector,
    check_labels,
    note_unread,
    split_of,
    text_of,
)
from core.data.importing.formats.image_size import size_of
from core.data.importing.formats.yaml_text import Node, YamlRefused, read_yaml_text
from core.data.tables.label_rows import Problem
from core.data.tables.names import LONGEST_NAME
from core.data.tables.questions import Asking, NobodyToAsk
from core.errors import ImageRefused, LabelsError

SETTINGS = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")
NAMES = ("classes.txt", "obj.names", "labels.txt")
DIGITS = 12  # of a fraction of the image ...
PIXEL_DIGITS = 6  # ... which restore a coordinate to a millionth of a pixel
NO_SPLIT = "default"


def read(files: Files, unread: dict[str, str] | None = None, asking: Asking | None = None) -> CollectedLabels | None:
    """Read the YOLO files among these; None where there are none, or no list of classes.

    ``unread`` gets lists of classes that cannot be read. Raises LabelsError where labels need one of these.
    """
    collected = LabelCollector(asking=asking or NobodyToAsk())
    pictures = ImageIndex(files)
    try:
        classes = _classes(files, collected)
    except LabelsError:
        # A file of that name may lie beside other kinds of data; without labels it is only not used.
        if any(suffix_of(path) == ".txt" and _picture_of(path, pictures) for path in files):
            raise
        return None
    if classes is None:
        note_unread(collected, {} if unread is None else unread)
        return None
    collected.classes.update(dict.fromkeys(classes))
    any_labels = False
    for path in sorted(path for path in files if suffix_of(path) == ".txt" and path not in collected.used):
        file = _picture_of(path, pictures)
        if file is None:
            continue
        any_labels = True
        collected.used.add(path)
        _read_one(path, file, files, classes, collected)
    if not any_labels:
        return None
    for file in sorted(pictures.paths - set(collected.rows)):
        collected.add_image(file, _shown(file), _split(file))
    return collected.finish("YOLO")


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
    settings = {"path": ".", **{split: f"images/{split}" for split in splits}, "names": dict(enumerate(classes))}
    written["data.yaml"] = yaml.safe_dump(settings, allow_unicode=True, sort_keys=False).encode()
    return written


def place_of(one: ExportedImage) -> str:
    """Return the path of an image below ``images``: in its split's folder, whose name no other image may use."""
    if one.split:
        return f"{one.split}/{one.name}"
    first = one.name.partition("/")[0]
    return f"{NO_SPLIT}/{one.name}" if split_of(first) else one.name


def label_file(one: ExportedImage) -> str:
    """Return the path of an image's text file."""
    return f"labels/{PurePosixPath(place_of(one)).with_suffix('.txt')}"


def _classes(files: Files, collected: LabelCollector) -> list[str] | None:
    """Return the classes in the order of their numbers from the first list that can be read; None where none is there.

    Raises LabelsError where there are lists, but none can be used.
    """
    refused: list[str] = []
    for path in sorted(files, key=lambda path: path.count("/")):
        name = PurePosixPath(path).name
        text = text_of(files[path], path, collected) if name in (*SETTINGS, *NAMES) else None
        if text is None:
            continue
        found: list[str] | None
        if name in NAMES:
            found = [line.strip() for line in text.splitlines() if line.strip()]
        else:
            try:
                found = _names_in(read_yaml_text(text), path)
            except YamlRefused as error:
                refused.append(f"{path} cannot be used, because {error}")
                continue
            if found is None:
                continue
        check_labels(len(found), path)
        if too_long := next((len(one) for one in found if len(one) > LONGEST_NAME), None):
            raise LabelsError(
                f"{path} has a class with a name of {too_long:,} characters; at most {LONGEST_NAME} are allowed. "
                "Shorten it."
            )
        collected.used.add(path)
        collected.problems += [Problem(None, f"{reason}; it is skipped") for reason in refused]
        return found
    if refused:
        raise LabelsError(f"{refused[0]}. Correct the file and import it again.")
    return None


def _names_in(settings: Node | None, path: str) -> list[str] | None:
    """Return the classes in a data.yaml; None where it lists none. Raises YamlRefused, or LabelsError for too many."""
    names = settings.get("names") if isinstance(settings, dict) else None
    if isinstance(names, list):
        names = {str(number): name for number, name in enumerate(names)}
    if not isinstance(names, dict):
        return None
    if not all(re.fullmatch("[0-9]{1,9}", number) for number in names):
        raise YamlRefused("the keys of its names are not whole numbers from 0")
    if not all(isinstance(name, str) for name in names.values()):
        raise YamlRefused("its names are not single texts")
    by_number = {int(number): name for number, name in names.items()}
    if len(by_number) < len(names):
        raise YamlRefused("two of its names have the same number")
    count = max(by_number, default=-1) + 1
    check_labels(count, path)
    return [by_number.get(number, str(number)) for number in range(count)]


def _picture_of(path: str, pictures: ImageIndex) -> str | None:
    """Return images/train/a.jpg for labels/train/a.txt, or the image beside it."""
    stem = path.removesuffix(".txt")
    places = [stem.replace("labels/", "images/", 1), stem, stem.replace("/labels/", "/images/", 1)]
    return next((pictures.without_suffix[one] for one in places if one in pictures.without_suffix), None)


def _shown(file: str) -> str:
    """Return the image's name without ``images`` and the folder of its split."""
    rest = file.partition("images/")[2] if "/images/" in f"/{file}" else file
    first, _, last = rest.partition("/")
    return last if last and split_of(first) else rest


def _split(file: str) -> str | None:
    """Return the split of ``images/train/a.jpg`` or ``train/images/a.jpg``; deeper folders belong to the name."""
    around, below, rest = f"/{file}".partition("/images/")
    if not below:
        return split_of(file.rpartition("/")[0])
    first, deeper, _ = rest.partition("/")
    return (split_of(first) if deeper else None) or split_of(around)


def _read_one(path: str, file: str, files: Files, classes: list[str], collected: LabelCollector) -> None:
    collected.add_image(file, _shown(file), _split(file))
    text = text_of(files[path], path, collected)
    lines = [line.split() for line in (text or "").splitlines()]
    if not any(lines):
        return
    size = _size_of(file, files)
    if size is None:
        collected.add_problem(path, f"the size of {file} cannot be read, so its boxes are skipped")
        return
    for number, cells in enumerate(lines, start=1):
        where = f"{path}, line {number}"
        if not cells:
            continue
        try:
            place, *fractions = int(cells[0]), *(float(cell) for cell in cells[1:])
        except ValueError:
            collected.add_problem(where, f'"{" ".join(cells)[:60]}" is not a class and four numbers; it is skipped')
            continue
        if len(fractions) != 4:
            collected.add_problem(where, f"{len(fractions)} numbers after the class instead of 4; it is skipped")
        elif not 0 <= place < len(classes):
            collected.add_problem(
                where, f"there is no class {place} in the list of {len(classes)} classes; it is skipped"
            )
        else:
            x, y, width, height = fractions
            sides = ((x - width / 2) * size[0], (y - height / 2) * size[1], width * size[0], height * size[1])
            collected.add_box(file, classes[place], [round(side, PIXEL_DIGITS) for side in sides], where)


def _size_of(file: str, files: Files) -> tuple[int, int] | None:
    try:
        return size_of(files[file]())
    except ImageRefused:
        return None
