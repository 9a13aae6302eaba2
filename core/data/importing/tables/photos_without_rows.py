"""Say in one remark which photos a table leaves out on purpose: the test photos of a competition."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from core.data.importing.folder_layout import TABLE_SUFFIXES, suffix_of
from core.data.importing.formats.csv_styles.choose_table import is_template, tables_among
from core.data.importing.formats.csv_styles.named_columns import CLASSES, photo_column
from core.data.importing.formats.csv_styles.sheet import Sheet, read_sheet
from core.data.importing.formats.gathering.named_splits import split_in_name
from core.data.importing.import_plan import Candidate
from core.data.importing.names.table_splits import split_folder
from core.data.tables.file_index import NO_SUFFIX, FileIndex
from core.data.tables.label_rows import LabelRow, Problem
from core.data.tables.name_matching import no_row
from core.data.tables.questions import Asking
from core.errors import ImageRefused, LabelsError

Readers = Mapping[str, Callable[[], bytes]]


def settle_photos_without_rows(
    candidates: Sequence[Candidate],
    rows: Sequence[LabelRow],
    splits: Mapping[str, str],
    files: Readers,
    problems: list[Problem],
) -> None:
    """Replace the problems of photos without a row by one remark, where the table is not about their folder or list.

    That is a test folder (``splits`` are those of the folders) of which the table names no photo, or a list without
    labels such as test.csv.
    """
    left = [one.name for one in candidates if one.line is None]
    if not left or len(left) == len(candidates):
        return
    expected: dict[str, list[str]] = defaultdict(list)
    with_row = [one.name for one in candidates if one.line is not None]
    for folder, photos in _in_test_folders(left, splits).items():
        if not _names_any(folder, with_row, rows):
            expected[f"in {folder}"] = photos
    others = set(left).difference(*expected.values())
    for path, photos in _listed(others, files):
        expected[f"that {path} lists"] = photos
    settled = {no_row(path) for photos in expected.values() for path in photos}
    problems[:] = [one for one in problems if one.line is not None or one.text not in settled]
    for where, photos in expected.items():
        one = len(photos) == 1
        have, are = ("1 photo", "has") if one else (f"{len(photos):,} photos", "have")
        text = f"{have} {where} {are} no row; {'it is' if one else 'they are'} imported without a label"
        problems.append(Problem(None, text, harmless=True))


def _in_test_folders(photos: Sequence[str], splits: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the photos in folders of the test split, by these folders."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in photos:
        if splits.get(path) == "test":
            found[split_folder(path, "test")].append(path)
    return dict(found)


def _names_any(folder: str, with_row: Sequence[str], rows: Sequence[LabelRow]) -> bool:
    """Return whether a row has a photo in the folder, or says that it has."""
    named = f"{folder}/"
    written = (row.filename.replace("\\", "/") for row in rows)
    return any(path.startswith(named) for path in with_row) or any(f"/{named}" in f"/{name}" for name in written)


def _listed(photos: set[str], files: Readers) -> Iterator[tuple[str, list[str]]]:
    """Yield the tables that name some of these photos without giving labels, with these photos; each photo once."""
    # A template lists the test photos too; a table called test says it better.
    for path, read in sorted(tables_among(files).items(), key=lambda item: is_template(item[0])):
        if not photos:
            return
        test = split_in_name(PurePosixPath(path).name) == "test"
        if suffix_of(path) not in TABLE_SUFFIXES or not (test or is_template(path)):
            continue
        try:
            sheet = read_sheet(read(), path, Asking())
        except (LabelsError, ImageRefused):
            continue
        if sheet is None or (not is_template(path) and sheet.place(*CLASSES) is not None):
            continue
        if named := sorted(_named(sheet, photos)):
            photos = photos.difference(named)
            yield path, named


def _named(sheet: Sheet, photos: set[str]) -> set[str]:
    """Return those of the photos that a table names."""
    place = photo_column(sheet)
    if place is None:
        return set()
    index = FileIndex(photos)
    found = (index.candidates(row.cell(place)) for row in sheet.body)
    return {paths[0] for paths, certainty in found if len(paths) == 1 and certainty <= NO_SUFFIX}
