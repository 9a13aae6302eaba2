"""Which files of the server's folder belong into a backup, and in which order they are read.

    studio.db, people.db, people/<id>/studio.db    every SQLite file: copied through SQLite itself (database_copies)
    runs/<id>/, people/<id>/runs/<id>/             each as one moment (held_files)
    images/                                        never change: stored once under their content hash
    everything else                                as it is

Left out: what can be computed again (``cache``, ``thumbnails``), copies that a teacher looks at (``looks``), locks,
temporary files, and the server's keys.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from core.workspace import LOOKS_FOLDER, PEOPLE_FOLDER

PEOPLE = PEOPLE_FOLDER
KEYS = "server"
"""The folder of the certificate's key and the cookie secret: a restored server makes new ones."""

_DERIVED = ("cache", "thumbnails")
_SQLITE = b"SQLite format 3\0"
_TEMPORARY = (".lock", ".part", "-wal", "-shm", "-journal")


@dataclass
class Contents:
    """What a backup copies before the photos; paths within the server's folder, with ``/``."""

    databases: list[str] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)


def workspaces(root: Path) -> list[str]:
    """Return the folders that are whole workspaces: the server's own (``.``), and one for each person."""
    return [".", *(f"{PEOPLE}/{entry.name}" for entry in _entries(root / PEOPLE) if entry.is_dir())]


def contents(root: Path) -> Contents:
    """Return what belongs into a backup apart from photos. Raises OSError."""
    found = Contents()
    for workspace in workspaces(root):
        for entry in _entries(root / workspace):
            name = _within(workspace, entry.name)
            if entry.is_dir():
                if entry.name == "runs":
                    _add_runs(root, name, found)
                elif entry.name not in (*_DERIVED, KEYS, PEOPLE, LOOKS_FOLDER, "images"):
                    for file in _files_below(root, name):
                        _add_file(root, file, found)
            else:
                _add_file(root, name, found)
    for entry in _entries(root / PEOPLE):
        if entry.is_file():
            _add_file(root, f"{PEOPLE}/{entry.name}", found)
    return found


def photos(root: Path) -> Iterator[str]:
    """Yield the stored photos of all workspaces. Raises OSError."""
    for workspace in workspaces(root):
        yield from _files_below(root, _within(workspace, "images"))


def is_temporary(name: str) -> bool:
    """Return whether a file of this name is a lock, is not finished yet, or belongs to a database."""
    return name.endswith(_TEMPORARY)


def _add_runs(root: Path, folder: str, found: Contents) -> None:
    for entry in _entries(root / folder, hidden=True):
        if entry.is_dir() and not entry.name.startswith("."):  # .new-... and .deleted-... are no runs
            found.runs.append(f"{folder}/{entry.name}")
        elif entry.is_file():
            _add_file(root, f"{folder}/{entry.name}", found)


def _add_file(root: Path, name: str, found: Contents) -> None:
    (found.databases if _is_database(root / name) else found.files).append(name)


def _is_database(path: Path) -> bool:
    if path.suffix == ".db":  # one that was made this moment has no header yet
        return True
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE


def _files_below(root: Path, folder: str) -> Iterator[str]:
    for entry in _entries(root / folder):
        name = f"{folder}/{entry.name}"
        if entry.is_dir():
            yield from _files_below(root, name)
        elif entry.is_file():
            yield name


def _entries(folder: Path, hidden: bool = False) -> list[os.DirEntry[str]]:
    """Return a folder's entries by name, without temporary files; nothing for a folder that is missing."""
    try:
        with os.scandir(folder) as entries:
            found = [one for one in entries if not is_temporary(one.name) and (hidden or one.name[0] != ".")]
    except FileNotFoundError:
        return []
    return sorted(found, key=lambda one: one.name)


def _within(workspace: str, name: str) -> str:
    return name if workspace == "." else f"{workspace}/{name}"
