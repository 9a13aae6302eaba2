"""Read labels.csv into checked rows with all its problems, and write it back without loss."""

import math
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from core.data.pictures.box import Box
from core.data.tables.csv_cells import as_row, read_text, restore, rows_of
from core.data.tables.group_cells import group_problems, one_group, same_groups, with_group_cells
from core.data.tables.label_columns import BOX, GROUP, SOURCE, TAG_SEPARATOR, TAGS, Header, read_header
from core.data.tables.label_rows import LabelledBox, LabelRow, LabelTable, Problem, objects_of, with_objects
from core.data.tables.name_matching import match_files
from core.data.tables.names import check_class_count, name_key, without_invisible
from core.data.tables.questions import Asking, NobodyToAsk
from core.errors import DataError, LabelsError

__all__ = [
    "NO_LABEL",
    "Box",
    "LabelRow",
    "LabelTable",
    "Problem",
    "match_files",
    "read_labels",
    "split_named",
    "write_labels",
]

_SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}
STRICTEST_FIRST = ("test", "val", "train")
"""The split of copies that lie in several: a test image must not be trained on."""

NO_LABEL = "no label"
"""The first words of the problem of a row without a label."""


def split_named(word: str) -> str | None:
    """Return train, val or test for any usual word for it (training, validation, dev, ...) in any case; else None."""
    return _SPLITS.get(word.strip().lower())


def read_labels(
    source: bytes | Path,
    name: str = "labels.csv",
    group_column: str | None = None,
    asking: Asking | None = None,
) -> LabelTable:
    """Return the rows of a labels.csv, one per file name, and all its problems.

    Delimiter, encoding and the usual column names are recognised. A row that cannot be used becomes a problem. The
    ``group_column`` says which photos belong together: see ``read_header``. Where several columns may, none is used,
    which is a problem. ``asking`` gets what cannot be read in one way only; without it, that raises QuestionsOpen.
    Raises LabelsError only where there is no table at all: no text, no header, or more labels than
    there can be classes; and where it lacks the ``group_column``.
    """
    asking = asking or NobodyToAsk()
    text, guessed = read_text(source, name)
    header = read_header(text, name, group_column)
    problems = group_problems(header)
    if guessed:
        hint = "the file is not UTF-8 and was read as Latin-1; if accented letters look wrong, save it as CSV UTF-8"
        problems.append(Problem(None, hint, harmless=True))
    if header.ignored:
        unused = f"unused columns: {', '.join(header.ignored)}"
        problems.append(Problem(header.line, unused, harmless=True))

    rows: list[LabelRow] = []
    spellings: dict[str, int] = {}  # a label as written in its cell -> the first line with it
    broken: set[int] = set()  # lines whose box was skipped
    for line, cells in rows_of(text, header.delimiter, header.spaced):
        if line <= header.line:
            continue
        if isinstance(cells, str):
            problems.append(Problem(line, cells))
        elif any(cell.strip() for cell in cells):
            row, wrong = _row(line, cells, header)
            cells += [""] * (header.cells - len(cells))
            problems += [Problem(line, text) for text in wrong]
            if row is not None and row.box is None and any(cells[place].strip() for place in header.box):
                broken.add(line)
                if wrong:  # the last one is about the box
                    problems[-1] = replace(problems[-1], filename=row.filename, marked=_skipped_box(row, cells, header))
            if row is not None:
                rows.append(row)
                if row.label is not None:
                    spellings.setdefault(cells[header.label], line)
    _check_labels(rows, name)
    rows, repeated = _one_row_per_file(same_groups(rows), broken)
    problems += repeated + _similar_labels(spellings)
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
    further[TAGS] = [f"{TAG_SEPARATOR} ".join(row.tags) for row in rows]
    further = {name: cells for name, cells in further.items() if any(cells)}
    lines = [as_row(["filename", "label", "split", *(BOX if boxes else ()), *further])]
    for place, row in enumerate(rows):
        for one in objects_of(row) or (None,):
            cells = [row.filename, (one.label if one else row.label) or "", row.split or ""]
            if boxes:
                cells += [_format_number(getattr(one.box, side)) for side in BOX] if one else [""] * len(BOX)
            lines.append(as_row([*cells, *(column[place] for column in further.values())]))
    return "".join(lines)


