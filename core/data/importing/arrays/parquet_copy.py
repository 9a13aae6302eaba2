"""Copy a Parquet file into a zip of its images and a line of JSON for each row, in a process of its own.

    python -m core.data.importing.arrays.parquet_copy NAME

As for HDF5 (``hdf5_copy``): a damaged file may make the library crash or use all memory, and here that ends only this
process. The Parquet file is standard input and the zip is standard output: ``about.json`` holds the names of classes
that Hugging Face's datasets keep in the schema (https://huggingface.co/docs/datasets/about_dataset_features),
``rows.jsonl`` the other cells, and ``images/0``, ``images/1``, ... the bytes of each row's image.
"""

import json
import sys
import zipfile
from typing import IO, Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from core.data.pictures.decoding import MAX_FILE_BYTES
from core.errors import ArraysError
from core.limited_process import refuse, run_limited

ABOUT, ROWS, IMAGES = "about.json", "rows.jsonl", "images/"
FILE_NAME = "file_name"
MAX_ROWS = 200_000
MAX_COLUMNS = 1_000
MAX_JSON_BYTES = 128 * 2**20
"""The limit for the cells of all rows, without the images."""

_MEMORY_BYTES = 4 * 2**30
_ROWS_AT_ONCE = 16
_DEEPEST = 4  # lists in lists
_START_BYTES = 8  # of an image: they tell its format
_NAMED_IMAGES = ("image", "img", "picture", "photo")

# What pyarrow raises for damaged files.
_DAMAGED = (pa.ArrowException, OSError, ValueError, KeyError, TypeError, OverflowError, MemoryError)


def copy_parquet(source: BinaryIO, target: IO[bytes], name: str) -> None:
    """Write the rows of a Parquet file as a zip. Raises ArraysError where it is damaged or exceeds the limits."""
    try:
        pa.set_memory_pool(pa.system_memory_pool())  # the others reserve more address space than is allowed here
        file = pq.ParquetFile(source, pre_buffer=False)
        if file.metadata.num_rows > MAX_ROWS or len(file.schema_arrow) > MAX_COLUMNS:
            raise ArraysError(
                f"{name} holds {file.metadata.num_rows:,} rows; at most {MAX_ROWS:,} are allowed. "
                "Make several smaller files."
            )
        features = _features(file.schema_arrow)
        image = _image_column(file.schema_arrow, features, name)
        cells = [field.name for field in file.schema_arrow if field.name != image and _is_plain(field.type)]
        about = {"image": image, "columns": cells, "classes": _classes(features, cells)}
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr(ABOUT, json.dumps(about))
            archive.writestr(ROWS, _copy_rows(file, image, cells, archive, name))
    except _DAMAGED as error:
        reason = str(error).partition("\n")[0].strip("'\"")[:200] or type(error).__name__
        raise ArraysError(f"{name} is damaged or incomplete ({reason}). Copy it again, or save it again.") from error


def _copy_rows(file: Any, image: str | None, cells: list[str], archive: zipfile.ZipFile, name: str) -> bytes:
    """Write the images and return the rows as lines of JSON."""
    lines, size, number = [], 0, 0
    columns = [*cells, *([image] if image else [])]
    if len({*columns}) < len(columns):
        raise ArraysError(f"{name} has two columns of the same name. Rename one of them.")
    for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE, columns=columns, use_threads=False):
        for row in batch.to_pylist():
            picture = row.pop(image, None) if image else None
            raw, path = (picture.get("bytes"), picture.get("path")) if isinstance(picture, dict) else (picture, None)
            if isinstance(raw, bytes) and len(raw) <= MAX_FILE_BYTES:
                archive.writestr(f"{IMAGES}{number}", raw)
            row = {key: value for key, value in row.items() if key in cells}
            start = raw[:_START_BYTES].hex() if isinstance(raw, bytes) else ""
            text = json.dumps({"cells": row, "path": path if isinstance(path, str) else None, "start": start})
            size += len(text)
            if size > MAX_JSON_BYTES:
                most = f"at most {MAX_JSON_BYTES // 2**20} MB are allowed"
                raise ArraysError(f"{name} was not read: the cells beside its images are too long; {most}.")
            lines.append(text)
            number += 1
            if number > MAX_ROWS:
                raise ArraysError(f"{name} holds more rows than it says. Save it again.")
    return "\n".join(lines).encode()


def _features(schema: Any) -> dict[str, Any]:
    """Return the features that Hugging Face's datasets keep in the schema; {} where there are none."""
    raw = (schema.metadata or {}).get(b"huggingface", b"{}")
    try:
        found = json.loads(raw)["info"]["features"] if len(raw) <= MAX_JSON_BYTES else {}
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _image_column(schema: Any, features: dict[str, Any], name: str) -> str | None:
    """Return the column of images: by the features, by its struct of bytes and path, or by its name."""
    named = [key for key, one in features.items() if isinstance(one, dict) and one.get("_type") == "Image"]
    found = [field.name for field in schema if field.name in named]
    found = found or [field.name for field in schema if _holds_bytes(field.type)]
    found = found or [field.name for field in schema if field.name in _NAMED_IMAGES and _is_binary(field.type)]
    if len(found) > 1:
        raise ArraysError(f"{name} has several columns of images: {', '.join(found[:5])}. Keep one of them.")
    return found[0] if found else None


def _holds_bytes(kind: Any) -> bool:
    return pa.types.is_struct(kind) and any(
        kind.field(place).name == "bytes" and _is_binary(kind.field(place).type) for place in range(kind.num_fields)
    )


def _is_binary(kind: Any) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _is_plain(kind: Any) -> bool:
    """Return whether JSON can hold the values: text, numbers, truth values, and lists and structs of these."""
    types = pa.types
    if types.is_struct(kind):
        return all(_is_plain(kind.field(place).type) for place in range(kind.num_fields))
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return _is_plain(kind.value_type)
    if types.is_dictionary(kind):
        return _is_plain(kind.value_type)
    plain = (types.is_string, types.is_large_string, types.is_integer, types.is_floating, types.is_boolean)
    return any(check(kind) for check in plain)


def _classes(features: dict[str, Any], cells: list[str]) -> dict[str, list[str]]:
    """Return the names of classes of each column that has some."""
    found = {}
    for column in cells:
        feature = _inner(features.get(column))
        if (names := _names(feature)) is not None:
            found[column] = names
        elif isinstance(feature, dict):  # boxes with their categories
            parts = {f"{column}.{key}": _names(_inner(part)) for key, part in feature.items()}
            found |= {key: names for key, names in parts.items() if names is not None}
    return found


def _inner(feature: Any) -> Any:
    """Return what the items of a list are; any other feature is itself."""
    for _ in range(_DEEPEST):
        if isinstance(feature, list) and len(feature) == 1:
            feature = feature[0]
        elif isinstance(feature, dict) and "feature" in feature and feature.get("_type") != "ClassLabel":
            feature = feature["feature"]
    return feature


def _names(feature: Any) -> list[str] | None:
    names = feature.get("names") if isinstance(feature, dict) and feature.get("_type") == "ClassLabel" else None
    return names if isinstance(names, list) and all(isinstance(one, str) for one in names) else None


def main() -> None:
    """Copy standard input to standard output."""

    def copy(source: BinaryIO, target: BinaryIO) -> None:
        try:
            copy_parquet(source, target, sys.argv[1])
        except ArraysError as error:
            refuse(str(error))

    run_limited(copy, _MEMORY_BYTES)


if __name__ == "__main__":
    main()
