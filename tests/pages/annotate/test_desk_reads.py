"""What one key press at the labelling desk costs the database: it must not creep up, and must not grow with photos."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Engine
from sqlalchemy.event import listen, remove

from core.data.store.store import Project, Store
from tests.pages.annotate.browser_desk import give
from tests.pages.conftest import OpenPage, add_photo

MOST = 36
"""Statements of a press, BEGIN included; it was 57, with suggestions."""


@pytest.fixture(autouse=True)
def no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESNET_STUDIO_WEIGHTS", str(tmp_path / "no-weights"))


@pytest.fixture
def sent() -> Iterator[list[tuple[str, Any]]]:
    """The statements, with their parameters, that the desk sends to any database."""
    found: list[tuple[str, Any]] = []

    def note(conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        found.append((statement, parameters))

    listen(Engine, "before_cursor_execute", note)
    yield found
    remove(Engine, "before_cursor_execute", note)


def test_a_press_sends_few_statements_and_none_that_reads_all_photos(
    open_page: OpenPage, store: Store, sent: list[tuple[str, Any]]
) -> None:
    project: Project = store.create_project("Birds", classes=["owl", "duck"])
    for number in range(8):
        add_photo(store, project, f"{number}.png")
    app = open_page("Annotate")
    for name in ("owl", "duck", "owl"):
        sent.clear()
        give(app, name)
    assert 10 < len(sent) <= MOST, [statement for statement, _ in sent]
    with store._engine.connect() as connection:
        for statement, parameters in sent:
            if statement.startswith(("SELECT", "UPDATE", "DELETE")):
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
                steps = [row[3] for row in plan]
                assert not any(step.startswith(("SCAN images", "SCAN change")) for step in steps), (statement, steps)
        assert connection.execute(text("SELECT count(*) FROM images WHERE class_id IS NOT NULL")).scalar() == 3
