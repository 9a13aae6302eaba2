"""Collect what a reader finds in a data set: rows with boxes, listed classes, and problems with their place."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from core.data.importing.folder_layout import plain_path
from core.data.importing.formats.gathering.image_index import ImageIndex
from core.data.importing.formats.gathering.label_text import NotText, decode_labels
from core.data.importing.formats.gathering.named_splits import SplitNames
from core.data.importing.formats.gathering.untrusted_values import (
    class_text,
    format_number,
    number_of,
    shown_value,
    size_said,
    wrong_name,
)
from core.data.pictures.box import Box
from core.data.tables.label_rows import PIXELS, BoxFrame, LabelledBox, LabelRow, LabelTable, Problem, with_objects
from core.data.tables.labels_csv import STRICTEST_FIRST
from core.data.tables.names import LONGEST_NAME, check_class_count
from core.data.tables.questions import Asking, NobodyToAsk
from core.errors import DataError, ImageRefused, LabelsError, QuestionsOpen

__all__ = [
    "LONGEST_NAME_OF_FILE",
    "LONGEST_PATH",
    "MAX_PROBLEMS",
    "MAX_TEXT_BYTES",
    "CollectedLabels",
    "Files",
    "ImageIndex",
    "LabelCollector",
    "bytes_of",
    "check_labels",
    "class_text",
    "decoded",
    "distinct_names",
    "format_number",
    "note_unread",
    "shown_value",
    "text_of",
    "wrong_name",
]

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
    sources: dict[str, list[str]] = field(default_factory=dict)  # path -> the source of each of its boxes
    names: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    classes: dict[str, None] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    unlisted_problems: int = 0
    asking: Asking = field(default_factory=NobodyToAsk)
    frames: dict[str, BoxFrame] = field(default_factory=dict)  # path -> what the data set says of the photo's size
    opinions: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)  # path -> (annotator, class)
    two_labels: set[str] = field(default_factory=set)  # paths with different labels, of which none is used
    split_names: SplitNames = field(default_factory=SplitNames)
    two_sizes: set[str] = field(default_factory=set)  # paths with different sizes, whose boxes are not used

    def add_image(self, path: str, name: str, split: str | None, label: str | None = None) -> None:
        """Add an image that the data set lists; a second entry for it may add what the first does not say."""
        if path in self.rows:
            self.rows[path] = self._joined(self.rows[path], split, label)
            return
        self.rows[path] = LabelRow(len(self.rows) + 1, path, label, split, None)
        # A name that leads out of its folder, or is no name of a file, is not kept.
        self.names[path] = (plain_path(name) if len(name) <= LONGEST_NAME_OF_FILE else None) or path

    def _joined(self, row: LabelRow, split: str | None, label: str | None) -> LabelRow:
        """Return the row of a photo that stands in the labels once more; what contradicts it is a problem."""
        path = row.filename
        if split and row.split and split != row.split:
            strictest = next(one for one in STRICTEST_FIRST if one in (split, row.split))
            text = f"it is in {row.split} and in {split}; it is imported in {strictest}"
            self.add_problem(path, f"{text}, because a photo must not be in several splits")
            split = strictest
        if label is not None and row.label not in (None, label):
            names = f'"{shown_value(row.label)}" and "{shown_value(label)}"'
            self.add_problem(path, f"it has two labels, {names}; neither is used")
            self.two_labels.add(path)
        usable = None if path in self.two_labels else row.label or label
        return replace(row, split=split or row.split, label=usable)

    def add_frame(self, path: str, width: object, height: object, where: str) -> None:
        """Note the size in pixels that the data set says of an image; what is no size is a problem."""
        try:
            size = size_said(width, height)
        except ValueError:
            text = f"the size {shown_value(width)} × {shown_value(height)} is not that of a photo; it is not used"
            self.add_problem(where, text)
            return
        before = self.frames.get(path)
        if size is None or size == (before and before.size):
            return
        if before is None or before.size is None:
            self.frames[path] = replace(before or PIXELS, size=size)
        elif path not in self.two_sizes:
            self.two_sizes.add(path)
            sizes = " and ".join(f"{across} × {down}" for across, down in (before.size, size))
            self.add_problem(where, f"the labels say two sizes of {path}, {sizes} pixels; its boxes are skipped")

    def add_problem(self, where: str, text: str, path: str = "", marked: LabelledBox | None = None) -> None:
        """Add a problem; ``marked`` is the box of the image at ``path`` that is skipped because of it."""
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(None, f"{where}: {text}", path, marked))
        else:
            self.unlisted_problems += 1

    def add_remark(self, text: str) -> None:
        """Add a remark that nobody has to confirm."""
        self.problems.append(Problem(None, text, harmless=True))

    def split_of(self, path: str, levels: int | None = None) -> str | None:
        """Return the split that the name of a file or folder says, as ``SplitNames``; what is unclear is asked."""
        return self.split_names.of(path, self.asking, self.add_remark, levels)

    def add_remark_on(self, text: str, paths: Collection[str]) -> None:
        """Add a remark with the first of the files or photos that it is about."""
        shown = sorted(paths)[:_SHOWN_PHOTOS]
        self.add_remark(f"{text}: {', '.join(shown)}" + (", ..." if len(paths) > _SHOWN_PHOTOS else ""))

    def add_guesses(self, pictures: ImageIndex) -> None:
        """Say which names of photos were not taken literally."""
        self.problems += [Problem(None, text, harmless=harmless) for text, harmless in pictures.remarks()]

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
            self.add_image(path, name_of(path), self.split_of(path.rpartition("/")[0]))
        if rest:
            one = len(rest) == 1
            who = "1 photo has" if one else f"{len(rest):,} photos have"
            self.add_remark_on(f"{who} {reason} and {'is' if one else 'are'} imported without a label", rest)

    def add_box(self, path: str, label: str, sides: Sequence[object], where: str, source: str = "") -> bool:
        """Add a box (x, y, width, height) of an image and return True; an impossible one becomes a problem.

        ``source`` is the file or entry that gives the photo's boxes: two of them may give the same ones.
        """
        some = [*map(shown_value, sides[:_SHOWN_SIDES]), *(["..."] if len(sides) > _SHOWN_SIDES else [])]
        shown = f"the box ({', '.join(some)})"
        numbers = [number for side in sides[:_SHOWN_SIDES] if (number := number_of(side)) is not None]
        if len(sides) != 4 or len(numbers) != 4:
            self.add_problem(where, f"{shown} is not four numbers; it is skipped")
            return False
        x, y, width, height = numbers
        if width <= 0 or height <= 0:
            reason = "has its corners swapped" if width < 0 or height < 0 else "has no area"
            marked = LabelledBox(label, Box(x, y, width, height))
            self.add_problem(where, f"{shown} {reason}; it is skipped", path, marked)
            return False
        if not label.strip():
            self.add_problem(where, f"{shown} has no class; it is skipped")
            return False
        self.objects.setdefault(path, []).append(LabelledBox(label, Box(x, y, width, height)))
        self.sources.setdefault(path, []).append(source)
        return True

    def finish(self, kind: str) -> CollectedLabels:
        """Return everything collected, as a data set of this kind. Raises LabelsError for too many classes."""
        found = {one.label for objects in self.objects.values() for one in objects}
        found |= {row.label for row in self.rows.values() if row.label is not None}
        check_labels(len(found.union(self.classes)), f"The data set ({kind})")
        if self.unlisted_problems:
            count = self.unlisted_problems
            more = "1 more problem is" if count == 1 else f"{count:,} more problems are"
            self.problems.append(Problem(None, f"{more} not listed"))
        boxes = {path: () if path in self.two_sizes else tuple(self.objects.get(path, ())) for path in self.rows}
        rows = [with_objects(row, boxes[path]) for path, row in self.rows.items()]
        rows = [
            replace(
                row,
                line=line,
                frame=self.frames.get(row.filename, PIXELS),
                opinions=self.opinions.get(row.filename, ()),
            )
            for line, row in enumerate(rows, start=1)
        ]
        table = LabelTable(tuple(rows), tuple(self.problems), ())
        return CollectedLabels(kind, table, distinct_names(self.names), frozenset(self.used), tuple(self.classes))


def distinct_names(names: Mapping[str, str]) -> dict[str, str]:
    """Return the name of each path; the path itself where another photo would have the same name."""
    found = dict(names)
    while len(times := Counter(found.values())) < len(found):
        found = {path: path if times[name] > 1 else name for path, name in found.items()}
    return found


def note_unread(collected: LabelCollector, unread: dict[str, str]) -> None:
    """Note why files could not be read, for a reader that then recognises nothing: its problems are not listed."""
    for problem in collected.problems:
        path, colon, reason = problem.text.partition(": ")
        if colon and not problem.harmless:
            unread.setdefault(path, reason.removesuffix("; it is skipped"))


def check_labels(count: int, source: str) -> None:
    """Raise LabelsError where a source of labels has more classes than a project may have."""
    try:
        check_class_count(count, source)
    except DataError as error:
        raise LabelsError(str(error)) from error


def text_of(read: Callable[[], bytes], path: str, collected: LabelCollector) -> str | None:
    """Return the file as text; None, and a problem, where it is not text or cannot be read.

    Raises LabelsError for a file of labels that is too large.
    """
    data = bytes_of(read, path, collected)
    return None if data is None else decoded(data, path, collected)


def bytes_of(read: Callable[[], bytes], path: str, collected: LabelCollector) -> bytes | None:
    """Return the content of a file of labels; None, and a problem, where it cannot be read.

    Raises LabelsError for one that is too large.
    """
    try:
        data = read()
    except ImageRefused as error:
        collected.add_problem(path, f"{error.reason}; it is skipped")
        return None
    if len(data) > MAX_TEXT_BYTES:
        allowed = f"at most {MAX_TEXT_BYTES // 2**20} MB are allowed"
        raise LabelsError(f"{path} was not read: {allowed}. Split it into smaller files, or leave it out.")
    return data


def decoded(data: bytes, path: str, collected: LabelCollector, declared: str | None = None) -> str | None:
    """Return the content of a file of labels as text; None, and a problem, where it is none.

    ``declared`` is the encoding that the file says of itself. Where its words are unclear, the person is asked.
    """
    try:
        text, remark = decode_labels(data, path, collected.asking, declared)
    except NotText as error:
        collected.add_problem(path, f"{error}; it is skipped")
        return None
    except QuestionsOpen:  # of a collector that has nobody to ask
        collected.add_problem(path, "it is not UTF-8 text; it is skipped")
        return None
    if remark:
        collected.add_remark(f"{path}: {remark}")
    return text
