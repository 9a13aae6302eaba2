"""A busy, full, damaged, lost or read-only database: told as what it is, and written to again where that helps."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.data.store import database, transactions
from core.data.store.database_errors import plain_error
from core.data.store.store import Store
from core.errors import DatabaseBusy, DatabaseLost, DataError, StorageError, WorkspaceError
from core.workspace import Workspace, open_workspace
from tests.data.builders import add, labelled_project, labels_of, open_store

FULL = "The disk is full, so the change could not be saved. Free some space, then try again."


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store that does not wait in SQLite for others, only between its own attempts."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 0)
    opened = open_store(tmp_path)
    yield opened
    opened.close()


@contextmanager
def locked(workspace: Workspace) -> Iterator[Connection]:
    """Another program is writing."""
    engine = create_engine(workspace.database_url)
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection
        connection.rollback()
    engine.dispose()


def test_a_locked_database_is_written_to_again_until_it_is_free(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    project_id, (first, _) = labelled_project(store, [None, "owl"])
    pauses: list[float] = []
    with locked(store.workspace) as other:

        def sleep(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 3:
                other.rollback()

        monkeypatch.setattr(transactions.time, "sleep", sleep)
        store.annotate(project_id, [first], "owl", "ann")
    assert labels_of(store, project_id) == ["owl", "owl"]
    assert len(store.history(project_id, limit=9)) == 2  # once, whatever the number of attempts
    assert len(pauses) == 3
    assert all(half <= 2 * pause <= 3 * half for half, pause in zip(transactions.PAUSES, pauses, strict=False))


def test_a_database_that_stays_locked_is_a_plain_sentence_after_a_few_attempts(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    project_id, (first,) = labelled_project(store, [None])
    pauses: list[float] = []
    monkeypatch.setattr(transactions.time, "sleep", pauses.append)
    with locked(store.workspace), pytest.raises(DatabaseBusy, match=r"The database is busy, so the change could not"):
        store.annotate(project_id, [first], None, "ann")
    assert len(pauses) == len(transactions.PAUSES)
    with locked(store.workspace), pytest.raises(DatabaseBusy, match=r"Wait a moment, then try again\."):
        store.create_project("Cats")
    with locked(store.workspace), pytest.raises(DatabaseBusy):
        add(store, project_id, 5)
    with locked(store.workspace), pytest.raises(DatabaseBusy):
        store.delete_project(project_id)
    assert store.count(project_id) == 1


def test_no_attempt_starts_after_the_longest_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions, "LONGEST_SECONDS", -1.0)
    monkeypatch.setattr(transactions.time, "sleep", lambda seconds: pytest.fail("it tried again"))
    with locked(store.workspace), pytest.raises(DatabaseBusy):
        store.create_project("Cats")


@pytest.mark.parametrize("code", ["40001", "40P01"])
def test_a_deadlock_of_postgresql_repeats_the_whole_transaction(
    store: Store, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    project_id, _ = labelled_project(store, ["owl"])
    monkeypatch.setattr(transactions.time, "sleep", lambda seconds: None)
    calls: list[int] = []

    def deadlocked_once(conn: Connection, project: int) -> str:
        calls.append(project)
        if len(calls) == 1:
            raise OperationalError("UPDATE", {}, psycopg_error(code))
        return "done"

    revision = store.revision(project_id)
    assert transactions.write(deadlocked_once)(store, project_id) == "done"
    assert calls == [project_id, project_id]
    assert store.revision(project_id) == revision + 1  # the first attempt left nothing


def test_an_error_that_is_no_ones_fault_stays_a_bug(store: Store) -> None:
    project_id, _ = labelled_project(store, ["owl"])

    def wrong(conn: Connection, project: int) -> None:
        conn.exec_driver_sql("SELECT x FROM nowhere")

    with pytest.raises(OperationalError, match="no such table"):
        transactions.write(wrong)(store, project_id)


def test_a_full_disk_is_no_damage_and_nothing_is_lost(store: Store, tmp_path: Path) -> None:
    project_id, (first, _) = labelled_project(store, [None, "owl"])
    store.close()
    event.listen(store._engine, "connect", fill)
    with pytest.raises(StorageError) as labelling:
        store.annotate(project_id, [first], "owl", "a" * 5000)
    assert str(labelling.value) == FULL
    with pytest.raises(StorageError) as creating:
        store.create_project("Cats", classes=[f"cat {number}" for number in range(200)])
    assert str(creating.value) == FULL
    assert labels_of(store, project_id) == [None, "owl"]
    store.close()
    event.remove(store._engine, "connect", fill)
    store.annotate(project_id, [first], "owl", "ann")  # once there is room
    assert labels_of(store, project_id) == ["owl", "owl"]


def test_a_disk_that_is_full_when_the_workspace_is_opened_is_not_called_a_damaged_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up = database._set_up_sqlite

    def set_up_full(connection: sqlite3.Connection, record: Any) -> None:
        set_up(connection, record)
        fill(connection, record)

    monkeypatch.setattr(database, "_set_up_sqlite", set_up_full)
    with pytest.raises(StorageError, match=r"The disk is full, so the workspace could not be opened\. Free some"):
        open_store(tmp_path)
    monkeypatch.undo()
    assert open_store(tmp_path).projects() == []


def fill(connection: sqlite3.Connection, record: Any) -> None:
    """Let the database have no further page: SQLite says the same as for a disk without room."""
    connection.execute("PRAGMA max_page_count = 1")  # cut to the pages that it has


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (sqlite3.SQLITE_FULL, StorageError, "The disk is full"),
        (sqlite3.SQLITE_IOERR_SHMSIZE, StorageError, "The disk is full"),
        (sqlite3.SQLITE_IOERR_WRITE, StorageError, "The disk reported an error"),
        (sqlite3.SQLITE_READONLY, StorageError, "is read-only"),
        (sqlite3.SQLITE_READONLY_DBMOVED, WorkspaceError, "was moved or deleted"),
        (sqlite3.SQLITE_BUSY_RECOVERY, DatabaseBusy, "is busy"),
        (sqlite3.SQLITE_CORRUPT, WorkspaceError, "is damaged"),
        (sqlite3.SQLITE_CANTOPEN_ISDIR, WorkspaceError, "cannot be opened"),
    ],
)
def test_what_sqlite_says_in_plain_words(code: int, kind: type[WorkspaceError], words: str) -> None:
    error = sqlite3.OperationalError("something")
    error.sqlite_errorcode = code  # type: ignore[misc]
    found = plain_error(OperationalError("INSERT", {}, error), "the change could not be saved")
    assert type(found) is kind
    assert words in str(found) and "the change could not be saved" in str(found)
    assert ("damaged" in str(found)) == (code == sqlite3.SQLITE_CORRUPT)


def test_a_database_that_was_deleted_while_it_was_open_is_told_as_such(store: Store) -> None:
    store.close()  # an open connection would still read the deleted file
    for path in store.workspace.root.glob("*.db*"):
        path.unlink()
    with pytest.raises(WorkspaceError, match=r"lacks a table .*, so the project could not be read\."):
        store.projects()


def psycopg_error(sqlstate: str | None, text: str = "something") -> Exception:
    """An error as PostgreSQL's driver raises it."""
    error = type("OperationalError", (Exception,), {})(text)
    error.sqlstate = sqlstate
    return error


