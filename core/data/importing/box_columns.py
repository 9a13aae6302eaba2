"""Guess the columns of a table of boxes without the usual header, for a person to confirm."""

import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from core.data.importing.archives import list_zip
from core.data.importing.folder_layout import TABLE_SUFFIXES, suffix_of
from core.data.importing.formats.csv_styles.usual_table import with_own_lines
from core.data.importing.import_plan import ImportPlan
from core.data.importing.plan_import import Upload, plan_uploads
from core.data.pictures.decoding import IMAGE_SUFFIXES
from core.data.tables.csv_cells import as_line, bytes_of, neutralize, rows_of
from core.data.tables.label_columns import BOX, CORNERS, DELIMITERS
from core.data.tables.label_rows import LabelledBox, Problem
from core.data.tables.labels_csv import split_named
from core.data.tables.questions import NO_ANSWERS
from core.data.tables.text_encoding import text_or_latin_1
from core.errors import DataError, ImageRefused, LabelsError

SHARE = 0.8  # of the rows must look like it
SAMPLED_LINES = 2000
BOX_COLUMNS = 4  # the last ones
_SHOWN = 80  # characters of a row
_LINE_ENDS = re.compile("\r\n|\r|\n")

Planner = Callable[..., ImportPlan]
"""Plans photos with a labels.csv (bytes), a group column and answers."""


