"""The header of a labels.csv: where it stands, how cells are divided, which column means what."""

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
_LONGEST_HEADER = 10_000


@dataclass(frozen=True)
class Header:
    """Where a table's header stands and at which place of a row each thing is found."""

    line: int
    delimiter: str
    spaced: bool  # a blank follows each delimiter
    cells: int
    filename: int
    label: int
    split: int | None
    box: tuple[int, ...]  # four places, or none
    corners: bool  # the box is given by two corners
    ignored: tuple[str, ...]  # names of columns that mean nothing here


def read_header(text: str, name: str) -> Header:
    """The header of a table. Raises LabelsError where there is none that names a file and a label column."""
    lines = re.split(r"\r\n|\r|\n", text)
    line = next((number for number, content in enumerate(lines, start=1) if content.strip()), None)
    if line is None:
        raise LabelsError(f"{name} is empty. Its first line must name the columns, for example: filename,label")
    delimiters = [",", ";", "\t"]
    if said := re.fullmatch(r"sep=([,;\t])", lines[line - 1].rstrip(" ")):  # Excel's own first line
        delimiters, line = [said.group(1)], min(line + 1, len(lines))
    known = {*FILENAMES, *LABELS, SPLIT, *BOX, *CORNERS}
    best: tuple[int, int] = (-1, -1)
    for mark in delimiters:
        # A header is one short line; cutting it keeps a file of another kind from running into csv's field limit.
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
    # Where both are there, width and height are the picture's own size (as in TensorFlow's tables of boxes).
    sides = CORNERS if corners else BOX if all(side in columns for side in BOX) else ()
    box = tuple(columns.index(side) for side in sides)
    used = {filename, label, split, *box}
    ignored = tuple(cell.strip() or "(without a name)" for place, cell in enumerate(cells) if place not in used)
    return Header(line, delimiter, spaced, len(cells), filename, label, split, box, corners, ignored)


def _first(columns: list[str], words: tuple[str, ...]) -> int | None:
    return next((columns.index(word) for word in words if word in columns), None)


def _no_header(line: int, cells: list[str], name: str) -> str:
    shown = ", ".join(cell.strip()[:40] for cell in cells[:8])
    if any(PurePosixPath(cell.strip()).suffix.lower() in IMAGE_SUFFIXES for cell in cells):
        return (
            f"{name} begins with data (line {line}: {shown}), but its first line must name the columns. "
            "Write filename,label above it."
        )
    return (
        f"{name} has the columns {shown}. It needs one for the file ({', '.join(FILENAMES)}) "
        f"and one for the label ({', '.join(LABELS)}). Rename its columns in the first line."
    )
