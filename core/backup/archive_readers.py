"""Read the files of a backup one after the other; names that lead out of the folder are refused."""

import gzip
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from core.backup.manifest import NAME
from core.errors import WorkspaceError

DAMAGE = (zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, NotImplementedError)
"""What Python raises for an archive that is damaged or cut off."""

Member = tuple[str, int, BinaryIO]  # the name, the bytes that it says it has, and its content


@contextmanager
def open_backup(path: Path) -> Iterator[Iterator[Member]]:
    """Open a backup; gives its files in their order, each to be read before the next. Raises one of DAMAGE, OSError."""
    if path.is_dir():
        yield _of_folder(path)
    elif path.name.endswith(".zip"):
        with zipfile.ZipFile(path) as packed:
            yield _of_zip(packed)
    elif path.name.endswith((".tar", ".tar.gz", ".tgz")):
        with path.open("rb") as raw, tarfile.open(fileobj=raw, mode="r|*") as tar:
            yield _of_tar(tar)
    else:
        raise WorkspaceError(f"{path.name} is no backup: it is a .zip, a .tar, a .tar.gz, or a folder with {NAME}.")


def _of_zip(packed: zipfile.ZipFile) -> Iterator[Member]:
    for about in packed.infolist():
        kind = stat.S_IFMT(about.external_attr >> 16)
        if about.filename.endswith("/") or kind not in (0, stat.S_IFREG):
            raise WorkspaceError(f"The backup holds {about.filename!r}, which is no ordinary file. Do not use it.")
        with packed.open(about) as file:
            yield checked_name(about.filename), about.file_size, cast(BinaryIO, file)


def _of_tar(tar: tarfile.TarFile) -> Iterator[Member]:
    for about in tar:
        file = tar.extractfile(about) if about.isreg() else None
        if file is None:
            raise WorkspaceError(f"The backup holds {about.name!r}, which is no ordinary file. Do not use it.")
        with file:
            yield checked_name(about.name), about.size, cast(BinaryIO, file)


def _of_folder(folder: Path) -> Iterator[Member]:
    for parent, folders, names in os.walk(folder):
        for name in (*names, *(one for one in folders if Path(parent, one).is_symlink())):
            path = Path(parent, name)
            if path.is_symlink() or not path.is_file():
                raise WorkspaceError(f"The backup holds {path}, which is no ordinary file. Do not use it.")
            with path.open("rb") as file:
                yield path.relative_to(folder).as_posix(), path.stat().st_size, file


def checked_name(name: str) -> str:
    """Return a name within the backup. Raises WorkspaceError for one that leads out of it, on any system."""
    path = PurePosixPath(name)
    parts = name.split("/")
    if path.is_absolute() or not name or any(one in ("", ".", "..") or "\\" in one or ":" in one for one in parts):
        raise WorkspaceError(f"The backup holds the name {name!r}, which could lead to another folder. Do not use it.")
    return name
