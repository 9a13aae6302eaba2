"""List the files of a folder on disk and read them one by one; links never lead out of the folder."""

import os
import stat
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from core.data.importing.folder_layout import is_clutter, is_hidden_photo
from core.data.pictures.decoding import MAX_FILE_BYTES
from core.errors import ImageRefused


@dataclass
class FolderListing:
    """The plain files of a folder by their relative paths with slashes, and the skipped ones."""

    files: dict[str, Path] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)  # path -> reason
    unreadable: list[str] = field(default_factory=list)  # folders, each with the reason
    hidden: list[str] = field(default_factory=list)  # photos in hidden files and folders


def list_folder(root: Path) -> FolderListing:
    """List the files below a folder, without those that operating systems add. Linked folders are not entered.

    ``root`` is a resolved path.
    """
    listing = FolderListing()
    tried: dict[str, int] = {}
    taken: set[str] = set()

    def note(error: OSError) -> None:
        listing.unreadable.append(f"{error.filename} cannot be read ({error.strerror})")

    for at, folders, names in os.walk(root, onerror=note):
        here = Path(at)
        listing.hidden += _hidden_photos(here, [*folders, *names], root)
        folders[:] = sorted(name for name in folders if not is_clutter(name))
        links = [name for name in folders if (here / name).is_symlink()]
        for path in [here / name for name in (*links, *names) if not is_clutter(name)]:
            shown = free_name(_as_text(path.relative_to(root)), taken, tried)
            taken.add(shown)
            if reason := _skip_reason(path, root):
                listing.refused[shown] = reason
            else:
                listing.files[shown] = path
    return listing


def _hidden_photos(here: Path, names: Collection[str], root: Path) -> list[str]:
    """Return the photos among hidden files, and those directly in hidden folders."""
    hidden = [here / name for name in sorted(names) if is_clutter(name)]
    paths = [inside for path in hidden for inside in (_inside(path) if path.is_dir() else [path])]
    return [name for path in paths if is_hidden_photo(name := _as_text(path.relative_to(root)))]


def _inside(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir()) if not folder.is_symlink() else []
    except OSError:  # hidden from this user as well
        return []


def hidden_said(paths: Sequence[str]) -> str:
    """Return the remark on hidden photos."""
    if len(paths) == 1:
        return f"{paths[0]} is hidden, so it is not imported"
    return f"{len(paths):,} photos are hidden, such as {paths[0]}, so they are not imported"


def read_listed(path: Path, root: Path, name: str) -> bytes:
    """Read a file of the folder ``root``. Raises ImageRefused where it cannot be read or is no plain file any more."""
    # Checked again, because the folder may have changed since it was listed.
    if reason := _skip_reason(path, root):
        raise ImageRefused(name, reason)
    try:
        with path.open("rb") as file:
            return read_limited(file, name)
    except OSError as error:
        raise ImageRefused(name, f"the file cannot be read ({error.strerror})") from error


def read_head(path: Path, root: Path, name: str, count: int) -> bytes:
    """Return the first bytes of a file of the folder ``root``. Raises ImageRefused as ``read_listed``."""
    if reason := _skip_reason(path, root):
        raise ImageRefused(name, reason)
    try:
        with path.open("rb") as file:
            return file.read(count)
    except OSError as error:
        raise ImageRefused(name, f"the file cannot be read ({error.strerror})") from error


def read_limited(file: BinaryIO, name: str) -> bytes:
    """Read a whole file. Raises ImageRefused where it is larger than a photo may be."""
    data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise ImageRefused(name, f"the file is larger than {MAX_FILE_BYTES // 2**20} MB")
    return data


def free_name(name: str, taken: Collection[str], tried: dict[str, int] | None = None) -> str:
    """Return the name, with a number before its suffix if it is taken.

    ``tried`` keeps the last number of each name from one call to the next: thousands may have the same name.
    """
    tried = {} if tried is None else tried
    suffix, free, number = PurePosixPath(name).suffix, name, tried.get(name, 1)
    while free in taken:
        number += 1
        free = name.removesuffix(suffix) + f" ({number}){suffix}"
    tried[name] = number
    return free


def place_in(folder: Path, file: Path) -> str:
    """Return the path of a file from a folder that it lies in; elsewhere its name alone."""
    file, folder = file.resolve(), folder.resolve()
    return file.relative_to(folder).as_posix() if file.is_relative_to(folder) else file.name


def _as_text(path: Path) -> str:
    """Return the path with slashes, and with U+FFFD for bytes that are not text, which Linux allows in names."""
    return path.as_posix().encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _skip_reason(path: Path, root: Path) -> str | None:
    """Return why a path is not read; None for a plain file or a link to one inside ``root``."""
    try:
        if path.is_symlink():
            target = path.resolve(strict=True)
            if not target.is_relative_to(root):
                return "it is a link that leads out of the folder"
            if target.is_dir():
                return "it is a link to a folder, and those are not followed"
        return None if stat.S_ISREG(path.stat().st_mode) else "it is not a plain file"
    except (OSError, RuntimeError):  # RuntimeError: a link to itself, until Python 3.12
        return "it is a link to nothing, or cannot be read"