@dataclass(frozen=True)
class ColumnGuess:
    """A guess at a table's columns, of which the last four are a box."""

    name: str  # of the table's file
    rows: tuple[tuple[str, ...], ...]  # all but empty ones; one that could not be split is the reason why
    lines: tuple[int, ...]  # the number of the first line of each row
    header: bool  # the first line names the columns
    filename: int
    label: int | None
    split: int | None
    corners: bool  # the four numbers look like two corners, not like a corner and a size
    delimiter: str = ","
    encoding: str = "utf-8"  # "latin-1": one byte a character, as it is not UTF-8 and nobody has been asked yet

    def as_labels(self, corners: bool, label: str) -> bytes:
        """Return the table as a labels.csv; ``label`` is the class of all boxes where no column gives one.

        The cells and their encoding stay as they are, so that what is unclear in them is asked. Raises LabelsError
        where the encoding has no letters for the ``label``.
        """
        places = [self.filename, *([self.label] if self.label is not None else [])]
        places += [self.split] if self.split is not None else []
        names = ["filename", "label", *(["split"] if self.split is not None else []), *(CORNERS if corners else BOX)]
        at = self.lines[0] if self.header else 0  # the header's own line; a new one comes before all lines
        lines = ["\n" * (at - 1), as_line(names, self.delimiter)]
        written = max(at, 1)
        for line, cells in self._body():
            if not self._is_whole(cells):
                continue
            chosen = [cells[place] for place in places]
            if self.label is None:
                chosen.insert(1, neutralize(label))
            row = as_line([*chosen, *self._box_of(cells)], self.delimiter)
            empty = line + (not self.header) - written - 1
            lines.append("\n" * empty + row)
            written += empty + len(_LINE_ENDS.findall(row))
        try:
            return "".join(lines).encode(self.encoding)
        except UnicodeEncodeError as error:
            raise LabelsError(
                f"{self.name} is not UTF-8, so the class of its boxes cannot be {label}. Save it as CSV UTF-8."
            ) from error

    def problems(self) -> tuple[Problem, ...]:
        """Return a problem for each row with another number of cells than the first: its columns are unknown."""
        width = len(self.rows[0])
        return tuple(
            Problem(
                line,
                f"it has {len(cells)} {'cell' if len(cells) == 1 else 'cells'} and the first row has {width}, so it is "
                f"left out: {', '.join(cells)[:_SHOWN]}",
            )
            for line, cells in self._body()
            if not self._is_whole(cells)
        )

    def _body(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Yield the rows below the header, each with its line."""
        yield from list(zip(self.lines, self.rows, strict=True))[self.header :]

    def _is_whole(self, cells: Sequence[str]) -> bool:
        width = len(self.rows[0])
        return len(cells) >= width and not any(cell.strip() for cell in cells[width:])

    def _box_of(self, cells: Sequence[str]) -> Sequence[str]:
        width = len(self.rows[0])
        return cells[width - BOX_COLUMNS : width]


def guess_columns(source: bytes, name: str) -> ColumnGuess | None:
    """Guess the columns of a table; None where its rows are not a photo and four numbers."""
    delimiter, found, encoding = _table_rows(source, name)
    rows = [cells for _, cells in found]
    width = len(rows[0]) if rows else 0
    if width < 1 + BOX_COLUMNS:
        return None
    header = not _is_box(rows[0])
    body = [row for row in rows[header:][:SAMPLED_LINES] if len(row) == width]
    if _share(map(_is_box, body)) < SHARE:
        return None
    others = list(range(width - BOX_COLUMNS))
    filename = _photo_column(body, others)
    if filename is None:
        return None
    others.remove(filename)
    splits = _split_columns(body, others)
    label = _class_column(body, [place for place in others if place not in splits])
    split = next(iter(splits), None)
    lines = tuple(line for line, _ in found)
    corners = _are_corners(body)
    return ColumnGuess(name, tuple(rows), lines, header, filename, label, split, corners, delimiter, encoding)


def _table_rows(source: bytes, name: str) -> tuple[str, list[tuple[int, tuple[str, ...]]], str]:
    """Return the delimiter that gives the most columns, the rows with their lines, and the encoding.

    There are no rows for what is not text.
    """
    try:
        text, encoding = text_or_latin_1(bytes_of(source, name), name)
    except LabelsError:
        return ",", [], "utf-8"
    best: list[tuple[int, tuple[str, ...]]] = []
    mark = ","
    for delimiter in DELIMITERS:
        found = rows_of(text, delimiter, False)
        rows = [(line, (cells,) if isinstance(cells, str) else tuple(cells)) for line, cells in found]
        rows = [(line, row) for line, row in rows if any(cell.strip() for cell in row)]
        if rows and len(rows[0][1]) > len(best[0][1] if best else ()):
            best, mark = rows, delimiter
    return mark, best, encoding


def _photo_column(body: Sequence[Sequence[str]], places: Sequence[int]) -> int | None:
    """Return the column with the most names of photos; None where too few rows have one."""
    share = {place: _share(_is_picture(row[place]) for row in body) for place in places}
    best = max(places, key=lambda place: share[place])
    return best if share[best] >= SHARE else None


def _split_columns(body: Sequence[Sequence[str]], places: Sequence[int]) -> list[int]:
    """Return the columns in which every cell names a split."""
    return [place for place in places if all(split_named(row[place]) for row in body)]


def _class_column(body: Sequence[Sequence[str]], places: Sequence[int]) -> int | None:
    """Return the first column of words, else the first of numbers."""
    words = [place for place in places if any(_number(row[place]) is None for row in body)]
    return next(iter(words or places), None)


def _are_corners(body: Sequence[Sequence[str]]) -> bool:
    """Return whether the last two numbers always lie to the right of and below the first two."""
    boxes = [[_number(cell) or 0.0 for cell in row[-BOX_COLUMNS:]] for row in body if _is_box(row)]
    return all(right > x and bottom > y for x, y, right, bottom in boxes)


def _share(found: Iterable[bool]) -> float:
    """Return the share of true values; 0 without values."""
    answers = list(found)
    return sum(answers) / len(answers) if answers else 0.0


def guess_in_uploads(uploads: Sequence[Upload]) -> ColumnGuess | None:
    """Return the first table of boxes among uploads, or at the top of an uploaded zip."""
    return next((found for upload in uploads for found in _guesses_in(upload)), None)


def _guesses_in(upload: Upload) -> Iterator[ColumnGuess]:
    """Yield the tables of boxes in one upload."""
    upload.data.seek(0)
    suffix = suffix_of(upload.name)
    try:
        if suffix == ".zip":
            listed = list_zip(upload.data, upload.name).files
            tables = {path: read for path, read in listed.items() if suffix_of(path) in TABLE_SUFFIXES}
            found = [guess_columns(read(), path) for path, read in tables.items() if path.count("/") < 2]
        else:
            found = [guess_columns(upload.data.read(), upload.name)] if suffix in (*TABLE_SUFFIXES, ".txt") else []
    except (DataError, ImageRefused):  # the plan gives the reason
        return
    yield from (one for one in found if one is not None)


def guess_in_folder(folder: Path) -> ColumnGuess | None:
    """Return the first table of boxes at the top of a folder."""
    for path in sorted(folder.iterdir()):
        if suffix_of(path.name) in (*TABLE_SUFFIXES, ".txt") and path.is_file():
            try:
                found = guess_columns(path.read_bytes(), path.name)
            except OSError:  # the plan gives the reason
                continue
            if found is not None:
                return found
    return None


def uploads_with(uploads: Sequence[Upload], guess: ColumnGuess) -> Planner:
    """Return a function that plans uploads with a labels.csv in place of the table found in them."""
    others = [one for one in uploads if one.name != guess.name]

    def plan(table: bytes, group_column: str | None = None, answers: Mapping[str, str] = NO_ANSWERS) -> ImportPlan:
        files = [*others, Upload("labels.csv", io.BytesIO(table))]
        return plan_uploads(files, group_column=group_column, answers=answers)

    return plan


def plan_guessed(
    guess: ColumnGuess,
    corners: bool,
    label: str,
    plan_with: Planner,
    group_column: str | None = None,
    answers: Mapping[str, str] = NO_ANSWERS,
) -> ImportPlan:
    """Plan photos whose table is read as guessed; problems keep the line numbers of the original table.

    ``plan_with`` plans the photos with the labels.csv that it is passed. ``group_column`` and ``answers`` are those of
    ``plan_folder``.
    """
    plan = plan_with(guess.as_labels(corners, label), group_column=group_column, answers=answers)
    if not guess.header:
        plan = _without_header_line(plan)
    problems = sorted((*guess.problems(), *plan.problems), key=lambda one: (one.line is None, one.line or 0))
    return replace(plan, problems=tuple(problems))


def _without_header_line(plan: ImportPlan) -> ImportPlan:
    """Return the plan with the numbers of the lines as they are without a header."""
    candidates = tuple(
        replace(one, objects=_moved_up(one.objects), line=one.line - 1 if one.line else None) for one in plan.candidates
    )
    absent = tuple(replace(row, objects=_moved_up(row.objects), line=row.line - 1) for row in plan.absent)
    problems = tuple(
        replace(
            one,
            line=one.line - 1 if one.line else None,
            text=with_own_lines(one.text, lambda line: line - 1),
            marked=one.marked and _moved_up([one.marked])[0],
        )
        for one in plan.problems
    )
    return replace(plan, candidates=candidates, problems=problems, absent=absent)


def _moved_up(objects: Sequence[LabelledBox]) -> tuple[LabelledBox, ...]:
    return tuple(replace(one, line=max(0, one.line - 1)) for one in objects)


def _is_box(row: Sequence[str]) -> bool:
    return len(row) > BOX_COLUMNS and all(_number(cell) is not None for cell in row[-BOX_COLUMNS:])


def _number(cell: str) -> float | None:
    try:
        return float(cell.strip().replace(",", "."))
    except ValueError:
        return None


def _is_picture(cell: str) -> bool:
    return PurePosixPath(cell.strip().replace("\\", "/")).suffix.lower() in IMAGE_SUFFIXES
