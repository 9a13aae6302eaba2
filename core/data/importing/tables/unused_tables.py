"""Say which tables with labels are not used, why, and what to do about them."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from core.data.importing.folder_layout import TABLE_SUFFIXES, is_picture, suffix_of
from core.data.importing.formats.csv_styles.choose_table import ChosenTable, is_template, tables_among, with_own_folder
from core.data.importing.formats.csv_styles.read_table import read_table
from core.data.importing.formats.csv_styles.sheet import names_photo, read_sheet
from core.data.importing.import_plan import Candidate, ImportPlan
from core.data.tables.file_index import OTHER_FOLDER, FileIndex
from core.data.tables.label_columns import FILENAMES, LABELS
from core.data.tables.label_rows import LabelRow, Problem, objects_of
from core.data.tables.names import class_key
from core.data.tables.questions import Asking
from core.errors import ImageRefused, LabelsError

Readers = Mapping[str, Callable[[], bytes]]


def with_unused(plan: ImportPlan, tables: Readers, chosen: ChosenTable) -> ImportPlan:
    """Return a plan with what has to be said about those of its tables that were not chosen."""
    unused = tables.keys() - chosen.used - chosen.asked
    said = problems_of_unused(tables, unused, {one.name: one for one in plan.candidates}, chosen.source)
    return replace(plan, problems=(*plan.problems, *said))


def problems_of_unused(
    files: Readers, unused: Collection[str], photos: Mapping[str, Candidate], source: str
) -> list[Problem]:
    """Return a problem for each unused table that has labels; ``source`` says what counts instead: "labels.csv counts".

    ``photos`` are those to import, by their paths. A table that agrees with them, or is a template, is only a remark.
    """
    tables = {path: read for path, read in files.items() if path in unused and suffix_of(path) in TABLE_SUFFIXES}
    if not tables:
        return []
    looked_at = tables_among(tables)
    pictures = {path for path in photos if is_picture(path)}
    index = FileIndex(pictures)
    problems = []
    for path, read in looked_at.items():
        found = _problem(path, read, index, pictures, photos, source)
        if found is not None:
            problems.append(found)
    if rest := len(tables) - len(looked_at):
        text = f"{rest:,} more tables are not looked at, because at most {len(looked_at)} are"
        problems.append(Problem(None, text, harmless=True))
    return problems


def _problem(
    path: str,
    read: Callable[[], bytes],
    index: FileIndex,
    pictures: Collection[str],
    photos: Mapping[str, Candidate],
    source: str,
) -> Problem | None:
    """Return what has to be said about one table; None where it has no labels."""
    try:
        data = read()
        table = read_table(data, path, None, Asking(), used=set())
    except ImageRefused:
        return None
    except LabelsError as error:
        return Problem(None, f"{path} is not used: {error}") if _should_be_one(data, path) else None
    rows = [row for row in with_own_folder(table, path, pictures).rows if row.label is not None]
    if not rows:
        return None
    if is_template(path):
        text = f"{path} is not used, because its name says that it is a template for predictions"
        return Problem(None, text, harmless=True)
    matched = list(_matched(rows, index))
    if matched:
        if all(_agree(row, photos[file]) for row, file in matched):
            return Problem(None, f"{path} is not used; what it says is the same", harmless=True)
        labels = f"has labels of {_photos(len(matched))}, but is not used, because {source}"
        return Problem(None, f"{path} {labels}; delete the one that is wrong")
    if not _has_column_of_files(data, path, rows):
        return None
    text = f"{path} has labels, but none of its rows names a photo, such as {rows[0].filename[:80]}"
    return Problem(None, f"{text}; correct the names, or delete the table")


def _matched(rows: Collection[LabelRow], index: FileIndex) -> Iterator[tuple[LabelRow, str]]:
    """Yield the rows that name one photo, with it."""
    for row in rows:
        found, certainty = index.candidates(row.filename)
        if len(found) == 1 and certainty < OTHER_FOLDER:
            yield row, found[0]


def _agree(row: LabelRow, photo: Candidate) -> bool:
    """Return whether a row says nothing else than the labels that are used."""
    boxes = [(class_key(one.label or ""), one.box) for one in objects_of(row)]
    used = [(class_key(one.label or ""), one.box) for one in photo.objects]
    return class_key(row.label or "") == class_key(photo.label or "") and boxes in ([], used)


def _should_be_one(data: bytes, path: str) -> bool:
    """Return whether a table that cannot be read has the columns of one, or its name."""
    if PurePosixPath(path).name.lower() == "labels.csv":
        return True
    try:
        top = read_sheet(data, path, Asking(), 1)
    except LabelsError:
        return False
    return top is not None and top.place(*FILENAMES) is not None and top.place(*LABELS) is not None


def _has_column_of_files(data: bytes, path: str, rows: Collection[LabelRow]) -> bool:
    """Return whether a table is about files, and not, for example, a list of classes with their numbers."""
    if any(names_photo(row.filename) for row in rows):
        return True
    top = read_sheet(data, path, Asking(), 1)
    return top is not None and top.place(*FILENAMES) is not None


def _photos(count: int) -> str:
    return "1 photo" if count == 1 else f"{count:,} photos"
