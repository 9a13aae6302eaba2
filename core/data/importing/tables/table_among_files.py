"""Find the table that gives the labels among the files of an import."""

from collections.abc import Callable, Collection, Mapping

from core.data.importing.folder_layout import TABLE_SUFFIXES, suffix_of
from core.data.importing.formats.csv_styles.choose_table import (
    ChosenTable,
    choose_placed_table,
    choose_table,
    choose_tool_table,
)
from core.data.importing.formats.csv_styles.folder_tables import choose_folder_tables
from core.data.importing.names.folder_classes import read_folders
from core.data.tables.label_rows import Problem
from core.data.tables.questions import Asking
from core.errors import LabelsError

Readers = Mapping[str, Callable[[], bytes]]


def table_among(
    files: Readers,
    photos: Collection[str],
    problems: list[Problem],
    group_column: str | None,
    asking: Asking,
    own: bool,
) -> ChosenTable | None:
    """Return the table in the top folder, else one in any other; None where there is none.

    ``photos`` are the paths of the photos; where their folders are classes, a table that does not fit is a problem
    only. ``own`` is an export of ours. Raises LabelsError where the table cannot be chosen or read.
    """
    tables = {path: read for path, read in files.items() if suffix_of(path) in TABLE_SUFFIXES and "/" not in path}
    try:
        if tables:
            return choose_table(tables, asking, group_column, files, own, everywhere=not own)
    except LabelsError as error:
        if chosen := _table_in_folders(files, group_column, asking):
            return chosen
        by_folders = any(one.label for one in read_folders(photos, asking.trial()).meanings.values())
        if not by_folders or any(path.lower() == "labels.csv" for path in tables):
            # No table has known columns, and nothing else gives labels.
            if own:
                raise
            return choose_table(tables, asking, group_column, files, any_columns=True, known_columns=False)
        problems.append(Problem(None, f"the class folders give the labels, because no table fits: {error}"))
        return None
    return _table_in_folders(files, group_column, asking)


def _table_in_folders(files: Readers, group_column: str | None, asking: Asking) -> ChosenTable | None:
    """Return the tables beside their photos, else another tool's table in any folder, else one that names photos."""
    beside = choose_folder_tables(files, asking, group_column)
    tool = beside or choose_tool_table(files, asking, files)
    return tool or choose_placed_table(files, asking, group_column)
