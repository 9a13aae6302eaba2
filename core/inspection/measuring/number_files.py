"""Numbers of a run as NumPy files: never pickled, written whole or not at all."""

import math
import tokenize
from pathlib import Path
from typing import BinaryIO

import numpy as np

from core.file_replacement import replace_patiently

_MOST_BYTES = 2 * 10**9
_MOST_ALONG_ONE_SIDE = 2**40


def write_numbers(numbers: np.ndarray, path: Path) -> None:
    """Write an array as float32; raises OSError."""
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            np.save(file, numbers.astype(np.float32, copy=False), allow_pickle=False)
        replace_patiently(part, path)
    finally:
        part.unlink(missing_ok=True)


def read_numbers(path: Path) -> np.ndarray | None:
    """Return a float32 array without infinite or undefined values; None if the file is missing or anything else."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            if not _is_whole(file, size):
                return None
            file.seek(0)
            found = np.load(file, allow_pickle=False)
    # The header is Python's notation for a dict, and numpy reads it with Python's own parser.
    except (OSError, ValueError, TypeError, EOFError, SyntaxError, tokenize.TokenError, MemoryError, RecursionError):
        return None
    return found if bool(np.isfinite(found).all()) else None


def _is_whole(file: BinaryIO, size: int) -> bool:
    """Return whether the header tells of as many float32 as the file holds: numpy makes room before it reads them."""
    version = np.lib.format.read_magic(file)
    read_header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if size > _MOST_BYTES or version not in read_header:
        return False
    shape, _, dtype = read_header[version](file)
    if dtype != np.float32 or not all(0 <= count <= _MOST_ALONG_ONE_SIDE for count in shape):
        return False
    return file.tell() + math.prod(shape) * dtype.itemsize == size
