"""Reads from one transaction: cheaper, all of one moment, and never older than what the same thread has written."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine
from sqlalchemy.event import listen, remove

from core.data.store.store import Project, Store
from core.errors import DataError
from core.workspace import open_workspace


@pytest.fixture
def begun() -> Iterator[list[str]]:
    """The transactions that are begun on any database."""
    found: list[str] = []

    def note(conn: object, cursor: object, statement: str, parameters: object, context: object, many: bool) -> None:
        if statement.startswith("BEGIN"):
            found.append(statement)

    listen(Engine, "before_cursor_execute", note)
    yield found
    remove(Engine, "before_cursor_execute", note)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(open_workspace(tmp_path))
    yield opened
    opened.close()


@pytest.fixture
def project(store: Store) -> Project:
    return store.create_project("Birds", classes=["owl"])


def names(store: Store, project: Project) -> list[str]:
    return [one.name for one in store.classes(project.id)]


def test_all_reads_share_one_transaction(store: Store, project: Project, begun: list[str]) -> None:
    begun.clear()
    with store.at_one_moment():
        for _ in range(3):
            names(store, project)
            store.revision(project.id)
        with store.at_one_moment():  # within another one, nothing changes
            names(store, project)
    assert begun == ["BEGIN"]
    names(store, project)
    assert begun == ["BEGIN", "BEGIN"]


def test_what_somebody_else_writes_comes_after_the_moment(store: Store, project: Project) -> None:
    with store.at_one_moment():
        assert names(store, project) == ["owl"]
        other = threading.Thread(target=lambda: store.add_class(project.id, "duck", "Ada"))
        other.start()
        other.join(30)
        assert names(store, project) == ["owl"]
    assert names(store, project) == ["owl", "duck"]


def test_what_the_thread_itself_writes_is_seen_at_once(store: Store, project: Project) -> None:
    with store.at_one_moment():
        assert names(store, project) == ["owl"]
        store.add_class(project.id, "duck", "Ada")
        assert names(store, project) == ["owl", "duck"]


def test_an_error_ends_the_moment_and_the_next_read_works(store: Store, project: Project) -> None:
    with pytest.raises(DataError), store.at_one_moment():
        store.image(project.id, 999)
    with pytest.raises(ZeroDivisionError), store.at_one_moment():
        names(store, project)
        _ = 1 / 0
    assert store._moment.connection is None and names(store, project) == ["owl"]


def test_another_tab_has_reads_of_its_own(store: Store, project: Project, begun: list[str]) -> None:
    """What is undone depends on the tab, which belongs to the transaction."""
    begun.clear()
    with store.in_tab("one").at_one_moment():
        names(store.in_tab("one"), project)
        names(store.in_tab("two"), project)
    assert begun == ["BEGIN", "BEGIN"]


def test_another_thread_has_reads_of_its_own(store: Store, project: Project, begun: list[str]) -> None:
    begun.clear()
    with store.at_one_moment():
        other = threading.Thread(target=lambda: names(store, project))
        other.start()
        other.join(30)
        names(store, project)
    assert begun == ["BEGIN", "BEGIN"]
