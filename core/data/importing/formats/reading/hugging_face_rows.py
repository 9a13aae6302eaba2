"""Read the rows of a metadata.csv or metadata.jsonl: whatever does not fit its header is said."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from core.data.importing.formats.json_text import JsonRefused, parse_json
from core.data.tables.csv_cells import check_rows, restore
from core.data.tables.label_columns import DELIMITERS


@dataclass(frozen=True)
class MetadataRow:
    """One row with its line; ``problem`` says why it cannot be read."""

    line: int
    cells: dict[str, Any] = field(default_factory=dict)
    problem: str = ""
    marked: dict[str, str] = field(default_factory=dict)  # column -> the cell, where its apostrophe is left out


def metadata_rows(path: str, text: str) -> Iterator[MetadataRow]:
    """Yield each row that is not empty. Raises LabelsError for too many rows."""
    check_rows(text, path)
    yield from _csv_rows(text) if path.endswith(".csv") else _json_rows(text)


def _json_rows(text: str) -> Iterator[MetadataRow]:
    # Other marks that Python counts as ends of lines, such as U+2028, may stand inside a text (https://jsonlines.org).
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            parsed = parse_json(line)
        except JsonRefused as error:
            yield MetadataRow(number, problem=str(error))
            continue
        if isinstance(parsed, dict):
            yield MetadataRow(number, parsed)
        else:
            yield MetadataRow(number, problem="it is no JSON object")


def _csv_rows(text: str) -> Iterator[MetadataRow]:
    start = text.lstrip("\r\n")
    head = start.partition("\n")[0]
    delimiter = max(DELIMITERS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header: list[str] | None = None
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield MetadataRow(line, problem=f"it is no row of a CSV ({error})")
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if header is None:
            header = _distinct([cell.strip() for cell in cells])
        elif any(cell.strip() for cell in cells[len(header) :]) or len(cells) < len(header):
            count = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
            text = f"{count} instead of {len(header)}"
            yield MetadataRow(line, problem=f"{text}; put quotation marks around a cell that contains the delimiter")
        else:
            named = {name: cell for name, cell in zip(header, cells, strict=False) if name}
            row = {name: restore(cell) for name, cell in named.items()}
            marked = {name: cell for name, cell in named.items() if restore(cell) == cell.strip()[1:] != ""}
            yield MetadataRow(line, row, marked=marked)


def _distinct(names: list[str]) -> list[str]:
    """Return the names of the columns; one that stands twice gets a number, so that none of its cells is lost."""
    found: list[str] = []
    for name in names:
        number, free = 2, name
        while name and free in found:
            free = f"{name} ({number})"
            number += 1
        found.append(free)
    return found
