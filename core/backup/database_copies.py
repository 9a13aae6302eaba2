"""Copies of SQLite files while others write to them, and what is counted in them."""

import sqlite3
from contextlib import closing
from pathlib import Path

from core.errors import WorkspaceError
from core.storage_errors import storage_error

_BUSY_SECONDS = 60
_COUNTED = {
    "projects": "SELECT COUNT(*) FROM projects",
    "photos": "SELECT COUNT(*) FROM images WHERE NOT removed",
    "labels": "SELECT COUNT(*) FROM images WHERE NOT removed AND class_id IS NOT NULL",
}


def copy_database(source: Path, target: Path) -> None:
    """Write a copy of an SQLite file as it is in this moment; writers go on meanwhile.

    Raises WorkspaceError if it cannot be read. https://sqlite.org/backup.html
    """
    try:
        with closing(_open(source, "rw")) as old, closing(sqlite3.connect(target)) as new:
            old.backup(new)  # in one step: a single moment, which with a write-ahead log keeps nobody from writing
    except sqlite3.Error as error:
        so = f"the database {source} could not be copied"
        raise storage_error(error, so) or WorkspaceError(
            f"The database {source} cannot be read ({error}). Run python -m core check, which says what can be done."
        ) from error


def problem_of(path: Path) -> str | None:
    """Return what is wrong with an SQLite file, None if it can be read to its end."""
    try:
        with closing(_open(path, "rw")) as database:
            found = database.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        return str(error)
    return None if found == "ok" else str(found)


def counts_of(path: Path) -> dict[str, int]:
    """Return how many projects, photos and labels the database of a workspace holds; nothing for another database."""
    with closing(_open(path, "ro")) as database:
        if schema_of(path) is None or not _has_table(database, "images"):
            return {}
        return {name: int(database.execute(query).fetchone()[0]) for name, query in _COUNTED.items()}


def schema_of(path: Path) -> str | None:
    """Return the number of the newest migration that a database has had; None for one without migrations."""
    with closing(_open(path, "ro")) as database:
        if not _has_table(database, "alembic_version"):
            return None
        found = database.execute("SELECT version_num FROM alembic_version").fetchone()
        return str(found[0]) if found else None


def photo_files_of(path: Path) -> set[str]:
    """Return the names of the stored photos that a workspace's database knows, such as ``ab/abcd....jpg``."""
    with closing(_open(path, "ro")) as database:
        if not _has_table(database, "pictures"):
            return set()
        return {f"{key[:2]}/{key}{suffix}" for key, suffix in database.execute("SELECT hash, suffix FROM pictures")}


def _has_table(database: sqlite3.Connection, name: str) -> bool:
    query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
    return database.execute(query, (name,)).fetchone() is not None


def _open(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode={mode}", uri=True, timeout=_BUSY_SECONDS)
