"""A desk's address acts for the person who has opened the desk, and for nobody else."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from core.data.store.store import Store
from core.people import door, groups, joining
from core.people.register import Register
from pages.components.annotate.desk.desk_routes import desk_routes
from pages.components.door.door import Door
from pages.components.door.visit import COOKIE
from tests.pages.conftest import add_photo
from tests.pages.people.conftest import OpenAs


@pytest.fixture(autouse=True)
def no_weights(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESNET_STUDIO_WEIGHTS", str(tmp_path_factory.mktemp("none")))


def browser_of(token: str) -> TestClient:
    app = Starlette(routes=desk_routes(), middleware=[Middleware(Door)])
    return TestClient(app, cookies={COOKIE: token} if token else {})


def at_desk(app: AppTest) -> tuple[str, int]:
    desk = app.session_state["desk"]
    return f"/desk/{desk.token}", desk.current


def test_nobody_else_can_press_or_see(register: Register, open_as: OpenAs) -> None:
    room = register.create_class("7b")
    teacher = joining.enter_as_teacher(register, joining.set_pin(register), "here")
    ada, ben = (joining.join(register, room, name) for name in ("Ada", "Ben"))
    store = Store(door.workspace_of(ada.person))
    project = store.create_project("Herons", classes=["heron", "egret"])
    photo = add_photo(store, project, "heron.jpg")
    tab = open_as(ada.token, "Annotate")  # the desk is gone with its tab
    address, current = at_desk(tab)
    assert current == photo
    wish = {"do": "label", "photo": photo, "label": "heron"}
    picture = f"{address}/{store.image(project.id, photo).hash}"
    for token, status in ((ben.token, 404), (teacher.token, 404), ("", 401)):
        browser = browser_of(token)
        assert browser.post(address, json=wish).status_code == status
        assert browser.get(picture).status_code == status
    assert store.image(project.id, photo).label is None
    assert browser_of(ada.token).get(picture).status_code == 200
    assert browser_of(ada.token).post(address, json=wish).status_code == 200
    row = store.image(project.id, photo)
    assert (row.label, row.annotated_by) == ("heron", "Ada")
    store.close()


def test_whoever_has_left_a_group_labels_nothing_there(register: Register, open_as: OpenAs) -> None:
    room = register.create_class("7b")
    ada = joining.join(register, room, "Ada")
    foxes = groups.create_group(register, room.id, "Foxes", [ada.person.id])
    store = Store(door.workspace_of(foxes))
    project = store.create_project("Herons", classes=["heron", "egret"])
    photos = [add_photo(store, project, f"{number}.jpg") for number in range(3)]
    tab = open_as(ada.token, "Annotate", group=str(foxes.id))
    address, current = at_desk(tab)
    browser = browser_of(ada.token)
    assert browser.post(address, json={"do": "label", "photo": current, "label": "heron"}).status_code == 200
    groups.set_members(register, foxes, [])
    answer = browser.post(address, json={"do": "label", "photo": photos[1], "label": "heron"})
    assert "You are no longer in this group" in answer.text
    assert [store.image(project.id, one).label for one in photos] == ["heron", None, None]
    store.close()
