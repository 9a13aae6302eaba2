"""Write core/data/store/migrations/newest.sql, the tables of a new SQLite database, by running all migrations.

python scripts/write_schema.py
"""

import sqlite3
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sqlalchemy import create_engine

from core.data.store.database import run_migrations
from core.data.store.migrations.newest import SCRIPT, script_of


def migrated(file: Path) -> str:
    """Return the script of a new database, made by the migrations in this file."""
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        run_migrations(connection)
    engine.dispose()
    database = sqlite3.connect(file)
    try:
        return script_of(database)
    finally:
        database.close()


def main() -> None:
    """Write the script."""
    with tempfile.TemporaryDirectory() as folder:
        SCRIPT.write_text(migrated(Path(folder) / "new.db"), encoding="utf-8")
    print(SCRIPT)


if __name__ == "__main__":
    main()
