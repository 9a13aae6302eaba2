"""The parts of a table of labels: rows, boxes and problems."""

from dataclasses import dataclass, field, replace
from typing import Literal

from core.data.pictures.box import Box


@dataclass(frozen=True)
class BoxFrame:
    """What a source says about the numbers of a photo's boxes, which may not be those of the photo as it is shown."""

    size: tuple[int, int] | None = None  # width and height of the photo in pixels, according to the source
    relative: bool = False  # the boxes were fractions of the photo; here they are pixels of the upright one
    fractions: bool = False  # the boxes still are fractions of the photo, from 0 to 1
    # What x and y were read as, beside a width and height, where people also write the other; "" if it is certain.
    read_as: Literal["", "corner", "centre"] = field(default="", compare=False)


PIXELS = BoxFrame()


@dataclass(frozen=True)
class LabelledBox:
    """One object in an image: its class and its box."""

    label: str | None
    box: Box
    line: int = 0


@dataclass(frozen=True)
class LabelRow:
    """One file's label, split and box; ``line`` is its line in the CSV, where the header is line 1.

    With several boxes, ``box`` and ``label`` are those of the largest, which is the one used for training.
    """

    line: int
    filename: str  # as the user wrote it
    label: str | None  # None: unlabelled
    split: str | None  # train, val or test; None: none given
    box: Box | None
    objects: tuple[LabelledBox, ...] = ()  # all boxes in the order of the table, if there are several
    source: str | None = field(default=None, compare=False)  # where the label came from; written, and not read back
    group: str | None = None  # photos of a group lie in one split; None: none given
    tags: tuple[str, ...] = ()
    frame: BoxFrame = PIXELS  # of its boxes
    opinions: tuple[tuple[str, str], ...] = ()  # (annotator, class) of several; ``label`` is theirs if they agree


@dataclass(frozen=True)
class Problem:
    """A remark about a table or a file, without a full stop; ``line`` is None where it has no single line."""

    line: int | None
    text: str
    filename: str = ""  # set together with ``marked``
    marked: LabelledBox | None = None  # a skipped box that has numbers, so that it can be drawn
    harmless: bool = False  # everything is imported as written, so nobody has to confirm it
    absent: bool = False  # the row's photo is not among the files; it may be in the project

    def __str__(self) -> str:
        return self.text if self.line is None else f"line {self.line}: {self.text}"


@dataclass(frozen=True)
class GroupColumns:
    """The columns of a table that may name the group of a photo; of several a person must choose one."""

    taken: str | None = None  # the column that the groups are read from
    possible: tuple[str, ...] = ()  # called like a group: person, camera, day
    others: tuple[str, ...] = ()  # the columns without a meaning
    chosen: bool = False  # a person chose, which may mean that no column is taken

    @property
    def unclear(self) -> bool:
        """Whether a person must choose: more than one column is called like a group."""
        return not self.chosen and len(self.possible) > 1


NO_GROUP_COLUMNS = GroupColumns()


@dataclass(frozen=True)
class LabelTable:
    """The usable rows of a labels.csv, one per file name, and all its problems in the order of their lines."""

    rows: tuple[LabelRow, ...]
    problems: tuple[Problem, ...]
    ignored_columns: tuple[str, ...]
    group_columns: GroupColumns = NO_GROUP_COLUMNS
    parts: tuple[tuple[str, int], ...] = ()  # the tables that it was joined from, and the number of lines before each


def objects_of(row: LabelRow) -> tuple[LabelledBox, ...]:
    """Return all boxes of a row with their classes: none, one or several."""
    if row.objects or row.box is None:
        return row.objects
    return (LabelledBox(row.label, row.box, row.line),)


def with_objects(row: LabelRow, objects: tuple[LabelledBox, ...]) -> LabelRow:
    """Return the row with these boxes instead of its own; its label is that of the (first) largest box."""
    if not objects:
        return replace(row, box=None, objects=())
    largest = max(objects, key=lambda one: one.box.area)
    several = objects if len(objects) > 1 else ()
    return replace(row, label=largest.label, box=largest.box, objects=several)
