"""Collect what a reader finds in a data set: rows with boxes, listed classes, and problems with their place."""

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from core.data.importing.folder_layout import is_picture, plain_path
from core.data.pictures.box import Box
from core.data.tables.label_rows import PIXELS, BoxFrame, LabelledBox, LabelRow, LabelTable, Problem, with_objects
from core.data.tables.labels_csv import split_named
from core.data.tables.names import LONGEST_NAME, check_class_count
from core.data.tables.questions import Asking, NobodyToAsk
from core.errors import DataError, ImageRefused, LabelsError

MAX_TEXT_BYTES = 128 * 2**20
"""The largest file of labels that is read: as text it may take four times that."""

MAX_PROBLEMS = 5_000
"""How many problems are listed one by one."""

LONGEST_NAME_OF_FILE = 1_000

LONGEST_PATH = 200
"""How much of a path in a file is shown."""

_SHOWN_PHOTOS = 3
_SHOWN_SIDES = 6

Files = Mapping[str, Callable[[], bytes]]
"""Relative paths with slashes, each with the function that reads the file."""


@dataclass(frozen=True)
class CollectedLabels:
    """The labels of a recognised data set."""

    kind: str  # "COCO", "Pascal VOC", ...
    table: LabelTable  # the file names are paths of images
    names: dict[str, str]  # path -> name without the folders that the format itself needs
    used: frozenset[str]  # the files that labels were read from
    classes: tuple[str, ...]  # all that the data set lists, used or not


@dataclass
class LabelCollector:
    """Collects rows while a reader goes through its files."""

    rows: dict[str, LabelRow] = field(default_factory=dict)
    objects: dict[str, list[LabelledBox]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    classes: dict[str, None] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    unlisted_problems: int = 0
    asking: Asking = field(default_factory=NobodyToAsk)
    frames: dict[str, BoxFrame] = field(default_factory=dict)  # path -> what the data set says of the photo's size

    def add_image(self, path: str, name: str, split: str | None, label: str | None = None) -> None:
        """Add an image that the data set lists."""
        if path not in self.rows:
            self.rows[path] = LabelRow(len(self.rows) + 1, path, label, split, None)
            # A name that leads out of its folder, or is no name of a file, is not kept.
            self.names[path] = (plain_path(name) if len(name) <= LONGEST_NAME_OF_FILE else None) or path

    def add_problem(self, where: str, text: str, path: str = "", marked: LabelledBox | None = None) -> None:
        """Add a problem; ``marked`` is the box of the image at ``path`` that is skipped because of it."""
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(None, f"{where}: {text}", path, marked))
        else:
            self.unlisted_problems += 1

    def add_remark(self, text: str) -> None:
        """Add a remark that nobody has to confirm."""
        self.problems.append(Problem(None, text, harmless=True))

    def add_class(self, value: object, where: str) -> str | None:
        """List a class and return its name; None, and a problem, for a value that cannot name a class."""
        name = class_text(value)
        if name is None or len(name) > LONGEST_NAME:
            self.add_problem(where, f"{wrong_name(value)}; the class is skipped")
            return None
        self.classes.setdefault(name)
        return name

    def add_unlabelled(
        self, paths: Collection[str], reason: str, name_of: Callable[[str], str] = lambda path: path
    ) -> None:
        """Add the photos among these that the data set does not list, without labels, and say so in one remark."""
        rest = sorted(path for path in paths if path not in self.rows)
        for path in rest:
            self.add_image(path, name_of(path), split_of(path.rpartition("/")[0]))
        if rest:
            one = len(rest) == 1
            who = "1 photo has" if one else f"{len(rest):,} photos have"
            shown = ", ".join(rest[:_SHOWN_PHOTOS]) + (", ..." if len(rest) > _SHOWN_PHOTOS else "")
            self.add_remark(f"{who} {reason} and {'is' if one else 'are'} imported without a label: {shown}")

    def add_box(self, path: str, label: str, sides: Sequence[object], where: str) -> None:
        """Add a box (x, y, width, height) of an image; an impossible one becomes a problem."""
        some = [*map(shown_value, sides[:_SHOWN_SIDES]), *(["..."] if len(sides) > _SHOWN_SIDES else [])]
        shown = f"the box ({', '.join(some)})"
        numbers = [_number(side) for side in sides]
        if len(numbers) != 4 or any(number is None or not math.isfinite(number) for number in numbers):
            self.add_problem(where, f"{shown} is not four numbers; it is skipped")
            return
        x, y, width, height = (number for number in numbers if number is not None)
        if width < 0 or height < 0:
            self.add_problem(
                where,
                f"{shown} has its corners swapped; it is skipped",
                path,
                LabelledBox(label, Box(x, y, width, height)),
            )
        elif width == 0 or height == 0:
            self.add_problem(
                where, f"{shown} has no area; it is skipped", path, LabelledBox(label, Box(x, y, width, height))
            )
        elif not label.strip():
            self.add_problem(where, f"{shown} has no class; it is skipped")
        else:
            self.objects.setdefault(path, []).append(LabelledBox(label, Box(x, y, width, height)))

    def finish(self, kind: str) -> CollectedLabels:
        """Return everything collected, as a data set of this kind. Raises LabelsError for too many classes."""
        found = {one.label for objects in self.objects.values() for one in objects}
        found |= {row.label for row in self.rows.values() if row.label is not None}
        check_labels(len(found.union(self.classes)), f"The data set ({kind})")
        if self.unlisted_problems:
            self.problems.append(Problem(None, f"{self.unlisted_problems:,} more problems are not listed"))
        rows = [with_objects(row, tuple(self.objects.get(path, ()))) for path, row in self.rows.items()]
        rows = [
            replace(row, line=line, frame=self.frames.get(row.filename, PIXELS))
            for line, row in enumerate(rows, start=1)
        ]
        times = Counter(self.names.values())
        kept = {path: path if times[name] > 1 else name for path, name in self.names.items()}
        table = LabelTable(tuple(rows), tuple(self.problems), ())
        return CollectedLabels(kind, table, kept, frozenset(self.used), tuple(self.classes))


