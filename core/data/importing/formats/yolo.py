"""YOLO text: one line a box, its center and size as shares of the picture (https://docs.ultralytics.com/datasets/detect).

``images/train/a.jpg`` has ``labels/train/a.txt``; the classes stand in ``data.yaml``, ``classes.txt`` or ``obj.names``.
"""

from collections.abc import Sequence
from pathlib import PurePosixPath

import yaml

from core.data.importing.folder_layout import suffix_of
from core.data.importing.formats.exported_picture import ExportedPicture
from core.data.importing.formats.gathered_labels import (
    Files,
    GatheredLabels,
    LabelGatherer,
    PictureIndex,
    split_of,
    text_of,
)
from core.data.importing.formats.picture_size import size_of
from core.errors import ImageRefused

SETTINGS = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")
NAMES = ("classes.txt", "obj.names", "labels.txt")
SETTINGS_BYTES, MOST_CLASSES = 2**20, 100_000
DIGITS = 12  # of a share of the picture ...
PIXEL_DIGITS = 6  # ... which bring back a pixel's coordinate to a millionth
NO_SPLIT = "default"


def read(files: Files) -> GatheredLabels | None:
    """What the YOLO files among these say; None where there are none: a list of classes is needed."""
    gathered = LabelGatherer()
    pictures = PictureIndex(files)
    classes = _classes(files, gathered)
    if classes is None:
        return None
    gathered.classes.update(dict.fromkeys(classes))
    some = False
    for path in sorted(path for path in files if suffix_of(path) == ".txt" and path not in gathered.used):
        file = _picture_of(path, pictures)
        if file is None:
            continue
        some = True
        gathered.used.add(path)
        _read_one(path, file, files, classes, gathered)
    if not some:
        return None
    for file in sorted(pictures.paths - set(gathered.rows)):
        gathered.image(file, _shown(file), _split(file))
    return gathered.found("YOLO")


def write(pictures: Sequence[ExportedPicture], classes: Sequence[str]) -> dict[str, bytes]:
    """One text file a picture in ``labels``, the classes in ``data.yaml``; the pictures lie in ``images``."""
    number_of = {name: number for number, name in enumerate(classes)}
    answer: dict[str, bytes] = {}
    for one in pictures:
        lines = []
        for box in one.boxes:
            # First as they will be read again: so a second export is the same file.
            x, y, width, height = (round(side, PIXEL_DIGITS) for side in (box.x, box.y, box.width, box.height))
            shares = (
                (x + width / 2) / one.width,
                (y + height / 2) / one.height,
                width / one.width,
                height / one.height,
            )
            lines.append(" ".join([str(number_of[box.label]), *(f"{share:.{DIGITS}f}" for share in shares)]) + "\n")
        answer[label_file(one)] = "".join(lines).encode()
    splits = [split for split in ("train", "val", "test") if any(one.split == split for one in pictures)]
    settings = {"path": ".", **{split: f"images/{split}" for split in splits}, "names": dict(enumerate(classes))}
    answer["data.yaml"] = yaml.safe_dump(settings, allow_unicode=True, sort_keys=False).encode()
    return answer


def place_of(one: ExportedPicture) -> str:
    """Where a picture lies below ``images``: in the folder of its split, so that none else may be called so."""
    if one.split:
        return f"{one.split}/{one.name}"
    first = one.name.partition("/")[0]
    return f"{NO_SPLIT}/{one.name}" if split_of(first) else one.name


def label_file(one: ExportedPicture) -> str:
    """The text file of a picture."""
    return f"labels/{PurePosixPath(place_of(one)).with_suffix('.txt')}"


def _classes(files: Files, gathered: LabelGatherer) -> list[str] | None:
    for path in sorted(files, key=lambda path: path.count("/")):
        name = PurePosixPath(path).name
        text = text_of(files[path], path, gathered) if name in (*SETTINGS, *NAMES) else None
        if text is None:
            continue
        if name in NAMES:
            gathered.used.add(path)
            return [line.strip() for line in text.splitlines() if line.strip()]
        try:
            settings = yaml.safe_load(text[:SETTINGS_BYTES])
        except (yaml.YAMLError, RecursionError):
            gathered.say(path, "it is no YAML; it is left out")
            continue
        names = settings.get("names") if isinstance(settings, dict) else None
        if isinstance(names, list):
            names = dict(enumerate(names))
        if isinstance(names, dict) and all(isinstance(one, int) and 0 <= one < MOST_CLASSES for one in names):
            gathered.used.add(path)
            return [str(names.get(number, number)) for number in range(max(names, default=-1) + 1)]
    return None


def _picture_of(path: str, pictures: PictureIndex) -> str | None:
    """labels/train/a.txt belongs to images/train/a.jpg, or the picture lies beside it."""
    stem = path.removesuffix(".txt")
    places = [stem.replace("labels/", "images/", 1), stem, stem.replace("/labels/", "/images/", 1)]
    return next((pictures.without_suffix[one] for one in places if one in pictures.without_suffix), None)


def _shown(file: str) -> str:
    """The picture's name without ``images`` and the folder of its split."""
    rest = file.partition("images/")[2] if "/images/" in f"/{file}" else file
    first, _, last = rest.partition("/")
    return last if last and split_of(first) else rest


def _split(file: str) -> str | None:
    """``images/train/a.jpg`` or ``train/images/a.jpg``; folders further below are the picture's own."""
    around, below, rest = f"/{file}".partition("/images/")
    if not below:
        return split_of(file.rpartition("/")[0])
    first, deeper, _ = rest.partition("/")
    return (split_of(first) if deeper else None) or split_of(around)


def _read_one(path: str, file: str, files: Files, classes: list[str], gathered: LabelGatherer) -> None:
    gathered.image(file, _shown(file), _split(file))
    text = text_of(files[path], path, gathered)
    lines = [line.split() for line in (text or "").splitlines()]
    if not any(lines):
        return
    size = _size_of(file, files)
    if size is None:
        gathered.say(path, f"the size of {file} cannot be read, so its boxes are left out")
        return
    for number, cells in enumerate(lines, start=1):
        where = f"{path}, line {number}"
        if not cells:
            continue
        try:
            place, *shares = int(cells[0]), *(float(cell) for cell in cells[1:])
        except ValueError:
            gathered.say(where, f'"{" ".join(cells)[:60]}" is not a class and four numbers; it is left out')
            continue
        if len(shares) != 4:
            gathered.say(where, f"{len(shares)} numbers after the class instead of 4; it is left out")
        elif not 0 <= place < len(classes):
            gathered.say(where, f"there is no class {place} in the list of {len(classes)}; it is left out")
        else:
            x, y, width, height = shares
            sides = ((x - width / 2) * size[0], (y - height / 2) * size[1], width * size[0], height * size[1])
            gathered.box(file, classes[place], [round(side, PIXEL_DIGITS) for side in sides], where)


def _size_of(file: str, files: Files) -> tuple[int, int] | None:
    try:
        return size_of(files[file]())
    except ImageRefused:
        return None
