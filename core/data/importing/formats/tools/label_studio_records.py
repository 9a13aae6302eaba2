"""Label Studio's short forms, JSON-MIN and CSV: one record for each annotation, with a column for each control."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from core.data.importing.formats.gathered_labels import LabelCollector
from core.data.importing.formats.json_text import JsonRefused, parse_json
from core.data.importing.formats.tools.label_studio_results import CHOICES, Annotated, Answers, ResultReader
from core.data.tables.csv_cells import check_rows

MARKS = ("annotator", "annotation_id", "lead_time", "created_at", "updated_at")
BOOKKEEPING = frozenset((*MARKS, "id", "agreement", "history"))
"""The columns that Label Studio adds to those of the data and of the controls."""


def are_records(content: Sequence[Any]) -> bool:
    """Return whether the first elements of a JSON list are records."""
    return bool(content) and all(
        isinstance(one, dict) and "id" in one and sum(mark in one for mark in MARKS) >= 3 for one in content
    )


def is_record_table(head: str) -> bool:
    """Return whether the first line of a CSV is that of records."""
    lines = head.splitlines()[:1]
    cells = next(csv.reader(lines, delimiter="\t" if lines and lines[0].count("\t") > 2 else ","), [])
    return {"annotation_id", "lead_time", "annotator"}.issubset(cells)


def records_in_table(path: str, text: str, collected: LabelCollector) -> list[tuple[str, dict[str, Any]]]:
    """Return the records of a table, each with its place. Raises LabelsError for too many rows."""
    check_rows(text, path)
    delimiter = "\t" if text.partition("\n")[0].count("\t") > 2 else ","
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    found = []
    try:
        for row in rows:
            record = {key: _value(cell) for key, cell in row.items() if key and isinstance(cell, str)}
            found.append((f"{path}, line {rows.line_num}", record))
    except csv.Error:
        collected.add_problem(f"{path}, line {rows.line_num}", "from here on it is not CSV; the rest is skipped")
    return found


def _value(cell: str) -> Any:
    """Return the content of a cell; lists and dictionaries are JSON."""
    if not cell.startswith(("[", "{")):
        return cell
    try:
        return parse_json(cell)
    except JsonRefused:
        return cell


def read_record(about: Annotated, columns: Mapping[str, Any], results: ResultReader) -> Answers:
    """Return the answers in the columns of a record that are not bookkeeping.

    A text may be a choice, and may also be a part of the data: which column is the class is asked where several may be.
    """
    answers = Answers()
    for control, value in columns.items():
        if isinstance(value, str) and value.strip():
            answers.choices[control] = [value]
        elif isinstance(value, dict) and isinstance(value.get(CHOICES), list):
            answers.choices[control] = [one for one in value[CHOICES] if isinstance(one, str)]
        elif isinstance(value, list):
            for one in value:
                if isinstance(one, dict):
                    results.read_value(about, answers, _kind(one), one)
    return answers


def _kind(value: Mapping[str, Any]) -> str:
    """Return the type of a region, which records leave out: it is the name of its labels."""
    return next((key for key in value if key.endswith("labels") or key == CHOICES), "region")
