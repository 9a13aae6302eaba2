"""What an error of the database means: it is busy, its disk is full, it is damaged, or it cannot be reached."""

import sqlite3

from sqlalchemy.exc import DBAPIError

from core.data.store.schema import metadata
from core.errors import DatabaseBusy, WorkspaceError
from core.storage_errors import storage_error

# Primary result codes, https://sqlite.org/rescode.html; the extended ones have them in their lowest byte.
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
# serialization_failure, deadlock_detected, lock_not_available: PostgreSQL asks to repeat the transaction.
_REPEATABLE = ("40001", "40P01", "55P03")


def plain_error(error: DBAPIError | sqlite3.Error, so: str, then: str = "try again") -> WorkspaceError | None:
    """Return the sentence for an error that a user can do something about, None for a bug.

    ``so`` is what did not work ("the change could not be saved"), ``then`` what to do after the repair.
    """
    driver = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(driver, "sqlite_errorcode", None) or sqlite3.SQLITE_OK
    # psycopg and its predecessor name PostgreSQL's code differently.
    state = getattr(driver, "sqlstate", None) or getattr(driver, "pgcode", None)
    if code & 0xFF in _BUSY or state in _REPEATABLE:
        return DatabaseBusy(
            f"The database is busy, so {so}: another import or change is being written. Wait a moment, then {then}."
        )
    if code == sqlite3.SQLITE_READONLY_DBMOVED:
        return WorkspaceError(
            f"The database file was moved or deleted while it was in use, so {so}. Put it back, then {then}."
        )
    if storage := storage_error(error, so, then):
        return storage
    if code & 0xFF in _DAMAGED:
        return WorkspaceError(
            f"The database is damaged ({driver}), so {so}. Keep the file, and restore a backup of it. "
            "python -m core check says what is wrong."
        )
    # SQLite has no code of its own for this, and makes an empty file where a new connection finds none.
    if str(driver).removeprefix("no such table: ") in metadata.tables:
        return WorkspaceError(
            f"The database lacks a table ({driver}), so {so}. It was probably deleted or replaced while it was in "
            f"use. Put it back or restore a backup, then {then}."
        )
    if code & 0xFF == sqlite3.SQLITE_CANTOPEN:
        return WorkspaceError(
            f"The database file cannot be opened, so {so}. "
            f"Check that its folder exists and that you may read and write in it, then {then}."
        )
    # A server that cannot be connected to has sent no code; 08 is a lost connection, 57P a server that shuts down.
    lost = type(driver).__name__ == "OperationalError" if state is None else state.startswith(("08", "57P"))
    if lost and not isinstance(driver, sqlite3.Error):
        reason = str(driver).strip().split("\n", 1)[0]
        return WorkspaceError(
            f"The database server cannot be reached ({reason}), so {so}. "
            f"Check that it is running and that RESNET_STUDIO_DATABASE_URL is its address, then {then}."
        )
    return None
