"""Choose the table of labels among several: one that has labels, and no template for predictions; else ask."""

import posixpath
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from core.data.importing.folder_layout import TABLE_SUFFIXES, is_picture, suffix_of
from core.data.importing.formats.csv_styles.columns.class_columns import CLASS_COLUMN
from core.data.importing.formats.csv_styles.joined_tables import join_tables
from core.data.importing.formats.csv_styles.read_table import read_table, read_tool_table
from core.data.importing.formats.csv_styles.vertex_lines import SUFFIX
from core.data.importing.formats.gathering.named_splits import known_split, split_in_name
from core.data.importing.tables.own_folder import OwnFolders
from core.data.tables.column_choices import FILE_COLUMN
from core.data.tables.file_index import FileIndex
from core.data.tables.label_rows import LabelRow, LabelTable, Problem
from core.data.tables.questions import SAMPLED, Asking, Choice, Question
from core.errors import ImageRefused, LabelsError

WHICH_TABLE = "which-table"
"""The kind of the question."""
ALL = "all"

MOST_TABLES = 50
"""How many tables of a folder are looked at."""

_TEMPLATE = "submission"  # in the name of a table on Kaggle: the form of an answer, with labels that mean nothing
_MOST_CHOICES = 8

Readers = Mapping[str, Callable[[], bytes]]


@dataclass(frozen=True)
class ChosenTable:
    """A table of labels with the files that it was read from."""

    used: frozenset[str]
    table: LabelTable
    source: str  # why another table does not count: "labels.csv counts"
    asked: frozenset[str] = frozenset()  # the tables that a person chooses from


@dataclass(frozen=True)
class _Readable:
    """A table with labels, and what reading it asked."""

    table: LabelTable
    asking: Asking
    used: frozenset[str]


def choose_table(
    tables: Readers,
    asking: Asking,
    group_column: str | None = None,
    photos: Readers | None = None,
    own: bool = False,
    everywhere: bool = False,
    any_columns: bool = False,
    known_columns: bool = True,
) -> ChosenTable:
    """Return labels.csv, else the table that has labels. Raises LabelsError listing the tables where none has.

    Of several, those called "submission" are left out, which is said; which of the others counts is asked. ``own`` is
    that of ``read_table``. With ``everywhere``, tables in folders compete too, if ``photos`` are what their rows name.
    With ``any_columns``, and where no table has known columns, one column of a table has to name ``photos``; without
    ``known_columns``, it is known that no table has them.
    """
    named = [path for path in tables if path.lower() == "labels.csv"]
    for any_names in (False, True)[not known_columns : 1 + any_columns]:
        readable: dict[str, _Readable] = {}
        wrong: list[LabelsError] = []
        for path in named or sorted(tables):
            trial, used = asking.trial(), {path}
            others = {other: read for other, read in tables.items() if other != path}
            try:
                data = tables[path]()
                table = read_table(data, path, group_column, trial, photos, others, used, own, any_names)
            except LabelsError as error:
                wrong.append(error)
            else:
                readable[path] = _Readable(table, trial, frozenset(used))
        if readable:
            break
    if readable:
        if everywhere and not named:
            readable |= _naming_photos(photos or {}, asking, group_column)
        return _chosen(readable, asking, photos)
    if len(wrong) == 1:
        raise wrong[0]
    raise LabelsError(
        f"None of the tables {', '.join(sorted(tables))} has a column for the file and one for the label. "
        "Rename the right one to labels.csv and give it the columns filename and label."
    )


def choose_tool_table(files: Readers, asking: Asking, photos: Readers | None = None) -> ChosenTable | None:
    """Return the table in the unmistakable style of another tool, wherever it lies; None where there is none."""
    tables = tables_among(files)
    readable: dict[str, _Readable] = {}
    for path in tables:
        trial, used = asking.trial(), {path}
        others = {other: read for other, read in tables.items() if other != path}
        try:
            table = read_tool_table(tables[path](), path, trial, photos or {}, others, used)
        except ImageRefused:
            continue
        if table is not None:
            readable[path] = _Readable(table, trial, frozenset(used))
    return _chosen(readable, asking, photos) if readable else None


