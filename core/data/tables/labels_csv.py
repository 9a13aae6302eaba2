"""Read labels.csv into checked rows with all its problems, and write it back without loss."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from core.data.pictures.box import Box
from core.data.tables.boxes.table_boxes import BoxCells, read_boxes
from core.data.tables.boxes.unread_boxes import unused_columns
from core.data.tables.column_choices import choose_columns, columns_called
from core.data.tables.csv_cells import as_row, bytes_of, neutralize, restore, rows_of
from core.data.tables.group_cells import group_problems, same_groups, with_group_cells
from core.data.tables.label_columns import (
    BOX,
    FILENAMES,
    GROUP,
    LABELS,
    SOURCE,
    TAG_SEPARATOR,
    TAGS,
    Header,
    read_header,
)
from core.data.tables.label_rows import LabelRow, LabelTable, Problem, objects_of
from core.data.tables.label_words import is_empty_word, settle_words
from core.data.tables.merged_rows import STRICTEST_FIRST, one_row_per_file
from core.data.tables.name_matching import match_files
from core.data.tables.names import check_class_count, class_key, name_key, without_invisible
from core.data.tables.questions import Asking, NobodyToAsk
from core.data.tables.split_columns import choose_split, split_named, split_of_flags
from core.data.tables.text_encoding import Cells, decode_table
from core.errors import DataError, LabelsError

__all__ = [
    "NO_LABEL",
    "STRICTEST_FIRST",
    "Box",
    "LabelRow",
    "LabelTable",
    "Problem",
    "marked_in_words",
    "marked_texts",
    "match_files",
    "read_labels",
    "split_named",
    "write_labels",
]

NO_LABEL = "no label"
"""The first words of the problem of a row without a label."""

_TEXTS_SHOWN = 5

# Joiners and variation selectors belong to emoji and to several scripts, so they stay; beside other letters nobody
# sees them.
_UNSEEN = re.compile("[\u200c\u200d\ufe00-\ufe0f\U000e0000-\U000e0fff]")


def read_labels(
    source: bytes | Path,
    name: str = "labels.csv",
    group_column: str | None = None,
    asking: Asking | None = None,
) -> LabelTable:
    """Return the rows of a labels.csv, one per file name, and all its problems.

    Delimiter, encoding and the usual column names are recognised. A row that cannot be used becomes a problem. The
    ``group_column`` says which photos belong together: see ``read_header``. Where several columns may, none is used,
    which is a problem. ``asking`` gets what cannot be read in one way only: the encoding, the decimal mark, which of
    two columns counts, whether NA is a class; without it, that raises QuestionsOpen.
    Raises LabelsError only where there is no table at all: no text, no header, or more labels than
    there can be classes; and where it lacks the ``group_column``.
    """
    asking = asking or NobodyToAsk()
    cells_of = partial(_cells_that_matter, name=name, group_column=group_column)
    text, decoded = decode_table(bytes_of(source, name), name, cells_of, asking)
    header, problems = choose_columns(read_header(text, name, group_column), text, asking)
    header, said = choose_split(header, text)
    problems += [*said, *group_problems(header), *([decoded] if decoded else []), *unused_columns(header, text)]

    rows: list[LabelRow] = []
    boxes: dict[int, BoxCells] = {}
    spellings: dict[str, int] = {}  # a label as written in its cell -> the first line with it
    for line, cells in rows_of(text, header.delimiter, header.spaced):
        if line <= header.line:
            continue
        if isinstance(cells, str):
            problems.append(Problem(line, cells))
        elif any(cell.strip() for cell in cells):
            row, wrong = _row(line, cells, header)
            problems += [Problem(line, text) for text in wrong]
            if row is not None:
                rows.append(row)
                cells += [""] * (header.cells - len(cells))
                own = BoxCells(*(tuple(_cell(cells[at]) for at in places) for places in _box_places(header)))
                if any(own.box) or any(own.size):
                    boxes[line] = own
                if row.label is not None:
                    spellings.setdefault(cells[header.label], line)
    problems += _invisible(spellings)
    rows = settle_words(rows, asking)
    _check_labels(rows, name)
    read = read_boxes(rows, boxes, header, asking)
    rows, repeated = one_row_per_file(same_groups(read.rows), read.broken)
    problems += [*read.problems, *repeated, *_similar_labels(spellings)]
    problems.sort(key=lambda problem: problem.line or 0)
    return LabelTable(tuple(rows), tuple(problems), header.ignored, header.group_columns)


def write_labels(rows: Iterable[LabelRow]) -> str:
    """Return the rows as CSV text that ``read_labels`` reads back without loss and no spreadsheet runs as formulas.

    Columns: filename, label, split, and x, y, width, height where any row has a box, label_source where any row says
    where its label came from, group and tags where any row has one; tags are separated by semicolons. An unlabelled row
    has an empty label. An image with several boxes has one line per box.

    The order of the classes and classes without images are lost: a spreadsheet would read a comment line as data.
    The zips of core.data.importing.formats keep both.
    """
    rows = list(rows)
    boxes = any(row.box for row in rows)
    further = {SOURCE: [row.source or "" for row in rows], GROUP: [row.group or "" for row in rows]}
    further[TAGS] = [_tags_cell(row) for row in rows]
    further = {name: cells for name, cells in further.items() if any(cells)}
    lines = [as_row(["filename", "label", "split", *(BOX if boxes else ()), *further])]
    for place, row in enumerate(rows):
        for one in objects_of(row) or (None,):
            cells = [row.filename, (one.label if one else row.label) or "", row.split or ""]
            if boxes:
                cells += [_format_number(getattr(one.box, side)) for side in BOX] if one else [""] * len(BOX)
            lines.append(as_row([*cells, *(column[place] for column in further.values())]))
    return "".join(lines)


def marked_texts(rows: Iterable[LabelRow], *, filenames: bool = True) -> list[str]:
    """Return what has an apostrophe in front in the CSV of ``write_labels``, each once; file names only if asked."""
    texts: dict[str, None] = {}
    for row in rows:
        texts |= dict.fromkeys([row.filename] if filenames else [])
        texts |= dict.fromkeys(one.label or "" for one in objects_of(row) or (row,))
        texts |= dict.fromkeys((row.group or "", _tags_cell(row)))
    return [text for text in texts if neutralize(text) != text]


def marked_in_words(texts: Sequence[str]) -> str:
    """Return sentences on texts that have an apostrophe in front in labels.csv; "" if there are none."""
    if not texts:
        return ""
    shown = ", ".join(texts[:_TEXTS_SHOWN])
    if len(texts) > _TEXTS_SHOWN:
        shown += f" and {len(texts) - _TEXTS_SHOWN:,} more"
    one = len(texts) == 1
    return (
        f"{'1 text has' if one else f'{len(texts):,} texts have'} an apostrophe in front in labels.csv, "
        f"because a spreadsheet would run {'it as a formula' if one else 'them as formulas'} or drop spaces: {shown}. "
        "An import removes the apostrophe."
    )


def _tags_cell(row: LabelRow) -> str:
    return f"{TAG_SEPARATOR} ".join(row.tags)


def _format_number(number: float) -> str:
    return str(int(number)) if number == int(number) else repr(float(number))


def _cells_that_matter(text: str, name: str, group_column: str | None) -> Cells:
    """Return the names of the columns that are read, and their cells in each row."""
    known = group_column if group_column is None or group_column.isascii() else None
    header = read_header(text, name, known)
    # Where a person named the group in other letters, its column is only found once the text is decoded.
    read = {*header.used, *columns_called(header, FILENAMES), *columns_called(header, LABELS)}
    places = sorted(read) if known == group_column else list(range(header.cells))
    places.sort(key=lambda place: (place != header.filename, place != header.label))
    rows = (
        [cells[place] if place < len(cells) else "" for place in places]
        for line, cells in rows_of(text, header.delimiter, header.spaced)
        if line > header.line and not isinstance(cells, str)
    )
    return tuple(header.names[place] for place in places), rows


def _box_places(header: Header) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return header.boxes.places, header.boxes.size


def _cell(cell: str) -> str:
    text = restore(cell)
    return text if text.isascii() and text.isprintable() else without_invisible(text).strip()


def _row(line: int, cells: list[str], header: Header) -> tuple[LabelRow | None, list[str]]:
    """Return the row without its box, or None where it cannot be used, and its problems."""
    problems = []
    if any(cell.strip() for cell in cells[header.cells :]):
        return None, [
            f"{len(cells)} cells instead of {header.cells}, so the row is skipped; "
            "put quotation marks around a name that contains the delimiter"
        ]
    if len(cells) < header.cells:
        problems.append(f"{_cells(len(cells))} instead of {header.cells}; the missing cells are read as empty")
        cells = cells + [""] * (header.cells - len(cells))
    filename, label = restore(cells[header.filename]), without_invisible(restore(cells[header.label])) or None
    if not filename:
        return None, [*problems, "no file name, so the row is skipped"]
    if label is None:
        problems.append(f"{NO_LABEL}; {filename} counts as unlabelled")
    split = None
    if header.split is not None and (word := _cell(cells[header.split])) and not is_empty_word(word):
        split = split_named(word)
        if split is None:
            problems.append(f'unknown split "{word}", so no split is set; use train, val or test')
    elif header.split_flags:
        split, wrong = split_of_flags(header, cells)
        problems += [wrong] if wrong else []
    return with_group_cells(LabelRow(line, filename, label, split, None), header, cells, problems), problems


def _check_labels(rows: Iterable[LabelRow], name: str) -> None:
    labels = {row.label for row in rows if row.label is not None}
    try:
        check_class_count(len({name_key(label) for label in labels}), name)
    except DataError as error:
        raise LabelsError(str(error)) from error


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"


def _invisible(spellings: dict[str, int]) -> list[Problem]:
    """Say which labels have characters that nobody sees; they are removed."""
    found = {cell: line for cell, line in spellings.items() if without_invisible(cell) != cell}
    if not found:
        return []
    cell, line = next(iter(found.items()))
    label = without_invisible(restore(cell))
    labels = f"{len(found):,} labels have invisible characters, such as {label}" if len(found) > 1 else ""
    text = f"{labels or f'the label {label} has invisible characters'}; they are removed"
    return [Problem(line, text, harmless=True)]


def _similar_labels(spellings: dict[str, int]) -> list[Problem]:
    """Report labels that read as the same word; ``spellings`` holds the first line of each."""
    first_of: dict[str, str] = {}
    problems = []
    for cell, line in sorted(spellings.items(), key=lambda item: item[1]):
        key = unicodedata.normalize("NFKC", without_invisible(cell))
        key = "".join(_UNSEEN.sub("", key).casefold().split())
        first = first_of.setdefault(key, cell)
        if cell == first:
            continue
        here, there = without_invisible(restore(cell)), without_invisible(restore(first))
        if here == there:
            if without_invisible(cell) != without_invisible(first):  # else its invisible characters are said
                text = f'the label "{cell}" differs from "{first}" (line {spellings[first]}) only by spaces around it'
                problems.append(Problem(line, f"{text}; both are read as {here}", harmless=True))
        else:
            what = "case, spaces or the encoding of accents"
            if here.casefold() == there.casefold():
                what = "case"
            elif _UNSEEN.sub("", here) == _UNSEEN.sub("", there):
                what = "invisible characters"
            where = f'"{there}" (line {spellings[first]})'
            text = f'the label "{here}" differs from {where} only by {what}'
            if class_key(here) == class_key(there):
                problems.append(Problem(line, f"{text}; both count as one class"))
            elif name_key(here) == name_key(there):  # class_case asks whether they are one class
                problems.append(Problem(line, text, harmless=True))
            else:
                problems.append(Problem(line, f"{text}; spell both the same way if they are one class"))
    return problems
