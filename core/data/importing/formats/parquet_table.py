"""Hugging Face image folders whose table is ``metadata.parquet``: read as the same rows in ``metadata.jsonl``."""

import io
import json
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath

from core.data.importing.formats.gathered_labels import CollectedLabels, Files
from core.errors import ArraysError, ImageRefused

METADATA = "metadata.parquet"
"""The name of a table of photos; other Parquet files hold the photos themselves."""


def as_json_lines(files: Files, unread: dict[str, str]) -> tuple[Files, dict[str, str]]:
    """Return the files with a metadata.jsonl in place of each metadata.parquet, and which stands for which.

    ``unread`` gets those that cannot be read, each with the reason. A metadata.jsonl that is there already counts.
    """
    tables = [path for path in files if PurePosixPath(path).name == METADATA]
    if not tables:
        return files, {}
    from core.data.importing.arrays.parquet_file import open_parquet  # imports pyarrow

    found, stands_for = dict(files), {}
    for path in tables:
        lines_path = path.removesuffix(".parquet") + ".jsonl"
        if lines_path in files:
            continue
        try:
            table = open_parquet(io.BytesIO(files[path]()), path)
        except (ArraysError, ImageRefused) as error:
            unread[path] = str(error)
            continue
        lines = []
        for row in table.rows:
            cells = {column: _named(value, table.classes.get(column)) for column, value in row.cells.items()}
            lines.append(json.dumps(cells))
        del found[path]
        found[lines_path] = partial(bytes, "\n".join(lines).encode())
        stands_for[lines_path] = path
    return found, stands_for


def _named(value: object, names: tuple[str, ...] | None) -> object:
    """Return the class that a number stands for; other values stay, and -1 is none."""
    if names is None or isinstance(value, bool) or not isinstance(value, int):
        return value
    return names[value] if 0 <= value < len(names) else None if value == -1 else f"{value}"


def with_own_names(found: CollectedLabels, stands_for: Mapping[str, str]) -> CollectedLabels:
    """Return the labels with the names of the Parquet files that their lines were read from."""
    if not stands_for:
        return found
    problems = list(found.table.problems)
    for lines_path, path in stands_for.items():
        problems = [replace(one, text=one.text.replace(lines_path, path)) for one in problems]
    used = frozenset(stands_for.get(path, path) for path in found.used)
    return replace(found, table=replace(found.table, problems=tuple(problems)), used=used)