def choose_placed_table(files: Readers, asking: Asking, group_column: str | None = None) -> ChosenTable | None:
    """Return the table in any folder whose rows name photos, wherever these lie; None where there is none.

    Which of several counts is asked, as in ``choose_table``. Raises LabelsError where it lacks the ``group_column``.
    """
    readable = _naming_photos(files, asking, group_column)
    return _chosen(readable, asking, files) if readable else None


def _naming_photos(files: Readers, asking: Asking, group_column: str | None) -> dict[str, _Readable]:
    """Return the tables of labels in folders of which some row names a photo."""
    tables = tables_among(files)
    placed = [path for path in tables if "/" in path and suffix_of(path) in TABLE_SUFFIXES]
    if not placed:
        return {}
    pictures = {path for path in files if is_picture(path)}
    index = FileIndex(pictures)
    readable: dict[str, _Readable] = {}
    for path in placed:
        trial, used = asking.trial(), {path}
        others = {other: read for other, read in tables.items() if other != path}
        try:
            data = tables[path]()
            table = read_table(data, path, None, trial, files, others, used)
        except (LabelsError, ImageRefused):
            continue
        table = with_own_folder(table, path, pictures)
        if not any(index.candidates(row.filename)[0] for row in table.rows):
            continue
        if group_column is not None:
            trial, used = asking.trial(), {path}
            table = with_own_folder(read_table(data, path, group_column, trial, files, others, used), path, pictures)
        readable[path] = _Readable(table, trial, frozenset(used))
    return readable


def with_own_folder(table: LabelTable, path: str, pictures: Collection[str]) -> LabelTable:
    """Return the table with the whole paths of photos that its rows name from its folder on: ``../images/1.jpg``."""
    folder = path.rpartition("/")[0]

    def whole(name: str) -> str:
        joined = posixpath.normpath(posixpath.join(folder, name.replace("\\", "/")))
        return joined if joined in pictures else name

    return replace(table, rows=tuple(replace(row, filename=whole(row.filename)) for row in table.rows))


def is_template(path: str) -> bool:
    """Return whether a table's name says that it is the form of an answer, whose labels mean nothing."""
    return _TEMPLATE in PurePosixPath(path).name.lower()


def tables_among(files: Readers) -> dict[str, Callable[[], bytes]]:
    """Return the tables among files, those in the upper folders first; at most as many as are looked at."""
    suffixes = {*TABLE_SUFFIXES, SUFFIX}
    paths = sorted((path for path in files if suffix_of(path) in suffixes), key=lambda path: (path.count("/"), path))
    return {path: files[path] for path in paths[:MOST_TABLES]}


def _chosen(readable: dict[str, _Readable], asking: Asking, photos: Readers | None) -> ChosenTable:
    remarks: list[Problem] = []
    left = {path: why for path, one in readable.items() if (why := _no_labels(path, one))}
    if len(left) < len(readable):
        readable = {path: one for path, one in readable.items() if path not in left}
        remarks += [Problem(None, f"{path} is not used, because {why}", harmless=True) for path, why in left.items()]
    else:
        left = {}
    folders = OwnFolders({path for path in photos or () if is_picture(path)})
    readable = {path: replace(one, table=folders.places(one.table, path)) for path, one in readable.items()}
    unclear = len(readable) > 1 and any(folders.is_unclear(one.table) for one in readable.values())
    same = [] if unclear else _equal_to_first(readable)
    remarks += [Problem(None, f"{path} says the same as {next(iter(readable))}", harmless=True) for path in same]
    readable = {path: one for path, one in readable.items() if path not in same}
    answer = ALL if _each_in_its_folder(readable) else _answer(readable, unclear, asking)
    path = answer or next(iter(readable))
    source = f"{path} counts"
    if path == ALL:
        source = f"{', '.join(list(readable)[:_MOST_CHOICES])} count"
        for one in readable.values():
            asking.adopt(one.asking)
        tables = {name: folders.places(one.table, name, asking) for name, one in readable.items()}
        splits = _splits(readable)
        table = join_tables([(name, _with_split(one, splits[name])) for name, one in tables.items()])
        used = frozenset(path for one in readable.values() for path in one.used)
    else:
        asking.adopt(readable[path].asking)
        table, used = readable[path].table, readable[path].used
    if placed := [one for one in readable if "/" in one and path in (ALL, one)]:
        remarks.append(Problem(None, f"the labels come from {', '.join(placed[:_MOST_CHOICES])}", harmless=True))
    asked = frozenset(list(readable)[:_MOST_CHOICES]) if len(readable) > 1 else frozenset()
    table = replace(table, problems=(*table.problems, *remarks))
    return ChosenTable(used.union(left, same), table, source, asked)


