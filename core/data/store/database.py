"""Open the store's database: the connection's settings and the schema's migrations."""

import sqlite3
from pathlib import Path
from typing import Any

from filelock import FileLock
from sqlalchemy import Connection, Engine, Table, create_engine, event, insert, inspect, text
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError

from core.errors import WorkspaceError
from core.workspace import Workspace

MIGRATIONS = Path(__file__).resolve().parent / "migrations"
NEWEST = "0004"  # the newest migration in migrations/versions; a test checks this
BUSY_SECONDS = 30


def open_database(workspace: Workspace) -> Engine:
    """Return the engine of the workspace's database, with its schema migrated to the newest version.

    Raises WorkspaceError if the database cannot be opened or was made by a newer version.
    """
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
    try:
        _migrate(engine, workspace)
    except DatabaseError as error:
        engine.dispose()
        place = engine.url.render_as_string(hide_password=True)
        raise WorkspaceError(
            f"The database {place} cannot be opened ({error.orig}). "
            "Check that it is reachable and not damaged, or move it away to start with an empty one."
        ) from error
    except WorkspaceError:
        engine.dispose()
        raise
    return engine


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


def _migrate(engine: Engine, workspace: Workspace) -> None:
    if _version(engine) == NEWEST:
        return
    # If two processes open a new workspace together, the second waits here, then finds the work done.
    with FileLock(workspace.root / "migration.lock", timeout=300):
        version = _version(engine)
        if version == NEWEST:
            return
        if version is not None and version > NEWEST:
            raise WorkspaceError(
                f"The database of {workspace.root} was made by a newer ResNet Studio (schema {version}; this one "
                f"supports {NEWEST}). Update ResNet Studio, or point RESNET_STUDIO_HOME at another folder."
            )
        # Imported here, so that an up-to-date database, the usual case, opens without loading Alembic.
        from alembic import command
        from alembic.config import Config

        if engine.dialect.name == "sqlite":
            raw = engine.raw_connection()  # the mode can only be changed outside a transaction
            raw.cursor().execute("PRAGMA journal_mode = WAL")  # permanent; readers and a writer do not block each other
            raw.close()
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        with engine.connect().execution_options(writes=True) as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def _version(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
