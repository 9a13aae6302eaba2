"""Reads and writes the small files of a run: reads no more than a limit, replaces files whole, appends lines whole."""

import contextlib
import os
import stat
from pathlib import Path

from core.errors import RunError
from core.file_replacement import replace_patiently
from core.storage_errors import disk_trouble

MB = 1_000_000


def check_file(path: Path, most_bytes: int) -> None:
    """Raise RunError for what is no ordinary file or is larger than such a file can be; OSError if it is missing."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise RunError(f"{path} is not a file. Delete or rename it.")
    if found.st_size > most_bytes:
        size, most = found.st_size / MB, most_bytes / MB
        raise RunError(f"{path} has {size:,.1f} MB, but such a file has at most {most:g} MB. It is damaged.")


def read_limited(path: Path, most_bytes: int) -> bytes:
    """Return a file's content; raises RunError as ``check_file`` does, and OSError."""
    check_file(path, most_bytes)
    with path.open("rb") as file:
        return file.read(most_bytes)


def replace_file(path: Path, text: str, *, overwrite_if_full: bool = False) -> None:
    """Replace a file, so that readers see the old or the new text. Raises OSError.

    A full disk has no room for a second file. With ``overwrite_if_full``, the old one is then written over; only for
    a short JSON text.
    """
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(text, encoding="utf-8")
        replace_patiently(part, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        if not overwrite_if_full or disk_trouble(error) not in ("full", "quota") or not path.is_file():
            raise
        _overwrite(path, text.encode())


def append_bytes(path: Path, data: bytes) -> None:
    """Append with a single write, so that readers see the whole line or none of it. Raises OSError."""
    with path.open("ab", buffering=0) as file:
        while data:  # a full disk may take a part of it; the next write then says so
            data = data[file.write(data) :]


def append_line(path: Path, text: str) -> None:
    """Append a line with a single write; a line before it that a full disk has cut is ended first. Raises OSError."""
    begun = "\n" if _ends_within_a_line(path) else ""
    append_bytes(path, f"{begun}{text}\n".encode())


def _ends_within_a_line(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            if not file.seek(0, 2):
                return False
            file.seek(-1, 2)
            return file.read(1) != b"\n"
    except FileNotFoundError:
        return False


def _overwrite(path: Path, data: bytes) -> None:
    """Write over a JSON file in the space that it has; spaces at its end do not matter."""
    with path.open("r+b", buffering=0) as file:
        # One byte more than before: readers that remember the file by its size and time see that it has changed.
        padded = data.ljust(os.fstat(file.fileno()).st_size + 1)
        if file.write(padded) < len(data):
            raise OSError(f"{path} could not be overwritten")