def _each_in_its_folder(readable: Mapping[str, _Readable]) -> bool:
    """Return whether each of several tables names only photos in its own folder, so that all of them count."""
    own = {path: f"{posixpath.dirname(path)}/" for path in readable}
    apart = all("/" in path and not any(one != other and other.startswith(one) for other in own.values())
                for path, one in own.items())  # fmt: skip
    return (
        len(readable) > 1
        and apart
        and len({*own.values()}) == len(own)
        and all(row.filename.startswith(own[path]) for path, one in readable.items() for row in one.table.rows)
    )


def _equal_to_first(readable: Mapping[str, _Readable]) -> list[str]:
    """Return the tables whose rows are those of the first one; not while it is asked which columns count."""
    asked = (one.kind for table in readable.values() for one in table.asking.open)
    if len(readable) == 1 or not {CLASS_COLUMN, FILE_COLUMN}.isdisjoint(asked):
        return []
    first, *others = [(path, [_without_lines(row) for row in one.table.rows]) for path, one in readable.items()]
    return [path for path, rows in others if rows == first[1]]


def _without_lines(row: LabelRow) -> LabelRow:
    return replace(row, line=0, objects=tuple(replace(one, line=0) for one in row.objects))


def _no_labels(path: str, one: _Readable) -> str | None:
    """Return why a table is not meant to give labels if another one does; None where it may be."""
    if is_template(path):
        return "its name says that it is a template for predictions"
    labelled = any(row.label for row in one.table.rows) or one.asking.open
    return None if labelled else "none of its rows has a label"


def _answer(readable: Mapping[str, _Readable], unclear: bool, asking: Asking) -> str | None:
    """Return the table to use, or ALL; asks where there are several, and returns None while nobody has answered.

    ``unclear`` says that it is not known which photos some of the rows mean.
    """
    if len(readable) == 1:
        return next(iter(readable))
    splits = _splits(readable)
    by_name = None not in splits.values() and len({*splits.values()}) == len(splits)
    columns = ("photo", "class", "split") if by_name else ("photo", "class")
    choices = []
    if by_name or unclear or _about_other_photos(readable):
        why = ", with the splits that their names say" if by_name else ": each is about other photos"
        rows = [row for path, one in readable.items() for row in _with_split(one.table, splits[path]).rows[:1]]
        choices.append(Choice(ALL, f"Use all of them{why}", _sample(rows, columns)))
    for path, one in list(readable.items())[:_MOST_CHOICES]:
        choices.append(Choice(path, f"Use {path}", _sample(one.table.rows, columns)))
    text = f"{len(readable)} tables have labels: {', '.join(list(readable)[:_MOST_CHOICES])}. Which one is right?"
    answer = asking.ask(Question(WHICH_TABLE, text, tuple(choices), "", columns))
    return answer if answer is not None or unclear else choices[0].key


def _sample(rows: Sequence[LabelRow], columns: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    return tuple((row.filename, row.label or "", row.split or "")[: len(columns)] for row in rows[:SAMPLED])


def _about_other_photos(readable: Mapping[str, _Readable]) -> bool:
    """Return whether no two tables name the same photo."""
    names = [{row.filename for row in one.table.rows} for one in readable.values()]
    return all(names) and len(set().union(*names)) == sum(map(len, names))


def _splits(paths: Collection[str]) -> dict[str, str | None]:
    """Return the splits in the names of tables: with other words beside them only where each says another split."""
    loosely = {path: split_in_name(path) for path in paths}
    if None not in loosely.values() and len({*loosely.values()}) == len(loosely):
        return loosely
    return {path: known_split(path) for path in paths}


def _with_split(table: LabelTable, split: str | None) -> LabelTable:
    """Return the table with the split of its name in the rows that have none."""
    return replace(table, rows=tuple(replace(row, split=row.split or split) for row in table.rows))
