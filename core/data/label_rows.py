"""What a table of labels is made of: rows, boxes, problems."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels; x and y are its upper left corner."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class LabelRow:
    """One file's label, split and box; ``line`` is where it stands in the CSV, the header being line 1."""

    line: int
    filename: str  # as the user wrote it
    label: str | None  # None: unlabelled
    split: str | None  # train, val or test; None: not said
    box: Box | None


@dataclass(frozen=True)
class Problem:
    """Something that needs saying, in half a sentence; ``line`` is None where it belongs to no single line."""

    line: int | None
    text: str

    def __str__(self) -> str:
        return self.text if self.line is None else f"line {self.line}: {self.text}"


@dataclass(frozen=True)
class LabelTable:
    """The good rows of a labels.csv, one for each file name, and all its problems in the order of their lines."""

    rows: tuple[LabelRow, ...]
    problems: tuple[Problem, ...]
    ignored_columns: tuple[str, ...]
