"""Numbers of a run as NumPy files: never pickled, written whole or not at all."""

from pathlib import Path

import numpy as np

from core.file_replacement import replace_patiently


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
        found = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    fits = isinstance(found, np.ndarray) and found.dtype == np.float32 and bool(np.isfinite(found).all())
    return found if fits else None
