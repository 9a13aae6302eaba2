"""Open the store's database: the connection's settings and the schema's migrations."""

import os
import sqlite3
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, Table, create_engine, event, insert, inspect, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from core.data.store.database_errors import plain_error
from core.data.store.migrations.newest import create_tables
from core.errors import DatabaseBusy, DatabaseLost, WorkspaceError
from core.storage_errors import storage_error
from core.workspace import DATABASE_SETTING, Workspace, holds_photos

MIGRATIONS = Path(__file__).resolve().parent / "migrations"
NEWEST = "0008"  # the newest migration in migrations/versions; a test checks this
BUSY_SECONDS = 10  # SQLite waits this long for other writers in each of the attempts of transactions.py
_MIGRATION_SECONDS = 300
ONE_DATABASE = (
    "On a server with several people, everyone has a database of their own, a file in their folder. "
    f"{DATABASE_SETTING} names a single one, in which they would see each other's projects. Unset it, or run a server "
    "for one workspace that everyone shares (RESNET_STUDIO_PEOPLE=alone)."
)


def open_database(workspace: Workspace, start_anew: bool = False) -> Engine:
    """Return the engine of the workspace's database, with its schema migrated to the newest version.

    Raises WorkspaceError if the database cannot be opened or was made by a newer version. A new database is made only
    where there are no stored photos, which belonged to a database that is lost now, or with ``start_anew``.
    """
    check_own_database(workspace)
    try:
        engine = create_engine(workspace.database_url, pool_size=8, max_overflow=24)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise WorkspaceError(
            f"The database address in RESNET_STUDIO_DATABASE_URL cannot be used ({error}). "
            "Write it like postgresql+psycopg://user:password@host/name and install its driver, or unset it."
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    so = "the workspace could not be opened"
    try:
        if not start_anew:
            _refuse_lost(engine, workspace)
        _migrate(engine, workspace)
    except (DBAPIError, sqlite3.Error) as error:
        engine.dispose()
        if plain := plain_error(error, so):
            raise plain from error
        place = engine.url.render_as_string(hide_password=True)
        raise WorkspaceError(
            f"The database {place} cannot be opened ({error}). Check its address and your permissions there."
        ) from error
    except Timeout as error:
        engine.dispose()
        raise DatabaseBusy("Another process is still updating the database. Wait a few minutes, then try again.") from (
            error
        )
    except OSError as error:
        engine.dispose()
        raise storage_error(error, so) or WorkspaceError(
            f"The workspace {workspace.root} cannot be used ({error.strerror or error}), so {so}."
        ) from error
    except WorkspaceError:
        engine.dispose()
        raise
    return engine


def check_own_database(workspace: Workspace) -> None:
    """Raise WorkspaceError for the workspace of one person on a server whose database address is that of all."""
    if workspace.root != workspace.server and os.environ.get(DATABASE_SETTING):
        raise WorkspaceError(ONE_DATABASE)


def inserted(conn: Connection, table: Table, values: dict[str, Any]) -> int:
    """Insert a row; return its number."""
    key = conn.execute(insert(table).values(**values)).inserted_primary_key
    return int(key[0]) if key else 0


def _set_up_sqlite(connection: sqlite3.Connection, record: Any) -> None:
    # The driver would begin transactions late and as readers; _begin_sqlite sends BEGIN itself.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    # With the write-ahead log a killed process loses nothing at NORMAL; only a power cut can take the last seconds.
    connection.execute("PRAGMA synchronous = NORMAL")


def _begin_sqlite(connection: Connection) -> None:
    # A writer queues immediately: a reader that becomes a writer later could not wait and would fail.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _refuse_lost(engine: Engine, workspace: Workspace) -> None:
    """Raise DatabaseLost if there are stored photos, but no database that knows them.

    Nothing is opened yet: SQLite would delete the log of a database that is gone, with the changes that it still holds.
    """
    # In this order: another process that makes a new workspace makes its database before it stores a photo.
    if not holds_photos(workspace):
        return
    if engine.dialect.name == "sqlite":
        file = Path(engine.url.database or "")
        state = "is missing" if not file.exists() else "is empty" if not file.stat().st_size else None
        name = f"The database {file.name}"
    else:
        state, name = None, "The database in RESNET_STUDIO_DATABASE_URL"
    if state is None and _version(engine) is None:
        state = "has no tables"
    if state is not None:
        raise DatabaseLost(
            f"{name} {state}, but the workspace {workspace.root} has stored photos. Restore the database from a "
            "backup. Without a backup, python -m core check --repair creates a new one with a project of these photos."
        )


def _migrate(engine: Engine, workspace: Workspace) -> None:
    if _version(engine) == NEWEST:
        return
    # If two processes open a new workspace together, the second waits here, then finds the work done.
    with FileLock(workspace.root / "migration.lock", timeout=_MIGRATION_SECONDS):
        version = _version(engine)
        if version == NEWEST:
            return
        if version is not None and version > NEWEST:
            raise WorkspaceError(
                f"The database of {workspace.root} was made by a newer ResNet Studio (schema {version}; this one "
                f"supports {NEWEST}). Update ResNet Studio, or point RESNET_STUDIO_HOME at another folder."
            )
        if engine.dialect.name == "sqlite":
            raw = engine.raw_connection()  # the mode can only be changed outside a transaction
            raw.cursor().execute("PRAGMA journal_mode = WAL")  # permanent; readers and a writer do not block each other
            raw.close()
        new = engine.dialect.name == "sqlite" and not inspect(engine).get_table_names()
        with engine.connect().execution_options(writes=True) as connection:
            if new:
                create_tables(connection)
                connection.commit()
            else:
                run_migrations(connection)


def run_migrations(connection: Connection) -> None:
    """Run the migrations that this database has not had yet."""
    # Imported here, so that new and up-to-date databases, the usual cases, open without loading Alembic.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _version(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
