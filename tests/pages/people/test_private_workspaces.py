"""Every page, opened with the numbers of somebody else's project and run, shows nothing of theirs."""

import pytest

from core.data.store.store import Store
from core.people import door, joining
from core.people.records import Joined
from core.people.register import Register
from pages.components.shared.frame import PAGES
from tests.pages.conftest import add_photo
from tests.pages.people.conftest import OpenAs, all_texts

SECRETS = ("Heron pond", "heron-7.jpg", "greyheron", "First try")
RUN = "20261130-101010-first-a1b"


@pytest.fixture
def two(register: Register) -> tuple[Joined, Joined]:
    """Ada, who has a project with a photo and a run; and Ben, who has nothing."""
    room = register.create_class("7b")
    ada, ben = (joining.join(register, room, name) for name in ("Ada", "Ben"))
    workspace = door.workspace_of(ada.person)
    store = Store(workspace)
    project = store.create_project("Heron pond", classes=["greyheron", "egret"])
    add_photo(store, project, "heron-7.jpg", "greyheron")
    store.close()
    run = workspace.runs / RUN
    run.mkdir()
    (run / "status.json").write_text(
        f'{{"state": "finished", "title": "First try", "project_id": {project.id}, "project": "Heron pond", '
        '"created": "2026-11-30T10:10:10Z"}'
    )
    return ada, ben


@pytest.mark.parametrize("page", list(PAGES))
def test_the_addresses_of_others_show_nothing_of_theirs(two: tuple[Joined, Joined], open_as: OpenAs, page: str) -> None:
    _, ben = two
    app = open_as(ben.token, page, project="1", run=RUN, photo="1", image="1")
    shown = all_texts(app)
    assert not app.exception
    assert "Ben" in shown
    for secret in SECRETS:
        assert secret not in shown


def test_what_is_cached_for_one_is_not_shown_to_the_next(two: tuple[Joined, Joined], open_as: OpenAs) -> None:
    """Project 1 and photo 1 exist in many workspaces: no cache may know them by their numbers alone."""
    ada, ben = two
    store = Store(door.workspace_of(ben.person))
    add_photo(store, store.create_project("Ducks", classes=["mallard", "teal"]), "duck-1.jpg", "mallard")
    store.close()
    for page in ("Home", "Data", "Annotate", "Train"):
        assert "Heron pond" in all_texts(open_as(ada.token, page, project="1"))
        shown = all_texts(open_as(ben.token, page, project="1"))
        assert "Ducks" in shown
        for secret in SECRETS:
            assert secret not in shown


def test_labels_carry_the_name_under_which_somebody_has_joined(two: tuple[Joined, Joined], open_as: OpenAs) -> None:
    ada, _ = two
    app = open_as(ada.token, "Home", name="Ben")
    assert not [field for field in app.text_input if field.label == "Your name"]
    assert app.session_state["who"] == "Ben", "the address may say so"
    from pages.components.shared import session

    assert session.who() == "Ada", "but it does not count"


def test_a_tab_whose_visit_has_ended_shows_the_way_in(
    two: tuple[Joined, Joined], open_as: OpenAs, register: Register
) -> None:
    ada, _ = two
    app = open_as(ada.token, "Data", project="1")
    register.end_visits(ada.person.id)
    app.run()
    assert "This visit has ended" in all_texts(app)
    assert "heron-7.jpg" not in all_texts(app)


def test_a_tab_that_somebody_else_goes_on_with_forgets_what_it_held(
    two: tuple[Joined, Joined], open_as: OpenAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, ben = two
    app = open_as(ada.token, "Data", project="1")
    app.session_state["typed"] = "Ada's text"
    monkeypatch.setattr("pages.components.door.visit.token", lambda: ben.token)
    app.run()
    assert "typed" not in app.session_state
    assert "Heron pond" not in all_texts(app)


def test_the_server_s_own_files_are_offered_to_nobody(two: tuple[Joined, Joined], open_as: OpenAs) -> None:
    from pages.components.shared import session

    open_as(two[0].token)
    assert not session.offers_server_files()