class ImageIndex:
    """Finds images among the files by the name in an annotation."""

    def __init__(self, files: Collection[str]) -> None:
        self.paths = {path for path in files if is_picture(path)}
        self.without_suffix = {path.rpartition(".")[0]: path for path in sorted(self.paths)}
        self._by_name: dict[str, list[str]] = {}
        self._by_stem: dict[str, list[str]] = {}
        for path in sorted(self.paths):
            self._by_name.setdefault(PurePosixPath(path).name, []).append(path)
            self._by_stem.setdefault(PurePosixPath(path).stem, []).append(path)

    def find(self, name: str, near: str) -> str | None:
        """Return the image with that path or name; of several, the one whose folders are most like ``near``."""
        name = name.replace("\\", "/").lstrip("./")
        folder = near.rpartition("/")[0]
        own = f"{folder}/" if folder else ""
        # A path from the top comes last: "images/a.jpg" may be relative to a folder and lie deeper.
        for path in (f"{own}{name}", f"{own}images/{name}", f"images/{name}", name):
            if path in self.paths:
                return path
        same_name = self._by_name.get(PurePosixPath(name).name, [])
        ending = [path for path in same_name if path.endswith(f"/{name}")]
        return _nearest(ending or same_name, near)

    def find_by_stem(self, near: str) -> str | None:
        """Return the image with the name of an annotation file, except for the suffix."""
        return _nearest(self._by_stem.get(PurePosixPath(near).stem, []), near)


def _nearest(paths: Sequence[str], near: str) -> str | None:
    if len(paths) < 2:
        return paths[0] if paths else None
    words = set(near.split("/")[:-1])
    shared = {path: len(words.intersection(path.split("/")[:-1])) for path in paths}
    best = [path for path in paths if shared[path] == max(shared.values())]
    return best[0] if len(best) == 1 else None


def split_of(path: str) -> str | None:
    """Return train, val or test if the file name or a folder contains it: instances_train2017.json, valid/a.txt."""
    for part in reversed(path.split("/")):
        for word in re.findall("[a-z]+", part.lower()):
            if split := split_named(word):
                return split
    return None


def number_in(content: object, key: str) -> int | str | None:
    """Return the number or text under a key of untrusted JSON; None for anything else."""
    value = content.get(key) if isinstance(content, dict) else None
    return value if isinstance(value, (int, str)) else None


def note_unread(collected: LabelCollector, unread: dict[str, str]) -> None:
    """Note why files could not be read, for a reader that then recognises nothing: its problems are not listed."""
    for problem in collected.problems:
        path, colon, reason = problem.text.partition(": ")
        if colon:
            unread.setdefault(path, reason.removesuffix("; it is skipped"))


def class_text(value: object) -> str | None:
    """Return a class's name from an untrusted file, which is text or a whole number; None for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if isinstance(value, float) and not (value.is_integer() and abs(value) < 2**53):
        return None
    return str(int(value)) if abs(value) < 10**LONGEST_NAME else None


def wrong_name(value: object) -> str:
    """Say why a value cannot name a class."""
    if isinstance(value, str):
        return f"a name has {len(value):,} characters; at most {LONGEST_NAME} are allowed"
    return f"{shown_value(value)} is not a name: a name is text or a whole number"


def check_labels(count: int, source: str) -> None:
    """Raise LabelsError where a source of labels has more classes than a project may have."""
    try:
        check_class_count(count, source)
    except DataError as error:
        raise LabelsError(str(error)) from error


def shown_value(value: object) -> str:
    """Return a value of JSON in at most 60 characters, without turning all of it into text first."""
    if isinstance(value, (list, dict)):
        return "a list" if isinstance(value, list) else "a set of values"
    return str(value)[:60]


def text_of(read: Callable[[], bytes], path: str, collected: LabelCollector) -> str | None:
    """Return the file as text; None, and a problem, where it is not text or cannot be read.

    Raises LabelsError for a file of labels that is too large.
    """
    try:
        data = read()
        if len(data) > MAX_TEXT_BYTES:
            allowed = f"at most {MAX_TEXT_BYTES // 2**20} MB are allowed"
            raise LabelsError(f"{path} was not read: {allowed}. Split it into smaller files, or leave it out.")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        collected.add_problem(path, "it is not UTF-8 text; it is skipped")
    except ImageRefused as error:
        collected.add_problem(path, f"{error.reason}; it is skipped")
    return None


def format_number(number: float) -> str:
    """Return a number without needless digits: 81, 0.5."""
    return str(int(number)) if number == int(number) else repr(float(number))


def _number(side: object) -> float | None:
    if isinstance(side, bool) or not isinstance(side, (int, float, str)):
        return None
    try:
        return float(side)
    except (ValueError, OverflowError):
        return None