def test_what_postgresql_says_in_plain_words() -> None:
    def said(state: str | None, text: str = "something") -> str:
        return str(plain_error(DBAPIError("INSERT", {}, psycopg_error(state, text)), "it could not be saved"))

    assert said("53100").startswith("The disk is full, so it could not be saved.")
    assert said("25006").startswith("The disk or the file is read-only")
    assert said("55P03").startswith("The database is busy")
    assert "cannot be reached (no route to host), so" in said(None, "no route to host\nIs it running?")
    assert "cannot be reached" in said("57P01")
    assert said("23505") == said("57014") == "None"
    # A user's words in a statement decide nothing.
    wrapped = DBAPIError("INSERT INTO classes VALUES (?)", ("the disk is full",), psycopg_error("23505"))
    assert plain_error(wrapped, "it could not be saved") is None


def test_more_visitors_than_connections_are_asked_to_wait(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left() -> Connection:
        raise PoolTimeout("QueuePool limit of size 8 overflow 24 reached")

    monkeypatch.setattr(store._engine, "connect", none_left)
    with pytest.raises(DatabaseBusy, match="Too many people use the database"):
        store.projects()


# A database that is gone while its photos are still there


@pytest.mark.parametrize("state", ["missing", "empty"])
def test_a_lost_database_beside_photos_is_told_and_left_alone(tmp_path: Path, state: str) -> None:
    store = open_store(tmp_path)
    labelled_project(store, ["owl", "duck"])
    store.close()
    workspace = store.workspace
    file = workspace.root / "studio.db"
    for path in workspace.root.glob("studio.db*"):
        path.unlink()
    log = workspace.root / "studio.db-wal"
    log.write_bytes(b"the last changes, which SQLite would throw away")
    if state == "empty":
        file.write_bytes(b"")
    with pytest.raises(DatabaseLost) as told:
        Store(workspace)
    assert f"studio.db is {state}, but" in str(told.value) and "backup" in str(told.value)
    assert "python -m core check --repair" in str(told.value)
    assert file.exists() == (state == "empty") and log.exists()
    assert Store(workspace, start_anew=True).projects() == []


def test_an_empty_server_beside_photos_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(tmp_path)
    labelled_project(store, ["owl"])
    store.close()
    other = tmp_path / "other.db"
    sqlite3.connect(other).execute("CREATE TABLE something (x)").connection.close()
    monkeypatch.setenv("RESNET_STUDIO_DATABASE_URL", f"sqlite:///{other}")
    with pytest.raises(DatabaseLost, match=r"other\.db has no tables, but"):
        Store(store.workspace)


def test_a_new_workspace_and_one_whose_photos_were_all_deleted_open_without_a_word(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    project_id, _ = labelled_project(store, ["owl"])
    store.delete_project(project_id)
    store.close()
    for path in store.workspace.root.glob("studio.db*"):
        path.unlink()
    assert Store(open_workspace(store.workspace.root)).projects() == []


def test_a_project_that_is_gone_is_still_a_data_error(store: Store) -> None:
    with pytest.raises(DataError, match="no longer exists"):
        store.rename_project(99, "Cats")
