"""The header of a labels.csv: its line, its delimiter and the meaning of each column."""

import csv
import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from core.data.pictures.decoding import IMAGE_SUFFIXES
from core.errors import LabelsError

FILENAMES = ("filename", "file_name", "image", "path")
LABELS = ("label", "class", "category", "target")
SPLIT = "split"
BOX = ("x", "y", "width", "height")
CORNERS = ("xmin", "ymin", "xmax", "ymax")
SOURCE = "label_source"
"""Where a label came from, in our own exports: known, so that it is no unused column, and not read back."""
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


def read_header(text: str, name: str) -> Header:
    """Return the header of a table. Raises LabelsError where it has no column for the file or none for the label."""
    lines = re.split(r"\r\n|\r|\n", text)
    line = next((number for number, content in enumerate(lines, start=1) if content.strip()), None)
    if line is None:
        raise LabelsError(f"{name} is empty. Its first line must name the columns, for example: filename,label")
    delimiters = [",", ";", "\t"]
    if excel := re.fullmatch(r"sep=([,;\t])", lines[line - 1].rstrip(" ")):  # the first line that Excel writes
        delimiters, line = [excel.group(1)], min(line + 1, len(lines))
    known = {*FILENAMES, *LABELS, SPLIT, *BOX, *CORNERS}
    best: tuple[int, int] = (-1, -1)
    for mark in delimiters:
        # A header is one short line; it is cut so that a file of another kind does not exceed csv's field limit.
        found = next(csv.reader([lines[line - 1][:_LONGEST_HEADER]], delimiter=mark, skipinitialspace=True), [])
        score = (len(known.intersection(_plain(cell) for cell in found)), len(found))
        if score > best:
            best, delimiter, cells = score, mark, found
    return _header(line, delimiter, f"{delimiter} " in lines[line - 1], cells, name)


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
    used = {filename, label, split, _first(columns, (SOURCE,)), *box}
    ignored = tuple(cell.strip() or "(no name)" for place, cell in enumerate(cells) if place not in used)
    return Header(line, delimiter, spaced, len(cells), filename, label, split, box, corners, ignored)


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
