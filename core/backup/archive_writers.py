"""Write the files of a backup one after the other: into a zip, a tar, or a folder, by the name's ending."""

import gzip
import hashlib
import os
import shutil
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from core.backup.manifest import StoredFile
from core.errors import WorkspaceError

_COMPRESSED = (
    ".jpg", ".png", ".webp", ".jp2", ".tif", ".safetensors", ".npy", ".npz", ".zip", ".onnx", ".pt", ".parquet", ".h5",
)  # fmt: skip
"""Compressing these again costs time and saves next to nothing."""
_BLOCK = 2**20
_EARLIEST_ZIP = 315532800.0  # 1 January 1980


class Archive(Protocol):
    """Takes one file after the other."""

    def add(self, name: str, source: BinaryIO, size: int, changed: float) -> StoredFile:
        """Store ``size`` bytes of a file, and return what to check it by; ``changed`` in seconds since 1970."""


@contextmanager
def open_archive(path: Path, like: str, wrote: Callable[[int], None]) -> Iterator[Archive]:
    """Begin a backup at ``path`` of the kind that the name ``like`` says; ``wrote`` gets the bytes of each block."""
    if like.endswith(".zip"):
        with zipfile.ZipFile(path, "x", allowZip64=True) as packed:
            yield _Zip(packed, wrote)
    elif like.endswith((".tar.gz", ".tgz")):
        with (
            path.open("xb") as raw,
            gzip.GzipFile("", "wb", 1, cast(BinaryIO, raw)) as file,
            tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT) as tar,
        ):
            yield _Tar(tar, wrote)
    elif like.endswith(".tar"):
        with tarfile.open(path, "x", format=tarfile.PAX_FORMAT) as tar:
            yield _Tar(tar, wrote)
    else:
        path.mkdir()
        yield _Folder(path, wrote)
    if path.is_file():
        with path.open("rb+") as written:
            os.fsync(written.fileno())


class _Zip:
    def __init__(self, packed: zipfile.ZipFile, wrote: Callable[[int], None]) -> None:
        self._packed, self._wrote = packed, wrote

    def add(self, name: str, source: BinaryIO, size: int, changed: float) -> StoredFile:
        about = zipfile.ZipInfo(name, time.gmtime(max(changed, _EARLIEST_ZIP))[:6])
        about.compress_type = zipfile.ZIP_STORED if name.endswith(_COMPRESSED) else zipfile.ZIP_DEFLATED
        about.external_attr = 0o600 << 16
        about.file_size = size
        measured = _Measured(source, size, self._wrote)
        with self._packed.open(about, "w", force_zip64=size >= 2**31) as target:
            shutil.copyfileobj(measured, target, _BLOCK)
        return measured.result(name)


class _Tar:
    def __init__(self, tar: tarfile.TarFile, wrote: Callable[[int], None]) -> None:
        self._tar, self._wrote = tar, wrote

    def add(self, name: str, source: BinaryIO, size: int, changed: float) -> StoredFile:
        about = tarfile.TarInfo(name)
        about.size, about.mtime, about.mode = size, changed, 0o600
        measured = _Measured(source, size, self._wrote)
        try:
            self._tar.addfile(about, cast(BinaryIO, measured))
        except OSError:
            measured.result(name)  # raises if the file was too short
            raise
        return measured.result(name)


class _Folder:
    def __init__(self, folder: Path, wrote: Callable[[int], None]) -> None:
        self._folder, self._wrote = folder, wrote

    def add(self, name: str, source: BinaryIO, size: int, changed: float) -> StoredFile:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        measured = _Measured(source, size, self._wrote)
        with path.open("xb") as target:
            shutil.copyfileobj(measured, target, _BLOCK)
        os.utime(path, (changed, changed))
        return measured.result(name)


class _Measured:
    """The first bytes of a file, counted and hashed while they are read."""

    def __init__(self, source: BinaryIO, size: int, wrote: Callable[[int], None]) -> None:
        self._source, self._size, self._left, self._wrote = source, size, size, wrote
        self._digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(data)
        self._digest.update(data)
        self._wrote(len(data))
        return data

    def result(self, name: str) -> StoredFile:
        if self._left:
            raise WorkspaceError(f"{name} became shorter while it was copied, so there is no backup. Try again.")
        return StoredFile(bytes=self._size, sha256=self._digest.hexdigest())
