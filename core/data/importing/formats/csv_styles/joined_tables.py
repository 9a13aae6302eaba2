"""Join several tables of labels; their lines get running numbers, and problems name the table and its own line."""

import re
from collections.abc import Sequence
from dataclasses import replace

from core.data.importing.formats.csv_styles.usual_table import with_own_lines
from core.data.tables.label_rows import LabelRow, LabelTable, Problem, objects_of
from core.data.tables.labels_csv import STRICTEST_FIRST
from core.data.tables.names import class_key

Parts = tuple[tuple[str, int], ...]
"""The tables that one was joined from, each with the number of lines before its own."""


def join_tables(tables: Sequence[tuple[str, LabelTable]]) -> LabelTable:
    """Return one table with the rows of all; a photo in several of them stays only where they agree."""
    parts: list[tuple[str, int]] = []
    rows: dict[str, LabelRow] = {}
    problems: list[Problem] = []
    unclear: set[str] = set()
    before = 0
    for name, table in tables:
        parts.append((name, before))
        problems += [in_own_table(one, ((name, 0),)) for one in table.problems]
        for row in table.rows:
            moved = _moved(row, before)
            first = rows.setdefault(row.filename, moved)
            if first is moved:
                continue
            where = f"{in_place(first.line, tuple(parts))} and in {in_place(moved.line, tuple(parts))}"
            if _agree(first, moved):
                split = next((one for one in STRICTEST_FIRST if one in (first.split, moved.split)), None)
                rows[row.filename] = replace(first, split=split)
                kept = f", in {split}" if first.split != moved.split else ""
                problems.append(Problem(None, f"{row.filename} is in {where}; one row is kept{kept}"))
            else:
                unclear.add(row.filename)
                problems.append(Problem(None, f"{row.filename} is in {where} with different labels; neither is used"))
        before += 1 + max([row.line for row in table.rows] + [one.line or 0 for one in table.problems], default=0)
    kept_rows = tuple(row for name, row in rows.items() if name not in unclear)
    ignored = tuple(dict.fromkeys(column for _, table in tables for column in table.ignored_columns))
    groups = tables[0][1].group_columns
    return LabelTable(kept_rows, tuple(problems), ignored, groups, tuple(parts))


def in_own_table(problem: Problem, parts: Parts) -> Problem:
    """Return a problem of a joined table with the table and the line that it is about."""
    if problem.line is None or not parts:
        return problem
    name, before = _part_of(problem.line, parts)
    text = with_own_lines(problem.text, lambda line: line - _part_of(line, parts)[1])
    for other in {int(line) for line in re.findall(r"\(line ([0-9]+)\)", problem.text)}:
        part, start = _part_of(other, parts)
        if part != name:  # a row of another table is named with it
            text = text.replace(f"(line {other - start})", f"({part}, line {other - start})")
    return replace(problem, line=None, text=f"{name}, line {problem.line - before}: {text}")


def in_place(line: int, parts: Parts) -> str:
    """Return the table and the line of a running number."""
    name, before = _part_of(line, parts)
    return f"{name} (line {line - before})"


def _part_of(line: int, parts: Parts) -> tuple[str, int]:
    return next((one for one in reversed(parts) if one[1] < line), parts[0])


def _moved(row: LabelRow, by: int) -> LabelRow:
    objects = tuple(replace(one, line=one.line + by) for one in row.objects)
    return replace(row, line=row.line + by, objects=objects)


def _agree(first: LabelRow, second: LabelRow) -> bool:
    """Return whether two rows give a photo the same label and boxes."""
    boxes = [[(one.label, one.box) for one in objects_of(row)] for row in (first, second)]
    return class_key(first.label or "") == class_key(second.label or "") and boxes[0] == boxes[1]
