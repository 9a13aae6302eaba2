"""Create the tables of a new SQLite database at once, as running all migrations would leave them."""

import sqlite3
from pathlib import Path

from sqlalchemy import Connection

SCRIPT = Path(__file__).with_name("newest.sql")  # written by scripts/write_schema.py, compared by a test


def create_tables(connection: Connection) -> None:
    """Create all tables and indexes, and enter the version of the newest migration.

    This takes a twentieth of the time of the migrations and does not load Alembic.
    """
    for statement in SCRIPT.read_text(encoding="utf-8").split(";\n"):
        if statement.strip():
            connection.exec_driver_sql(statement)


def script_of(database: sqlite3.Connection) -> str:
    """Return the statements that create this database with its rows, one after the other."""
    left_out = ("BEGIN TRANSACTION;", "COMMIT;")
    lines = [line for line in database.iterdump() if line not in left_out and "sqlite_sequence" not in line]
    return "\n".join(lines) + "\n"
