"""Tables in folders, each beside the photos that it labels: ``train/_annotations.csv``, as Roboflow exports them."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace

from core.data.importing.folder_layout import TABLE_SUFFIXES, is_picture, suffix_of
from core.data.importing.formats.csv_styles.choose_table import ChosenTable
from core.data.importing.formats.csv_styles.joined_tables import join_tables
from core.data.importing.formats.csv_styles.read_table import read_table
from core.data.importing.formats.gathering.named_splits import known_split
from core.data.tables.label_rows import LabelTable, Problem
from core.data.tables.questions import Asking
from core.errors import ImageRefused, LabelsError

MOST_TABLES = 500

Readers = Mapping[str, Callable[[], bytes]]

_SHOWN = 3
_SHARE = 0.5  # of a table's rows name photos in its own folder


def choose_folder_tables(files: Readers, asking: Asking, group_column: str | None = None) -> ChosenTable | None:
    """Return the tables that lie beside their own photos as one table; None where there are none.

    A folder called like a split gives the split of the rows that have none. A folder with two such tables has none.
    """
    folders = _by_folder(files)
    tables = {
        folder: [path for path in inside if suffix_of(path) in TABLE_SUFFIXES] for folder, inside in folders.items()
    }
    tables = {folder: paths for folder, paths in tables.items() if folder and paths}
    if not 0 < sum(map(len, tables.values())) <= MOST_TABLES:
        return None
    parts: list[tuple[str, LabelTable]] = []
    used: set[str] = set()
    trial = asking.trial()
    for folder, paths in tables.items():
        found = _own_table(folder, paths, folders[folder], trial, group_column)
        if found is not None:
            name, table, needed = found
            parts.append((name, table))
            used |= needed
    if not parts:
        return None
    asking.adopt(trial)
    names = ", ".join(name for name, _ in parts[:_SHOWN]) + (", ..." if len(parts) > _SHOWN else "")
    remark = Problem(None, f"the labels come from tables beside the photos: {names}", harmless=True)
    table = join_tables(parts)
    source = f"the tables beside the photos count ({names})"
    return ChosenTable(frozenset(used), replace(table, problems=(*table.problems, remark)), source)


def _by_folder(files: Readers) -> dict[str, dict[str, Callable[[], bytes]]]:
    """Return the photos and tables by their folders, which end with a slash; "" is the top."""
    folders: dict[str, dict[str, Callable[[], bytes]]] = defaultdict(dict)
    for path, read in files.items():
        if is_picture(path) or suffix_of(path) in TABLE_SUFFIXES:
            folder, slash, _ = path.rpartition("/")
            folders[folder + slash][path] = read
    return folders


def _own_table(
    folder: str, paths: list[str], inside: Readers, asking: Asking, group_column: str | None
) -> tuple[str, LabelTable, set[str]] | None:
    """Return the only table of a folder whose rows name its photos, with the files that it needs."""
    found = []
    photos = {path: read for path, read in inside.items() if is_picture(path)}
    known = {path.removeprefix(folder) for path in photos}
    known |= {name.rpartition(".")[0] for name in known}
    for path in paths:
        trial, used = asking.trial(), {path}
        others = {other: inside[other] for other in paths if other != path}
        try:
            table = read_table(inside[path](), path, group_column, trial, photos, others, used)
        except (LabelsError, ImageRefused):
            continue
        own = sum(row.filename in known for row in table.rows)
        if table.rows and own >= _SHARE * len(table.rows):
            found.append((path, table, used, trial))
    if len(found) != 1:
        return None
    path, table, used, trial = found[0]
    asking.adopt(trial)
    split = known_split(folder.rstrip("/"))
    rows = tuple(replace(row, filename=folder + row.filename, split=row.split or split) for row in table.rows)
    return path, replace(table, rows=rows), used
