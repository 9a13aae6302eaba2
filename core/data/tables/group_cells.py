"""The cells of a table of labels that name a photo's group and its tags."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from core.data.tables.csv_cells import restore
from core.data.tables.label_columns import GROUP, TAG_SEPARATOR, Header
from core.data.tables.label_rows import LabelRow, Problem
from core.data.tables.names import name_key, storable_name, tidy_name
from core.errors import DataError


def group_problems(header: Header) -> list[Problem]:
    """Say which column the groups are read from, or that a person must choose one."""
    columns = header.group_columns
    if columns.unclear:
        *others, last = columns.possible
        text = f"the columns {', '.join(others)} and {last} may each name the groups; choose one of them, or none"
        return [Problem(header.line, text)]
    if columns.taken is None or columns.taken.lower() == GROUP:
        return []
    text = f"the column {columns.taken} is read as the group: photos of one {columns.taken} stay in one split"
    return [Problem(header.line, text, harmless=True)]


def with_group_cells(row: LabelRow, header: Header, cells: Sequence[str], problems: list[str]) -> LabelRow:
    """Return the row with the group and the tags in its cells; what cannot be one becomes a problem."""
    group, tags = None, []
    if header.group is not None and (cell := restore(cells[header.group])):
        group = _name(cell, "group", problems)
    if header.tags is not None:
        for part in restore(cells[header.tags]).split(TAG_SEPARATOR):
            if part.strip() and (tag := _name(part, "tag", problems)):
                tags.append(tag)
    return replace(row, group=group, tags=_each_once(tags)) if group or tags else row


def same_groups(rows: Sequence[LabelRow]) -> list[LabelRow]:
    """Give each group the spelling of its first row: "Anna" and "anna" are one group."""
    first: dict[str, str] = {}
    for row in rows:
        if row.group is not None:
            first.setdefault(name_key(row.group), row.group)
    return [row if row.group is None else replace(row, group=first[name_key(row.group)]) for row in rows]


def one_group(rows: Iterable[LabelRow]) -> tuple[str | None, str]:
    """Return the group that the rows of one file agree on; else None, and what differs."""
    found = {row.group: row.line for row in reversed([*rows]) if row.group is not None}
    if len(found) < 2:
        return next(iter(found), None), ""
    (one, line), (other, further) = sorted(found.items(), key=lambda item: item[1])[:2]
    return None, f'two groups, "{one}" (line {line}) and "{other}" (line {further})'


def _name(cell: str, what: str, problems: list[str]) -> str | None:
    try:
        return tidy_name(storable_name(cell), what)
    except DataError as error:
        problems.append(f"the {what} is not used: {str(error)[:1].lower()}{str(error)[1:].rstrip('.')}")
        return None


def _each_once(tags: Sequence[str]) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for tag in tags:
        found.setdefault(name_key(tag), tag)
    return tuple(found.values())
