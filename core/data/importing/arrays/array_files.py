"""Open untrusted .npz and .h5 files: list their arrays and read their rows on demand.

Nothing is unpickled, no link to another file is followed, and nothing is read before the array's size is checked.
"""

import io
import math
import os
import shutil
import tempfile
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from core.data.importing.archives import DAMAGED, ZipLimits, list_zip
from core.data.pictures.decoding import MAX_FILE_BYTES
from core.errors import ArraysError, DataError
from core.limited_process import PATIENCE_SECONDS, FileRefused, FileUnreadable, read_limited

ARRAY_LIMITS = ZipLimits(entries=1_000, file_bytes=16 * 2**30)
"""The number of arrays in one file, and the bytes of one array, which is never wholly in memory."""

BLOCK_BYTES = 16 * 2**20
"""How much of an array is usually read in one go."""

COPY = ("-m", "core.data.importing.arrays.hdf5_copy")
_HDF5_START = b"\x89HDF\r\n\x1a\n"
_ZIP_START = b"PK"
_HEADER_BYTES = 16_384  # numpy's own headers are shorter than 10,000 bytes
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}

# What numpy raises for an invalid header, which it parses as a Python literal.
_INVALID_HEADER = (*DAMAGED, tokenize.TokenError, SyntaxError, RecursionError, MemoryError, TypeError, OverflowError)