def _format_number(number: float) -> str:
    return str(int(number)) if number == int(number) else repr(float(number))


def _row(line: int, cells: list[str], header: Header) -> tuple[LabelRow | None, list[str]]:
    """Return the row, or None where it cannot be used, and its problems."""
    problems = []
    if any(cell.strip() for cell in cells[header.cells :]):
        return None, [
            f"{len(cells)} cells instead of {header.cells}, so the row is skipped; "
            "put quotation marks around a name that contains the delimiter"
        ]
    if len(cells) < header.cells:
        problems.append(f"{_cells(len(cells))} instead of {header.cells}; the missing cells are read as empty")
        cells = cells + [""] * (header.cells - len(cells))
    filename, label = restore(cells[header.filename]), restore(cells[header.label]) or None
    if not filename:
        return None, [*problems, "no file name, so the row is skipped"]
    if label is None:
        problems.append(f"{NO_LABEL}; {filename} counts as unlabelled")
    split = None
    if header.split is not None and (word := restore(cells[header.split])):
        split = split_named(word)
        if split is None:
            problems.append(f'unknown split "{word}", so no split is set; use train, val or test')
    row = with_group_cells(LabelRow(line, filename, label, split, None), header, cells, problems)
    box, wrong = _box([cells[place] for place in header.box], header.corners)
    if wrong:
        problems.append(f"{wrong}; the box is skipped")
    return replace(row, box=box), problems


def _check_labels(rows: Iterable[LabelRow], name: str) -> None:
    labels = {row.label for row in rows if row.label is not None}
    try:
        check_class_count(len({name_key(label) for label in labels}), name)
    except DataError as error:
        raise LabelsError(str(error)) from error


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"


def _box(cells: list[str], corners: bool) -> tuple[Box | None, str | None]:
    texts = [restore(cell) for cell in cells]
    if not any(texts):
        return None, None
    try:
        numbers = [float(text.replace(",", ".")) for text in texts]  # 12,5 in tables with semicolons
    except ValueError:
        numbers = [math.nan]
    if not all(math.isfinite(number) for number in numbers):
        return None, f"the box ({', '.join(texts)}) is not four numbers"
    x, y, right, bottom = numbers
    width, height = (right - x, bottom - y) if corners else (right, bottom)
    if width < 0 or height < 0:
        how = "has its corners swapped" if corners else "has a negative width or height"
        return None, f"the box ({', '.join(texts)}) {how}"
    if width == 0 or height == 0:
        return None, f"the box ({', '.join(texts)}) has no area"
    return Box(x, y, width, height), None


def _skipped_box(row: LabelRow, cells: list[str], header: Header) -> LabelledBox | None:
    """Return a box that cannot be used but has four numbers; its sides may be zero or negative."""
    try:
        x, y, third, fourth = (float(restore(cells[place]).replace(",", ".")) for place in header.box)
    except ValueError:
        return None
    if not all(math.isfinite(number) for number in (x, y, third, fourth)):
        return None
    sides = (third - x, fourth - y) if header.corners else (third, fourth)
    return LabelledBox(row.label, Box(x, y, *sides), row.line)


