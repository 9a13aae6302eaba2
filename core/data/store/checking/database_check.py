"""Check the database: whether SQLite can read all of it, and whether its rows fit together."""

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from core.data.store.checking.finding import Finding, repairable
from core.workspace import Workspace

_MOST_PROBLEMS = 20
# What SQLite says of an index that differs from its table; the table is sound, and the index can be made again.
_INDEX_PROBLEMS = ("missing from index", "wrong # of entries in index", "non-unique entry in index")
_RESTORE = "Restore a backup, or save what can be read with the command sqlite3 and its .recover."


def database_file(workspace: Workspace) -> Path | None:
    """Return the file of an SQLite database, None for a database on a server."""
    try:
        url = make_url(workspace.database_url)
    except ArgumentError:
        return None
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def check_database(workspace: Workspace, repair: bool) -> list[Finding]:
    """Return what is wrong in the workspace's SQLite file; nothing for one that is missing or on a server."""
    file = database_file(workspace)
    if file is None or not file.exists() or not file.stat().st_size:
        return []
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=rw", uri=True, timeout=30)) as connection:
            return _check(connection, file.name, repair)
    except sqlite3.Error as error:
        return [Finding("database", file.name, f"cannot be read ({error})", _RESTORE)]


def _check(connection: sqlite3.Connection, name: str, repair: bool) -> list[Finding]:
    problems = _integrity_problems(connection)
    if problems and all(any(words in problem for words in _INDEX_PROBLEMS) for problem in problems):
        if repair:
            connection.execute("REINDEX")
        done = repair and not _integrity_problems(connection)
        text = f"has a damaged index ({problems[0]})"
        would = "All rows are still there; the repair makes the indexes again."
        return [repairable("database", name, text, would, "The indexes were made again; no row was lost.", done)]
    found = [Finding("database", name, f"is damaged ({problem})", _RESTORE) for problem in problems]
    if found:
        return found
    counts: dict[tuple[str, str], int] = {}
    for table, _, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        counts[table, parent] = counts.get((table, parent), 0) + 1
    return [
        Finding("database", name, f"has {count:,} rows of {table} that point to missing {parent}", _RESTORE)
        for (table, parent), count in counts.items()
    ]


def _integrity_problems(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute(f"PRAGMA integrity_check({_MOST_PROBLEMS})").fetchall()
    lines = [line for (text,) in rows for line in str(text).splitlines()]
    return [line for line in lines if line != "ok" and not line.startswith("***")]
