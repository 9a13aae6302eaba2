"""Match the rows of a table with photos, and give these what the rows and their folders say."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path

from core.data.importing.folder_layout import TABLE_SUFFIXES, common_folder, is_picture, suffix_of
from core.data.importing.import_plan import Candidate
from core.data.importing.names.table_splits import splits_of_folders, with_splits_of_folders
from core.data.importing.tables.photos_without_rows import settle_photos_without_rows
from core.data.tables.label_rows import LabelTable, objects_of
from core.data.tables.labels_csv import NO_LABEL, Problem, match_files
from core.data.tables.questions import Asking

_DIGITS = re.compile(r"\d+")

Readers = Mapping[str, Callable[[], bytes]]


def folder_around(files: Collection[str], table: LabelTable | None) -> str:
    """Return the folder around all photos and tables, with its slash, which says nothing; "" where the table has it."""
    folder = common_folder([path for path in files if is_picture(path) or suffix_of(path) in TABLE_SUFFIXES])
    in_table = table and any(row.filename.replace("\\", "/").startswith(folder) for row in table.rows)
    return "" if in_table else folder


def given_folder(folder: Path, table: LabelTable) -> str:
    """Return the name of the folder that was given, with its slash, where a row names another one of its kind; else "".

    Rows of patient2/ are not those of the photos in patient1/. A folder is of its kind if its name differs only in
    digits, or if it lies beside it.
    """
    try:
        beside = {path.name.casefold() for path in folder.parent.iterdir() if path.is_dir()}
    except OSError:
        beside = set()
    own = folder.name.casefold()
    paths = (row.filename.replace("\\", "/").casefold().split("/")[:-1] for row in table.rows)
    named = {part for parts in paths if own not in parts for part in parts if part not in ("", ".", "..")}
    alike = any(part in beside or _DIGITS.sub("0", part) == _DIGITS.sub("0", own) for part in named)
    return f"{folder.name}/" if alike else ""


def photos_of_rows(
    table: LabelTable, photos: Readers, files: Readers, problems: list[Problem], asking: Asking, root: str = ""
) -> list[Candidate]:
    """Return the photos as ``by_rows``, with the splits of their folders where the table says none.

    ``files`` are all files, such as a list of the test photos. ``root`` is the folder around all of them, which their
    names have lost.
    """
    candidates = by_rows(table, photos, problems, False, asking, root)
    splits = splits_of_folders(photos)
    settle_photos_without_rows(candidates, table.rows, splits, files, problems)
    return with_splits_of_folders(candidates, splits, problems)


def by_rows(
    table: LabelTable,
    photos: Readers,
    problems: list[Problem],
    own: bool,
    asking: Asking | None = None,
    root: str = "",
) -> list[Candidate]:
    """Return the photos in the order of the table's rows, then those without a row.

    ``own`` is an export of ours, where photos without a row or a label are expected. ``root`` is the folder around all
    photos.
    """
    file_of, unmatched = match_files(table, photos, own, asking, root)
    for problem in table.problems:
        expected = own and problem.text.startswith(NO_LABEL)
        problems.append(replace(problem, harmless=True) if expected else problem)
    problems += unmatched
    candidates = []
    for row in table.rows:
        if row.line in file_of:
            file = file_of[row.line]
            one = Candidate(file, row.label, row.split, row.box, photos[file], objects_of(row), row.line)
            candidates.append(replace(one, group=row.group, tags=row.tags, frame=row.frame, opinions=row.opinions))
    with_row = set(file_of.values())
    candidates += [Candidate(file, None, None, None, read) for file, read in photos.items() if file not in with_row]
    return candidates
