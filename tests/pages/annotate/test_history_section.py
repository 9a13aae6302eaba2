"""The History section: every change can be seen and undone, and the project restored to an earlier point."""

import pytest
from streamlit.testing.v1 import AppTest

from core.data.store.store import Project, Store
from tests.pages.conftest import OpenPage, messages


@pytest.fixture
def opened(open_page: OpenPage, store: Store, birds: Project) -> AppTest:
    """The section as Ana sees it after Ben has labelled three photos as ducks, one by one."""
    for row in store.images(birds.id)[-3:]:
        store.annotate(birds.id, [row.id], "duck", "Ben")
    app = open_page("Annotate", name="Ana")
    return app.segmented_control(key="annotate-section").set_value("History").run()


def choose(app: AppTest, store: Store, project: Project, line: int) -> AppTest:
    """Select a row of the table; AppTest cannot click one, so set what the click would store."""
    app.session_state[f"history-chosen-{project.id}"] = store.history(project.id)[line].id
    return app.run()


def press(app: AppTest, start: str) -> AppTest:
    next(one for one in app.button if one.label.startswith(start)).click().run()
    assert not messages(app)
    return app


def labels(store: Store, project: Project) -> list[str | None]:
    return [row.label for row in store.images(project.id)[-3:]]


def test_one_goes_back_to_a_moment_after_seeing_what_it_undoes_and_forth_again(
    opened: AppTest, store: Store, birds: Project
) -> None:
    choose(opened, store, birds, 2)
    press(opened, "Go back to this point: undo 2 later changes")
    told = "\n".join(one.value for one in opened.markdown)
    assert "This undoes 2 changes by Ben: 2 photos will change." in told
    opened.button(key="history-back-now").click().run()
    assert labels(store, birds) == ["duck", None, None]
    (rewind,) = store.roll_backs(birds.id)
    assert (rewind.who, rewind.changes) == ("Ana", 2)
    opened.run()
    assert list(opened.dataframe[0].value["State"])[:3] == ["undone by going back", "undone by going back", ""]
    press(opened, "Redo 2 changes")
    assert labels(store, birds) == ["duck"] * 3
    assert store.roll_backs(birds.id) == []


def test_any_change_is_undone_and_done_again(opened: AppTest, store: Store, birds: Project) -> None:
    choose(opened, store, birds, 1)
    press(opened, "Undo this change")
    assert labels(store, birds) == ["duck", None, "duck"]
    choose(opened, store, birds, 1)
    press(opened, "Redo")
    assert labels(store, birds) == ["duck"] * 3


def test_the_changes_of_one_person_are_shown_alone(opened: AppTest) -> None:
    opened.selectbox(key="history-who").set_value("Ben").run()
    assert set(opened.dataframe[0].value["Who"]) == {"Ben"}
    assert len(opened.dataframe[0].value) == 3


def test_a_long_history_has_pages(open_page: OpenPage, store: Store, birds: Project) -> None:
    ids = [row.id for row in store.images(birds.id)]
    for turn in range(130):
        store.annotate(birds.id, [ids[turn % 8]], "owl", "Ben")
    app = open_page("Annotate", name="Ana")
    app.segmented_control(key="annotate-section").set_value("History").run()
    assert len(app.dataframe[0].value) == 100
    press(app, "Older")
    assert len(app.dataframe[0].value) == 30 + 8
    assert any(one.label == "Go back to the beginning" for one in app.button)
    press(app, "Newer")
    assert len(app.dataframe[0].value) == 100
