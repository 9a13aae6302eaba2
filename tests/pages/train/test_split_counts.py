"""The counts that the Train page shows: looking writes nothing, and they are those of the labels as they are now."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import insert
from streamlit.testing.v1 import AppTest

from core.data.store.schema import changes
from core.data.store.store import Project, Store
from tests.pages.conftest import OpenPage, messages
from tests.pages.trained import color_project


@pytest.fixture
def colors(store: Store) -> Project:
    return color_project(store)


def said(app: AppTest) -> str:
    return "\n".join(element.value for element in app.markdown)


def test_opening_the_page_writes_no_splits_and_the_counts_follow_the_undo_of_an_old_change(
    open_page: OpenPage, store: Store, colors: Project
) -> None:
    first, *others = store.images(colors.id)
    change = store.annotate(colors.id, [first.id], None, "ann")
    later = {"project_id": colors.id, "kind": "class moved", "text": "moved", "who": "ann", "at": datetime.now(UTC)}
    with store._engine.begin() as connection:  # more of them than any page reads of the history
        connection.execute(insert(changes), [{**later, "undone": False, "redoable": False} for _ in range(205)])
    before = store.revision(colors.id)
    app = open_page("Train", project=str(colors.id))
    assert not messages(app) and "29 photos in 3 classes" in said(app)
    assert store.revision(colors.id) == before  # a redraw of everybody else's desk
    assert {row.split for row in others} == {None} == {row.split for row in store.images(colors.id)}
    store.undo_one(colors.id, change)
    app.run()
    assert "30 photos in 3 classes" in said(app)
