"""Copy the arrays of an HDF5 file into an .npz file, in a process of its own.

    python -m core.data.importing.arrays.hdf5_copy NAME

The HDF5 library is written in C, and a damaged file can make it crash, use all memory or hang. Here that ends only this
process. The HDF5 file is standard input and the .npz is standard output; NAME is the user's name for the file. If the
file cannot be used, the last line of standard error gives the reason as JSON, with exit status 2.
"""

import math
import sys
import zipfile
from typing import IO, Any, BinaryIO

import h5py
import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from core.errors import ArraysError
from core.limited_process import refuse, run_limited

MAX_ARRAYS = 1_000
MAX_BYTES = 16 * 2**30
"""The limit for one array."""

MAX_TEXT_BYTES = 64 * 2**20
"""The limit for one array of text."""

_BLOCK_BYTES = 16 * 2**20
_MAX_CHUNK_BYTES = 256 * 2**20
_MEMORY_BYTES = 4 * 2**30
_RATIO, _RATIO_FREE_BYTES = 200, 10 * 2**20  # as in core.data.importing.archives

# What h5py raises for damaged files: the library's own errors, and errors for names, types and sizes without a
# counterpart in Python and for compression that is not built in.
_DAMAGED = (OSError, RuntimeError, ValueError, KeyError, TypeError, OverflowError, MemoryError)


def copy_arrays(source: BinaryIO, target: IO[bytes], name: str) -> None:
    """Write all arrays in the top group of an HDF5 file as members of an .npz; text of variable length becomes bytes.

    Links to other files are never followed. Raises ArraysError where the file is damaged or exceeds the limits.
    """
    try:
        file = h5py.File(source, "r")
        if len(file) > MAX_ARRAYS:
            raise ArraysError(f"{name} holds {len(file):,} arrays and groups; at most {MAX_ARRAYS:,} are allowed.")
        with zipfile.ZipFile(target, "w") as archive:
            for key in file:
                link = file.get(key, getlink=True)
                if isinstance(link, h5py.ExternalLink):
                    raise ArraysError(_elsewhere(name, key))
                entry = file[key] if isinstance(link, h5py.HardLink) else None
                if isinstance(entry, h5py.Dataset) and entry.shape:
                    _check(entry, key, name)
                    with archive.open(f"{key}.npy", "w", force_zip64=True) as member:
                        _write(entry, member, key, name)
    except _DAMAGED as error:
        reason = str(error).partition("\n")[0].strip("'\"") or type(error).__name__
        raise ArraysError(f"{name} is damaged or incomplete ({reason}). Copy it again, or save it again.") from error


def _check(entry: h5py.Dataset, key: str, name: str) -> None:
    """Check everything that can be known about an array before it is read."""
    if entry.external or entry.is_virtual:
        raise ArraysError(_elsewhere(name, key))
    claimed, stored = math.prod(map(int, entry.shape)) * entry.dtype.itemsize, entry.id.get_storage_size()
    # Values that were never written take no space in the file, but all the memory that the array claims.
    inflated = claimed > _RATIO_FREE_BYTES and claimed > _RATIO * max(1, stored)
    if claimed > MAX_BYTES or inflated:
        allowed = f"{_RATIO} times that" if inflated else f"{MAX_BYTES // 2**30} GB"
        raise ArraysError(
            f"{name} was not read: its array {key} claims {claimed:,} bytes and takes {stored:,} in the file; "
            f"at most {allowed} are allowed."
        )
    chunk = math.prod(entry.chunks) * entry.dtype.itemsize if entry.chunks else 0
    if chunk > _MAX_CHUNK_BYTES:
        raise ArraysError(
            f"{name} was not read: its array {key} is stored in pieces of {chunk // 2**20:,} MB; "
            f"at most {_MAX_CHUNK_BYTES // 2**20} MB are allowed. Save it in smaller chunks."
        )


def _write(entry: h5py.Dataset, member: IO[bytes], key: str, name: str) -> None:
    text = h5py.check_string_dtype(entry.dtype)
    if text is not None and text.length is None:
        texts = _texts(entry, key, name)
        _header(member, texts.shape, texts.dtype)
        member.write(texts.tobytes())
        return
    _header(member, entry.shape, entry.dtype)
    if entry.dtype.hasobject:
        return  # references and the like; reading this array reports the error
    rows_per_read = _rows_at_once(entry)
    for start in range(0, entry.shape[0], rows_per_read):
        member.write(np.ascontiguousarray(entry[start : start + rows_per_read]).tobytes())


def _header(member: IO[bytes], shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    described = {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": tuple(map(int, shape))}
    npy.write_array_header_2_0(member, described)


def _texts(entry: h5py.Dataset, key: str, name: str) -> NDArray[Any]:
    """Return text of variable length as bytes of one length, read one by one: many may point to one long text."""
    found, longest = [], 1
    for place in np.ndindex(entry.shape):
        found.append(entry[place])
        longest = max(longest, len(found[-1]))
        if longest * len(found) > MAX_TEXT_BYTES:
            most = f"at most {MAX_TEXT_BYTES // 2**20} MB are allowed"
            raise ArraysError(f"{name} was not read: the texts in {key} are too long; {most}.")
    return np.array(found, dtype=f"S{longest}").reshape(entry.shape)


def _rows_at_once(entry: h5py.Dataset) -> int:
    """Return the number of rows in one block: whole chunks if they fit, because part of one costs as much as all."""
    row_bytes = max(1, math.prod(map(int, entry.shape[1:])) * entry.dtype.itemsize)
    chunk_rows = entry.chunks[0] if entry.chunks else 1
    most = max(1, _BLOCK_BYTES // row_bytes)
    chunks = max(1, most // chunk_rows) * chunk_rows
    return chunks if chunks * row_bytes <= _MAX_CHUNK_BYTES else most


def _elsewhere(name: str, key: str) -> str:
    return f"{name} was not read: {key} links to another file. Save the numbers themselves in it."


def main() -> None:
    """Copy standard input to standard output."""

    def copy(source: BinaryIO, target: BinaryIO) -> None:
        try:
            copy_arrays(source, target, sys.argv[1])
        except ArraysError as error:
            refuse(str(error))

    run_limited(copy, _MEMORY_BYTES)


if __name__ == "__main__":
    main()
