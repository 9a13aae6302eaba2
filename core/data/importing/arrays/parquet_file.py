"""Open an untrusted Parquet file: its rows as plain values, and the function that reads each image."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from core.data.importing.archives import ZipLimits, list_zip
from core.data.importing.arrays.array_files import copy_apart, damaged_file
from core.data.importing.arrays.parquet_copy import ABOUT, IMAGES, MAX_JSON_BYTES, MAX_ROWS, ROWS
from core.data.importing.formats.json_text import JsonRefused, parse_json
from core.data.pictures.decoding import MAX_FILE_BYTES
from core.errors import DataError, ImageRefused

_COPY = ("-m", "core.data.importing.arrays.parquet_copy")
_LIMITS = ZipLimits(entries=MAX_ROWS + 2, file_bytes=max(MAX_FILE_BYTES, 2 * MAX_JSON_BYTES), all_bytes=64 * 2**30)


@dataclass(frozen=True)
class ParquetRow:
    """One row: its cells, and the name and bytes of its image where it has one."""

    cells: Mapping[str, Any]
    path: str | None
    read: Callable[[], bytes] | None  # raises ImageRefused
    start: bytes = b""  # the first bytes of the image


@dataclass(frozen=True)
class ParquetFile:
    """The rows of a file."""

    image: str | None  # the column of images
    columns: tuple[str, ...]  # the other ones
    classes: Mapping[str, tuple[str, ...]]  # column -> names that its numbers stand for
    rows: tuple[ParquetRow, ...]


def open_parquet(source: Path | BinaryIO, name: str) -> ParquetFile:
    """Return the rows of a Parquet file, copied by another process, which may crash or hang. Raises ArraysError."""
    copy = copy_apart(_COPY, source, name)
    try:
        files = list_zip(copy, name, _LIMITS).files
        about = parse_json(files.pop(ABOUT)().decode())
        lines = files.pop(ROWS)().decode().split("\n")
        rows = [parse_json(line) for line in lines if line]
    except (DataError, ImageRefused, JsonRefused) as error:
        raise damaged_file(name, error) from error
    classes = {column: tuple(names) for column, names in about["classes"].items()}
    found = [
        ParquetRow(row["cells"], row["path"], files.get(f"{IMAGES}{number}"), bytes.fromhex(row["start"]))
        for number, row in enumerate(rows)
    ]
    return ParquetFile(about["image"], tuple(about["columns"]), classes, tuple(found))
