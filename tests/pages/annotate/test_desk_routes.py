"""The desk's own address: what it answers, and to whom."""

import json
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from core.data.store.store import Project, Store
from pages.components.annotate.desk.desk_routes import desk_routes
from pages.components.annotate.desk.labelling_desk import Desk
from tests.pages.annotate.browser_desk import view
from tests.pages.conftest import OpenPage, messages


@pytest.fixture(autouse=True)
def no_weights(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESNET_STUDIO_WEIGHTS", str(tmp_path_factory.mktemp("none")))


@pytest.fixture
def browser() -> TestClient:
    return TestClient(Starlette(routes=desk_routes()), raise_server_exceptions=False)


@pytest.fixture
def app(open_page: OpenPage, birds: Project) -> AppTest:
    return open_page("Annotate")


def address(app: AppTest) -> str:
    desk: Desk = app.session_state["desk"]
    return f"/desk/{desk.token}"


def press(browser: TestClient, app: AppTest, **wish: Any) -> dict[str, Any]:
    answer = browser.post(address(app), json={"photo": view(app)["photo"]["id"], **wish})
    assert answer.headers["cache-control"] == "no-store"
    said: dict[str, Any] = answer.json()
    return said


def test_a_press_answers_with_the_next_photo_and_all_that_is_beside_it(
    browser: TestClient, app: AppTest, birds: Project, store: Store
) -> None:
    before = view(app)
    said = press(browser, app, do="label", label="owl")
    after = said["view"]
    assert store.image(birds.id, before["photo"]["id"]).label == "owl"
    assert after["photo"]["src"] == before["next"] and after["photo"]["id"] != before["photo"]["id"]
    assert (after["done"], after["of"]) == (before["done"] + 1, before["of"]) and after["version"] > before["version"]
    assert after["back"] and "owl" in after["undo"] and not said["redraw"]


def test_a_press_that_comes_twice_labels_one_photo(
    browser: TestClient, app: AppTest, birds: Project, store: Store
) -> None:
    """The network broke off after the first; the browser cannot know whether it arrived, and presses again."""
    photo = view(app)["photo"]["id"]
    first = press(browser, app, do="label", label="owl", photo=photo)
    second = press(browser, app, do="label", label="duck", photo=photo)
    assert first["view"]["photo"] == second["view"]["photo"]
    assert store.image(birds.id, photo).label == "owl"
    assert store.image(birds.id, first["view"]["photo"]["id"]).label is None


def test_pictures_are_those_on_the_desk_alone(browser: TestClient, app: AppTest, birds: Project, store: Store) -> None:
    for shown in (view(app)["photo"]["src"], view(app)["next"]):
        answer = browser.get(f"/{shown}")
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("image/")
        assert answer.headers["cache-control"].startswith("private,") and len(answer.content) > 100
    labelled = next(one for one in store.images(birds.id) if one.label is not None)
    assert browser.get(f"{address(app)}/{labelled.hash}").status_code == 404
    assert browser.get(f"{address(app)}/..%2f..%2fstudio.db").status_code == 404


def test_a_picture_that_is_missing_is_a_sentence(
    browser: TestClient, app: AppTest, birds: Project, store: Store
) -> None:
    row = store.image(birds.id, view(app)["photo"]["id"])
    store.path_of(row).unlink()
    answer = browser.get(f"/{view(app)['photo']['src']}")
    assert answer.status_code == 400 and "The file of this photo is missing" in answer.text


@pytest.mark.parametrize("token", ["no-such-desk", "a" * 500])
def test_a_desk_that_is_gone_says_so_once(browser: TestClient, token: str) -> None:
    answer = browser.post(f"/desk/{token}", json={"do": "look"})
    assert answer.status_code == 404
    assert answer.json() == {
        "problem": "This desk is not open any more. Reload the page.",
        "gone": True,
        "redraw": True,
    }


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{}",
        '{"do": "delete"}',
        '{"do": "label", "photo": "1; DROP"}',
        '{"do": "look", "more": 1}',
        "x" * 9000,
    ],
)
def test_what_no_desk_sends_is_refused(browser: TestClient, app: AppTest, store: Store, body: str) -> None:
    answer = browser.post(address(app), content=body)
    assert answer.status_code == 400
    assert "cannot be asked this" in answer.text


def test_other_sites_cannot_press(browser: TestClient, app: AppTest, birds: Project, store: Store) -> None:
    photo = view(app)["photo"]["id"]
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.test"}):
        wish = {"do": "label", "photo": photo, "label": "owl"}
        assert browser.post(address(app), json=wish, headers=headers).status_code == 403
    assert store.image(birds.id, photo).label is None


def test_a_class_that_is_not_there_is_a_sentence_on_the_page(browser: TestClient, app: AppTest) -> None:
    said = press(browser, app, do="label", label="<b>wren</b>")
    assert said["redraw"], "the page says it as a toast"
    app.run()
    assert any("There is no class" in one.value for one in app.toast) and not messages(app)
    app.run()
    assert not app.toast


def test_a_bug_is_logged_and_said(
    browser: TestClient, app: AppTest, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Store, "around_desk", broken)
    answer = browser.post(address(app), json={"do": "skip", "photo": view(app)["photo"]["id"]})
    assert answer.status_code == 500 and "Reload the page" in answer.json()["problem"]
    assert "ZeroDivisionError" in caplog.text


def test_below_a_path_the_address_is_there_too(app: AppTest, monkeypatch: pytest.MonkeyPatch, birds: Project) -> None:
    module = "pages.components.annotate.desk.desk_routes.get_option"
    monkeypatch.setattr(module, lambda name: {"server.baseUrlPath": "/studio/"}[name])
    browser = TestClient(Starlette(routes=desk_routes()))
    assert browser.post(f"/studio{address(app)}", content=json.dumps({"do": "look"})).status_code == 200