def _one_row_per_file(rows: list[LabelRow], broken: set[int]) -> tuple[list[LabelRow], list[Problem]]:
    """Return one row per file name, in the order of the table; contradictions are resolved, or their rows skipped.

    Rows with a box are objects in one image, so their labels may differ. ``broken`` are the lines whose box was
    skipped: their label belongs to a lost object, not to the image.
    """
    by_name: dict[str, list[LabelRow]] = defaultdict(list)
    for row in rows:
        by_name[row.filename].append(row)
    kept, problems = [], []
    for name, group in by_name.items():
        if len(group) == 1:
            kept.append(group[0])
            continue
        objects = _objects(group)
        whole = [row for row in group if row.box is None and not (objects and row.line in broken)]
        labels = {one.label: one.line for one in reversed(objects)} if whole else {}
        labels |= {row.label: row.line for row in reversed(whole)}
        labels.pop(None, None)
        if len(labels) > 1:
            (first, line), (second, other) = sorted(labels.items(), key=lambda item: item[1])[:2]
            text = (
                f'{name} has two labels, "{first}" (line {line}) and "{second}" (line {other}); '
                "neither is used: delete the wrong row"
            )
            problems.append(Problem(other, text))
            continue
        first_row = next((row for row in group if row.label is not None), group[0])
        splits = {row.split for row in group if row.split}
        split = next((split for split in STRICTEST_FIRST if split in splits), None)
        group_name, differ = one_group(group)
        if differ:
            problems.append(Problem(group[1].line, f"{name} has {differ}; none of them is used"))
        tags = tuple(dict.fromkeys(tag for row in group for tag in row.tags))
        row = replace(first_row, split=split, group=group_name, tags=tags)
        kept.append(with_objects(row, objects) if objects else row)
        problems += _repeated_boxes(name, objects)
        if len(objects) > 1 and len(splits) < 2:  # several boxes are fine
            continue
        lines = _listed([row.line for row in group])
        text = f"{name} is in lines {lines}; one row is kept"
        if len(objects) > 1:
            text = f"{name} has {len(objects)} boxes (lines {lines})"
        if len(splits) > 1:
            text += f", in {split}, because a photo must not be in several splits"
        problems.append(Problem(group[1].line, text))
    return kept, problems


def _objects(group: list[LabelRow]) -> tuple[LabelledBox, ...]:
    """Return the boxes of an image's rows."""
    return tuple(LabelledBox(row.label, row.box, row.line) for row in group if row.box is not None)


def _repeated_boxes(name: str, objects: tuple[LabelledBox, ...]) -> list[Problem]:
    """Report equal boxes: a mistake, or two objects in one place. Only a person can tell, so both are kept."""
    first_of: dict[tuple[str | None, Box], int] = {}
    problems = []
    for one in objects:
        line = first_of.setdefault((one.label, one.box), one.line)
        if line != one.line:
            text = f"{name} has the same box as in line {line}; both are kept"
            problems.append(Problem(one.line, text, harmless=True))
    return problems


def _listed(lines: list[int]) -> str:
    shown = [str(line) for line in lines[:5]] + (["..."] if len(lines) > 5 else [])
    return f"{', '.join(shown[:-1])} and {shown[-1]}"


def _similar_labels(spellings: dict[str, int]) -> list[Problem]:
    """Report labels that read as the same word; ``spellings`` holds the first line of each."""
    first_of: dict[str, str] = {}
    problems = []
    for cell, line in sorted(spellings.items(), key=lambda item: item[1]):
        key = "".join(without_invisible(unicodedata.normalize("NFKC", cell)).casefold().split())
        first = first_of.setdefault(key, cell)
        if cell == first:
            continue
        here, there = restore(cell), f'"{restore(first)}" (line {spellings[first]})'
        if without_invisible(here) == without_invisible(restore(first)):
            what = "spaces around it" if here == restore(first) else "invisible characters"
            here = without_invisible(here)
            text = f'the label "{cell}" differs from "{first}" (line {spellings[first]}) only by {what}'
            problems.append(Problem(line, f"{text}; both are read as {here}"))
        else:
            what = "case" if here.casefold() == restore(first).casefold() else "case, spaces or the encoding of accents"
            # Labels with the same names.name_key are one class, in a project and in a run on this table.
            one = name_key(here) == name_key(restore(first))
            then = "both count as one class" if one else "spell both the same way if they are one class"
            text = f'the label "{here}" differs from {there} only by {what}; {then}'
            problems.append(Problem(line, text))
    return problems
