"""The header of a labels.csv: its line, its delimiter and the meaning of each column."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from core.data.pictures.decoding import IMAGE_SUFFIXES
from core.data.tables.boxes.box_layout import BOX, BOX_COLUMNS, CORNERS, NO_BOX, BoxColumns, find_box_columns
from core.data.tables.label_rows import NO_GROUP_COLUMNS, GroupColumns
from core.data.tables.names import without_invisible
from core.errors import LabelsError

__all__ = ["BOX", "CORNERS", "Header", "read_header"]

FILENAMES = ("filename", "file_name", "image", "path")
LABELS = ("label", "class", "category", "target")
SPLIT = "split"
NAMELESS = "(no name)"
SOURCE = "label_source"
"""Where a label came from, in our own exports: known, so that it is no unused column, and not read back."""
GROUP, TAGS = "group", "tags"
_GROUP_WORDS = (GROUP, "person", "subject", "patient", "driver", "camera", "session", "day")
GROUPS = (*_GROUP_WORDS, *(f"{word}_id" for word in _GROUP_WORDS))
"""Columns that may say which photos belong together and must lie in one split."""
TAG_SEPARATOR = ";"
NO_GROUPS = "none"
"""Instead of the name of a group column: the table has none, whatever its columns are called."""
DELIMITERS = (",", ";", "\t", "|")
_OTHER_DELIMITERS = {"spaces": r"\s+", "colons": ":", "slashes": "/"}
_LONGEST_HEADER = 10_000


@dataclass(frozen=True)
class Header:
    """The line of a table's header, and the column index of each value."""

    line: int
    delimiter: str
    spaced: bool  # a space follows each delimiter
    names: tuple[str, ...]  # of all columns, as written
    filename: int
    label: int
    split: int | None = None
    split_flags: tuple[tuple[int, str], ...] = ()  # instead: columns that say whether a photo is in a split
    boxes: BoxColumns = NO_BOX
    group: int | None = None
    tags: int | None = None
    group_columns: GroupColumns = NO_GROUP_COLUMNS

    @property
    def cells(self) -> int:
        """How many cells a row has."""
        return len(self.names)

    @property
    def plain(self) -> tuple[str, ...]:
        """The names of the columns in lower case, with "_" for spaces."""
        return tuple(plain_column(name) for name in self.names)

    @property
    def used(self) -> frozenset[int]:
        """The columns that are read, or that groups may be chosen from."""
        columns = self.group_columns
        unclear = columns.possible if columns.unclear else ()
        places = [self.filename, self.label, self.split, self.tags, self.group, _first(self.plain, (SOURCE,))]
        places += [*self.boxes.places, *self.boxes.size, *self.boxes.parts, *(place for place, _ in self.split_flags)]
        places += [place for place, name in enumerate(self.names) if name in unclear]
        return frozenset(place for place in places if place is not None)

    @property
    def ignored(self) -> tuple[str, ...]:
        """The names of columns that are not used."""
        used = self.used
        return tuple(name or NAMELESS for place, name in enumerate(self.names) if place not in used)


def read_header(text: str, name: str, group_column: str | None = None) -> Header:
    """Return the header of a table. Raises LabelsError where it has no column for the file or none for the label.

    The group is the column ``group_column``, else the only one of GROUPS; with NO_GROUPS there is none. Raises
    LabelsError also where the table does not have the ``group_column``.
    """
    lines = re.split(r"\r\n|\r|\n", text)
    line = next((number for number, content in enumerate(lines, start=1) if content.strip()), None)
    if line is None:
        raise LabelsError(f"{name} is empty. Its first line must name the columns, for example: filename,label")
    delimiters: Sequence[str] = DELIMITERS
    if excel := re.fullmatch(r"sep=([,;\t|])", lines[line - 1].rstrip(" ")):  # the first line that Excel writes
        delimiters, line = [excel.group(1)], min(line + 1, len(lines))
    known = {*FILENAMES, *LABELS, SPLIT, *BOX_COLUMNS, *GROUPS, TAGS}
    best: tuple[int, int] = (-1, -1)
    for mark in delimiters:
        # A header is one short line; it is cut so that a file of another kind does not exceed csv's field limit.
        found = next(csv.reader([lines[line - 1][:_LONGEST_HEADER]], delimiter=mark, skipinitialspace=True), [])
        score = (len(known.intersection(plain_column(cell) for cell in found)), len(found))
        if score > best:
            best, delimiter, cells = score, mark, found
    header = _header(line, delimiter, lines[line - 1], [without_invisible(cell).strip() for cell in cells], name)
    return _with_groups(header, group_column, name)


def plain_column(column: str) -> str:
    """Return a column's name in lower case, with "_" for spaces and hyphens, and without invisible characters."""
    return re.sub(r"[\s.-]+", "_", without_invisible(column).strip().lower())


def _header(line: int, delimiter: str, written: str, cells: list[str], name: str) -> Header:
    columns = [plain_column(cell) for cell in cells]
    filename, label = _first(columns, FILENAMES), _first(columns, LABELS)
    if filename is None or label is None:
        raise LabelsError(_no_header(line, written, cells, name))
    header = Header(line, delimiter, f"{delimiter} " in written, tuple(cells), filename, label)
    return replace(
        header, split=_first(columns, (SPLIT,)), boxes=find_box_columns(columns), tags=_first(columns, (TAGS,))
    )


def _with_groups(header: Header, wanted: str | None, name: str) -> Header:
    """Return the header with the column that names the group: a person's choice, or the only one called so."""
    used, plain = header.used, header.plain
    free = [place for place, column in enumerate(header.names) if column and place not in used]
    possible = [place for place in free if plain[place] in GROUPS]
    taken = possible[0] if len(possible) == 1 else None
    if wanted is not None:
        taken = next((place for place in free if plain[place] == plain_column(wanted)), None)
        if taken is None and plain_column(wanted) != NO_GROUPS:
            shown = ", ".join(header.names[place][:40] for place in free[:8]) or "none"
            raise LabelsError(f"{name} has no free column {wanted} to group by. Its free columns are: {shown}.")
    columns = GroupColumns(
        None if taken is None else header.names[taken],
        tuple(header.names[place] for place in possible),
        tuple(header.names[place] for place in free if place not in possible),
        wanted is not None,
    )
    return replace(header, group=taken, group_columns=columns)


def _first(columns: Sequence[str], words: Sequence[str]) -> int | None:
    return next((columns.index(word) for word in words if word in columns), None)


def _no_header(line: int, written: str, cells: list[str], name: str) -> str:
    for words, mark in _OTHER_DELIMITERS.items():
        parts = [plain_column(part) for part in re.split(mark, written[:_LONGEST_HEADER].strip())]
        if len(cells) == 1 and _first(parts, FILENAMES) is not None and _first(parts, LABELS) is not None:
            return f"The columns of {name} are separated by {words} (line {line}). Save it as CSV, with commas."
    shown = ", ".join(cell[:40] for cell in cells[:8])
    if any(PurePosixPath(cell).suffix.lower() in IMAGE_SUFFIXES for cell in cells):
        return (
            f"{name} begins with data (line {line}: {shown}), but its first line must name the columns. "
            "Add the line filename,label above it."
        )
    return (
        f"{name} has the columns {shown}. It needs one for the file ({', '.join(FILENAMES)}) "
        f"and one for the label ({', '.join(LABELS)}). Rename its columns in the first line."
    )
