"""Hugging Face image folders whose table is ``metadata.parquet``: read as the same rows in ``metadata.jsonl``.

The names of the classes, which stand in the schema, are read as those in a ``dataset_infos.json``.
"""

import io
import json
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath

from core.data.importing.formats.gathered_labels import CollectedLabels, Files
from core.data.importing.formats.reading.hugging_face_classes import INFOS
from core.errors import ArraysError, ImageRefused

METADATA = "metadata.parquet"
"""The name of a table of photos; other Parquet files hold the photos themselves."""


def as_json_lines(files: Files, unread: dict[str, str]) -> tuple[Files, dict[str, str]]:
    """Return the files with a metadata.jsonl in place of each metadata.parquet, and which file stands for which.

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
        lines = [json.dumps(_without_marks_of_none(row.cells, table.classes)) for row in table.rows]
        del found[path]
        found[lines_path] = partial(bytes, "\n".join(lines).encode())
        stands_for[lines_path] = path
        infos_path = path.removesuffix(METADATA) + INFOS[0]
        if table.classes and infos_path not in files:
            found[infos_path] = partial(bytes, json.dumps(_features(table.classes)).encode())
            stands_for[infos_path] = path
    return found, stands_for


def _without_marks_of_none(cells: Mapping[str, object], classes: Mapping[str, object]) -> dict[str, object]:
    """Return the cells of a row without the -1 that stands for no class."""
    return {column: None if value == -1 and column in classes else value for column, value in cells.items()}


def _features(classes: Mapping[str, tuple[str, ...]]) -> dict[str, object]:
    """Return the declaration of the columns' classes as in dataset_infos.json: "objects.category" is a part."""
    return {column.rpartition(".")[2]: {"_type": "ClassLabel", "names": [*names]} for column, names in classes.items()}


def with_own_names(found: CollectedLabels, stands_for: Mapping[str, str]) -> CollectedLabels:
    """Return the labels with the names of the Parquet files that their lines were read from."""
    if not stands_for:
        return found
    problems = list(found.table.problems)
    for lines_path, path in stands_for.items():
        problems = [replace(one, text=one.text.replace(lines_path, path)) for one in problems]
    used = frozenset(stands_for.get(path, path) for path in found.used)
    return replace(found, table=replace(found.table, problems=tuple(problems)), used=used)
