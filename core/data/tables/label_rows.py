"""What a table of labels is made of: rows, boxes, problems."""

from dataclasses import dataclass, replace

from core.data.pictures.box import Box


@dataclass(frozen=True)
class LabelledBox:
    """One object in a picture: its class, and where it is."""

    label: str | None
    box: Box
    line: int = 0


@dataclass(frozen=True)
class LabelRow:
    """One file's label, split and box; ``line`` is where it stands in the CSV, the header being line 1.

    Of several boxes ``box`` and ``label`` are those of the largest, which is the one that a network is trained on.
    """

    line: int
    filename: str  # as the user wrote it
    label: str | None  # None: unlabelled
    split: str | None  # train, val or test; None: not said
    box: Box | None
    objects: tuple[LabelledBox, ...] = ()  # every box, in the order of the table, where there are several


@dataclass(frozen=True)
class Problem:
    """Something that needs saying, in half a sentence; ``line`` is None where it belongs to no single line."""

    line: int | None
    text: str
    filename: str = ""  # with ``marked``
    marked: LabelledBox | None = None  # a box that was left out, where it has numbers at all: so it can be drawn
    harmless: bool = False  # all comes in as it is written; it is said, and nobody need agree to it

    def __str__(self) -> str:
        return self.text if self.line is None else f"line {self.line}: {self.text}"


@dataclass(frozen=True)
class LabelTable:
    """The good rows of a labels.csv, one for each file name, and all its problems in the order of their lines."""

    rows: tuple[LabelRow, ...]
    problems: tuple[Problem, ...]
    ignored_columns: tuple[str, ...]


def objects_of(row: LabelRow) -> tuple[LabelledBox, ...]:
    """Every box of a row with its class: none, one or several."""
    if row.objects or row.box is None:
        return row.objects
    return (LabelledBox(row.label, row.box, row.line),)


def with_objects(row: LabelRow, objects: tuple[LabelledBox, ...]) -> LabelRow:
    """The row with these boxes instead of its own; its label is that of the largest, the first of equal ones."""
    if not objects:
        return replace(row, box=None, objects=())
    largest = max(objects, key=lambda one: one.box.area)
    several = objects if len(objects) > 1 else ()
    return replace(row, label=largest.label, box=largest.box, objects=several)
