"""The rows of a table of any style, with the lines that they stand in."""

import csv
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path, PurePosixPath

from core.data.importing.formats.csv_styles.photo_sizes import PhotoSizes
from core.data.pictures.decoding import IMAGE_SUFFIXES
from core.data.tables.csv_cells import restore, rows_of
from core.data.tables.label_columns import DELIMITERS, plain_column
from core.data.tables.label_rows import Problem
from core.data.tables.questions import Asking
from core.data.tables.text_encoding import read_table_text

_LONGEST_LINE = 10_000  # of the first line, as far as it decides on the delimiter


@dataclass(frozen=True)
class Row:
    """One row with its line in the file."""

    line: int
    cells: tuple[str, ...]

    def cell(self, place: int | None) -> str:
        """Return a cell; "" where the row ends before it."""
        return self.cells[place] if place is not None and place < len(self.cells) else ""


@dataclass(frozen=True)
class Sheet:
    """A table before anybody knows what its columns mean."""

    name: str
    rows: tuple[Row, ...]  # without empty ones; at least one
    problems: tuple[Problem, ...] = ()  # rows that cannot be split into cells, and how the file was decoded

    @cached_property
    def header(self) -> tuple[str, ...]:
        """The first row's cells as names of columns: in lower case, with "_" for spaces."""
        return tuple(plain_column(cell) for cell in self.rows[0].cells)

    @property
    def body(self) -> tuple[Row, ...]:
        """The rows below the first one."""
        return self.rows[1:]

    def place(self, *names: str) -> int | None:
        """Return the column with the first of these names; None where there is none."""
        return next((self.header.index(name) for name in names if name in self.header), None)


@dataclass
class Around:
    """What a style may look at apart from its table."""

    asking: Asking
    group_column: str | None = None
    photos: PhotoSizes = field(default_factory=PhotoSizes)
    tables: Mapping[str, Callable[[], bytes]] = field(default_factory=dict)  # the others, such as a list of classes
    used: set[str] = field(default_factory=set)  # those of them that a style has used


def read_sheet(source: bytes | Path, name: str, asking: Asking, most_rows: int | None = None) -> Sheet | None:
    """Return the rows of a table, at most so many; None where it is empty or says its delimiter.

    ``asking`` gets an encoding that is unclear. Raises LabelsError where it is not text.
    """
    text, decoded = read_table_text(source, name, asking)
    first = next((line for line in re.split(r"\r\n|\r|\n", text) if line.strip()), None)
    if first is None or re.fullmatch(r"sep=[,;\t|]", first.strip()):
        return None
    delimiter = max(DELIMITERS, key=lambda mark: _cells_in(first, mark))
    rows: list[Row] = []
    problems = [decoded] if decoded else []
    for line, cells in islice(rows_of(text, delimiter, f"{delimiter} " in first), most_rows):
        if isinstance(cells, str):
            problems.append(Problem(line, cells))
        elif any(cell.strip() for cell in cells):
            rows.append(Row(line, tuple(restore(cell) for cell in cells)))
    return Sheet(name, tuple(rows), tuple(problems)) if rows else None


def _cells_in(line: str, delimiter: str) -> int:
    return len(next(csv.reader([line[:_LONGEST_LINE]], delimiter=delimiter), []))


def number(cell: str) -> float | None:
    """Return a cell's finite number; None for anything else."""
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", cell.strip(), re.ASCII):
        return None
    value = float(cell)
    return value if abs(value) < 1e12 else None


def names_photo(cell: str) -> bool:
    """Return whether a cell is the name of a photo, with its suffix."""
    return PurePosixPath(cell.strip().replace("\\", "/")).suffix.lower() in IMAGE_SUFFIXES
