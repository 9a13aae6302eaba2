"""The header of a labels.csv: its line, its delimiter and the meaning of each column."""

import csv
import re
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from core.data.pictures.decoding import IMAGE_SUFFIXES
from core.data.tables.label_rows import NO_GROUP_COLUMNS, GroupColumns
from core.errors import LabelsError

FILENAMES = ("filename", "file_name", "image", "path")
LABELS = ("label", "class", "category", "target")
SPLIT = "split"
BOX = ("x", "y", "width", "height")
CORNERS = ("xmin", "ymin", "xmax", "ymax")
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
_LONGEST_HEADER = 10_000


@dataclass(frozen=True)
class Header:
    """The line of a table's header, and the column index of each value."""

    line: int
    delimiter: str
    spaced: bool  # a space follows each delimiter
    cells: int  # in each row
    filename: int
    label: int
    split: int | None
    box: tuple[int, ...]  # four columns, or none
    corners: bool  # the box is given by two corners
    ignored: tuple[str, ...]  # names of columns that are not used
    group: int | None = None
    tags: int | None = None
    group_columns: GroupColumns = NO_GROUP_COLUMNS


def read_header(text: str, name: str, group_column: str | None = None) -> Header:
    """Return the header of a table. Raises LabelsError where it has no column for the file or none for the label.

    The group is the column ``group_column``, else the only one of GROUPS; with NO_GROUPS there is none. Raises
    LabelsError also where the table does not have the ``group_column``.
    """
    lines = re.split(r"\r\n|\r|\n", text)
    line = next((number for number, content in enumerate(lines, start=1) if content.strip()), None)
    if line is None:
        raise LabelsError(f"{name} is empty. Its first line must name the columns, for example: filename,label")
    delimiters = [",", ";", "\t"]
    if excel := re.fullmatch(r"sep=([,;\t])", lines[line - 1].rstrip(" ")):  # the first line that Excel writes
        delimiters, line = [excel.group(1)], min(line + 1, len(lines))
    known = {*FILENAMES, *LABELS, SPLIT, *BOX, *CORNERS, *GROUPS, TAGS}
    best: tuple[int, int] = (-1, -1)
    for mark in delimiters:
        # A header is one short line; it is cut so that a file of another kind does not exceed csv's field limit.
        found = next(csv.reader([lines[line - 1][:_LONGEST_HEADER]], delimiter=mark, skipinitialspace=True), [])
        score = (len(known.intersection(_plain(cell) for cell in found)), len(found))
        if score > best:
            best, delimiter, cells = score, mark, found
    header = _header(line, delimiter, f"{delimiter} " in lines[line - 1], cells, name)
    return _with_groups(header, cells, group_column, name)


def _plain(column: str) -> str:
    return re.sub(r"[\s-]+", "_", column.strip().lower())


def _header(line: int, delimiter: str, spaced: bool, cells: list[str], name: str) -> Header:
    columns = [_plain(cell) for cell in cells]
    filename, label = _first(columns, FILENAMES), _first(columns, LABELS)
    if filename is None or label is None:
        raise LabelsError(_no_header(line, cells, name))
    split = _first(columns, (SPLIT,))
    corners = all(side in columns for side in CORNERS)
    # Where both are present, width and height are the image's own size (as in TensorFlow's tables of boxes).
    sides = CORNERS if corners else BOX if all(side in columns for side in BOX) else ()
    box = tuple(columns.index(side) for side in sides)
    tags = _first(columns, (TAGS,))
    used = {filename, label, split, tags, _first(columns, (SOURCE,)), *box}
    ignored = tuple(cell.strip() or NAMELESS for place, cell in enumerate(cells) if place not in used)
    return Header(line, delimiter, spaced, len(cells), filename, label, split, box, corners, ignored, tags=tags)


def _with_groups(header: Header, cells: list[str], wanted: str | None, name: str) -> Header:
    """Return the header with the column that names the group: a person's choice, or the only one called so."""
    names = [cell.strip() for cell in cells]
    free = [place for place, column in enumerate(names) if column and column in header.ignored]
    possible = [place for place in free if _plain(names[place]) in GROUPS]
    taken = possible[0] if len(possible) == 1 else None
    if wanted is not None:
        taken = next((place for place in free if _plain(names[place]) == _plain(wanted)), None)
        if taken is None and _plain(wanted) != NO_GROUPS:
            shown = ", ".join(names[place][:40] for place in free[:8]) or "none"
            raise LabelsError(f"{name} has no free column {wanted} to group by. Its free columns are: {shown}.")
    columns = GroupColumns(
        None if taken is None else names[taken],
        tuple(names[place] for place in possible),
        tuple(names[place] for place in free if place not in possible),
        wanted is not None,
    )
    unused = [*header.ignored]
    for place in possible if columns.unclear else [taken]:
        if place is not None:
            unused.remove(names[place])
    return replace(header, ignored=tuple(unused), group=taken, group_columns=columns)


def _first(columns: list[str], words: tuple[str, ...]) -> int | None:
    return next((columns.index(word) for word in words if word in columns), None)


def _no_header(line: int, cells: list[str], name: str) -> str:
    shown = ", ".join(cell.strip()[:40] for cell in cells[:8])
    if any(PurePosixPath(cell.strip()).suffix.lower() in IMAGE_SUFFIXES for cell in cells):
        return (
            f"{name} begins with data (line {line}: {shown}), but its first line must name the columns. "
            "Add the line filename,label above it."
        )
    return (
        f"{name} has the columns {shown}. It needs one for the file ({', '.join(FILENAMES)}) "
        f"and one for the label ({', '.join(LABELS)}). Rename its columns in the first line."
    )
