"""Uploaded files on disk instead of in memory: all in one temporary file, which the system deletes with its process."""

import io
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from threading import Lock
from typing import BinaryIO, cast

from core.errors import DataError
from core.storage_errors import storage_error


class UploadSpool:
    """Copies of uploads, on disk until the last of them is let go.

    One file for all, because a person may upload more photos than a process may have files open.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Use this folder, or the system's for temporary files."""
        self._folder = folder
        self._file: _SharedFile | None = None
        self._copies: dict[str, BinaryIO] = {}

    def copies(self, sources: Iterable[tuple[str, BinaryIO]]) -> list[BinaryIO]:
        """Return a copy of each source (an id and its content), made only for ids that have none yet."""
        return [self._copies.get(key) or self._copies.setdefault(key, self.add(source)) for key, source in sources]

    def add(self, source: BinaryIO) -> BinaryIO:
        """Copy one upload from its beginning; it can be read and sought like a file, by several threads."""
        try:
            if self._file is None:
                self._file = _SharedFile(self._folder)
            return cast(BinaryIO, _SpooledFile(self._file, *self._file.append(source)))
        except OSError as error:
            raise storage_error(error, "the uploaded files could not be stored") or DataError(
                f"The uploaded files could not be stored ({error.strerror}). Upload them again."
            ) from error


class _SharedFile:
    """A temporary file that grows at its end; closed and deleted when nobody refers to it any more."""

    def __init__(self, folder: Path | None) -> None:
        self._file = tempfile.TemporaryFile(dir=folder, prefix="uploads-")  # noqa: SIM115 - the copies keep it open
        self._lock = Lock()

    def append(self, source: BinaryIO) -> tuple[int, int]:
        """Copy a file to the end; return where it begins and how many bytes it has."""
        with self._lock:
            start = self._file.seek(0, os.SEEK_END)
            source.seek(0)
            shutil.copyfileobj(source, self._file, 2**20)
            self._file.flush()
            return start, self._file.tell() - start

    def read(self, start: int, size: int) -> bytes:
        with self._lock:
            self._file.seek(start)
            return self._file.read(size)


class _SpooledFile(io.RawIOBase):
    """One upload inside the shared file."""

    def __init__(self, file: _SharedFile, start: int, size: int) -> None:
        self._file, self._start, self._size, self._at = file, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: int = -1, /) -> bytes:
        left = max(0, self._size - self._at)
        data = self._file.read(self._start + self._at, left if size is None or size < 0 else min(size, left))
        self._at += len(data)
        return data

    def readall(self) -> bytes:
        return self.read()

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