@dataclass(frozen=True)
class StoredArray:
    """An array of a file, not read yet."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    rows: Callable[[int, int], NDArray[Any]]  # rows [first, end) along the first axis
    rows_per_read: int  # the best number of rows to read in one go

    @property
    def row_bytes(self) -> int:
        """Return the number of bytes in one row."""
        return math.prod(self.shape[1:]) * self.dtype.itemsize


def open_arrays(source: Path | BinaryIO, name: str, limits: ZipLimits = ARRAY_LIMITS) -> dict[str, StoredArray]:
    """Return the arrays of an .npz or .h5 file by name; the file stays open as long as one of them exists.

    The first bytes tell the two formats apart. This function and ``rows`` raise ArraysError where the file is damaged,
    exceeds the limits or links to other files.
    """
    start = _first_bytes(source, name)
    if start == _HDF5_START:
        return _npz_arrays(copy_apart(COPY, source, name), name, limits)
    if start.startswith(_ZIP_START):
        return _npz_arrays(source, name, limits)
    raise ArraysError(f"{name} is neither an .npz nor an .h5 file, or it is damaged. Save or copy it again.")


def _first_bytes(source: Path | BinaryIO, name: str) -> bytes:
    try:
        if isinstance(source, Path):
            with source.open("rb") as file:
                return file.read(len(_HDF5_START))
        source.seek(0)
        start = source.read(len(_HDF5_START))
        source.seek(0)
        return start
    except OSError as error:
        raise ArraysError(f"{name} cannot be read ({error.strerror}). Check the path and its permissions.") from error


def _npz_arrays(source: Path | BinaryIO, name: str, limits: ZipLimits) -> dict[str, StoredArray]:
    try:
        listing = list_zip(source, name, limits)
        archive = zipfile.ZipFile(source)
    except DataError as error:
        raise ArraysError(f"{error} An .npz file is a zip of arrays, as numpy.savez writes it.") from error
    except DAMAGED as error:
        raise damaged_file(name, error) from error
    if listing.refused:
        path, reason = next(iter(listing.refused.items()))
        raise ArraysError(f"{name} was not read because of {path} in it: {reason}.")
    infos = {info.filename: info for info in archive.infolist()}
    paths = [path for path in listing.files if path.endswith(".npy") and path in infos]
    return {path.removesuffix(".npy"): _Member(archive, infos[path], name).array() for path in paths}


class _Member:
    """One array of an .npz file. Compressed data can only be read forwards, so the stream stays open between reads."""

    def __init__(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> None:
        self._archive, self._info, self._name = archive, info, name
        try:
            with archive.open(info) as file:
                # Read into memory first: a hostile header may claim to be gigabytes long.
                head = io.BytesIO(file.read(_HEADER_BYTES))
            version = npy.read_magic(head)
            if version not in _HEADERS:
                text = f"{info.filename} has version {version[0]}.{version[1]} of the .npy format, which is not read"
                raise damaged_file(name, text)
            self._shape, self._by_columns, self._dtype = _HEADERS[version](head)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
            raise damaged_file(name, error) from error
        except _INVALID_HEADER as error:  # numpy's messages are about Python's syntax
            raise damaged_file(name, f"the header of {info.filename} cannot be read") from error
        self._start = head.tell()
        self._stream: IO[bytes] | None = None
        claimed, found = math.prod(self._shape) * self._dtype.itemsize, info.file_size - self._start
        # Python objects are pickled with any length, and are never read.
        if min(self._shape, default=0) < 0 or (claimed != found and not self._dtype.hasobject):
            raise damaged_file(name, f"{info.filename} claims {claimed:,} bytes and has {found:,}")

    def array(self) -> StoredArray:
        rows_per_read = self._shape[0] if self._by_columns else _rows_at_once(self._shape, self._dtype.itemsize)
        name = self._info.filename.removesuffix(".npy")
        return StoredArray(name, self._shape, self._dtype, self._rows, rows_per_read)

    def _rows(self, first: int, end: int) -> NDArray[Any]:
        if self._dtype.hasobject or not self._dtype.itemsize:
            raise ArraysError(
                f"{self._name}: {self._info.filename} holds Python objects ({self._dtype}), which are not read, "
                "because reading them may run a program. Save numbers, or text as numpy.array(labels, dtype=str)."
            )
        row_bytes = math.prod(self._shape[1:]) * self._dtype.itemsize
        if self._by_columns:
            return self._whole()[first:end]
        data = self._bytes(first * row_bytes, (end - first) * row_bytes)
        return np.frombuffer(data, self._dtype).reshape(end - first, *self._shape[1:])

    def _whole(self) -> NDArray[Any]:
        """Read a whole array in column order, as numpy saves transposed arrays; its rows are scattered."""
        size = math.prod(self._shape) * self._dtype.itemsize
        if size > MAX_FILE_BYTES:
            raise ArraysError(
                f"{self._name}: {self._info.filename} is stored in column order and larger than "
                f"{MAX_FILE_BYTES // 2**20} MB. Save numpy.ascontiguousarray of it instead."
            )
        return np.frombuffer(self._bytes(0, size), self._dtype).reshape(self._shape, order="F")

    def _bytes(self, at: int, length: int) -> bytes:
        try:
            if self._stream is None:
                self._stream = self._archive.open(self._info)
            self._stream.seek(self._start + at)
            data = self._stream.read(length)
        except DAMAGED as error:
            raise damaged_file(self._name, error) from error
        if len(data) != length:
            raise damaged_file(self._name, f"{self._info.filename} ends too early")
        return data


def copy_apart(words: Sequence[str], source: Path | BinaryIO, name: str) -> BinaryIO:
    """Return the copy that another process makes of a file, because reading it may crash or hang. Raises ArraysError.

    ``words`` start that process.
    """
    copy: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - what is read from it keeps it open
    with on_disk(source, name) as file:
        try:
            read_limited([*words, name], file, copy, PATIENCE_SECONDS)
        except FileRefused as refused:
            raise ArraysError(str(refused)) from refused
        except FileUnreadable as error:
            raise damaged_file(name, error) from error
    return copy


@contextmanager
def on_disk(source: Path | BinaryIO, name: str) -> Iterator[BinaryIO]:
    """Provide the source as a file that another process can read."""
    try:
        if isinstance(source, Path):
            with source.open("rb") as file:
                yield file
            return
        with tempfile.TemporaryFile() as file:
            source.seek(0)
            shutil.copyfileobj(source, file, 2**20)
            file.flush()
            os.lseek(file.fileno(), 0, os.SEEK_SET)
            yield file
    except OSError as error:
        raise ArraysError(f"{name} cannot be read or copied ({error.strerror or error}).") from error


def _rows_at_once(shape: tuple[int, ...], item_bytes: int) -> int:
    """Return the number of rows in one block."""
    return max(1, BLOCK_BYTES // max(1, math.prod(shape[1:]) * item_bytes))


def damaged_file(name: str, error: object) -> ArraysError:
    reason = str(error).partition("\n")[0].strip("'\"") or type(error).__name__
    return ArraysError(f"{name} is damaged or incomplete ({reason}). Copy it again, or save it again.")
