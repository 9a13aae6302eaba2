"""What the door lets through on a server with accounts."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from core.people import joining
from core.people.accounts.admission import ADMITTED, TEACHERS
from core.people.records import ClassRoom
from core.people.register import Register
from pages.components.door import media_owners, visit
from pages.components.door.account_cookie import USER_COOKIE_NAME
from pages.components.door.account_routes import account_routes
from pages.components.door.door import Door
from tests.pages.door.accounts.conftest import CLAIMS, ORIGIN, signed

PAGE = {"accept": "text/html"}
BrowserOf = Callable[..., TestClient]


async def _inside(request: Request) -> Response:
    answer = PlainTextResponse(f"inside {request.url.path}", 400 if request.url.path == "/auth/login" else 200)
    if request.url.path == "/oauth2callback":
        answer.set_cookie(USER_COOKIE_NAME, "x")
    return answer


@pytest.fixture
def browser_of(monkeypatch: pytest.MonkeyPatch, register: Register) -> BrowserOf:
    """``browser_of(sub="7")``: a browser with the cookie of an account with these claims."""
    monkeypatch.setenv("RESNET_STUDIO_PEOPLE", "accounts")
    monkeypatch.setenv(ADMITTED, "school.test")
    inside = Route("/{path:path}", _inside, methods=["GET", "PUT"])
    app = Starlette(routes=[*account_routes(), inside], middleware=[Middleware(Door)])

    def opened(**claims: Any) -> TestClient:
        browser = TestClient(app, base_url=ORIGIN, follow_redirects=False)
        if claims:
            browser.cookies.set(USER_COOKIE_NAME, signed(CLAIMS | claims))
        return browser

    return opened


def _arrived(browser: TestClient, register: Register, name: str) -> int:
    assert browser.post("/join", data={"code": "", "name": name}).status_code == 303
    return next(one.id for room in register.classes() for one in register.people(room.id) if one.name == name)


def test_files_and_uploads_of_another_account_do_not_exist(browser_of: BrowserOf, register: Register) -> None:
    ada, ben = browser_of(sub="1"), browser_of(sub="2")
    number = _arrived(ada, register, "Ada")
    _arrived(ben, register, "Ben")
    visit._note("session-of-ada", number)
    media_owners._owners["0a1b"] = {number}
    for path in ("/media/0a1b.jpg", "/_stcore/upload_file/session-of-ada/1"):
        assert (ada.get(path).status_code, ben.get(path).status_code) == (200, 404)
        assert browser_of().get(path).status_code == 401
        assert browser_of(sub="3").get(path).status_code == 401, "signed in, but in no class yet"


def test_a_cookie_of_the_mode_class_opens_nothing_but_the_teacher_s(
    browser_of: BrowserOf, register: Register, room: ClassRoom
) -> None:
    pupil, teacher = browser_of(), browser_of()
    pupil.cookies.set(visit.COOKIE, joining.join(register, room, "Ada").token)
    teacher.cookies.set(visit.COOKIE, joining.enter_as_teacher(register, joining.set_pin(register), "here").token)
    assert pupil.get("/Data").status_code == 401
    assert teacher.get("/_stcore/metrics").status_code == 200


def test_who_is_no_longer_admitted_or_a_teacher_is_out(
    browser_of: BrowserOf, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TEACHERS, "head@school.test")
    ada, head = browser_of(sub="1"), browser_of(sub="2", email="head@school.test")
    _arrived(ada, register, "Ada")
    assert head.get("/join").headers["location"] == "/"
    assert (ada.get("/Data").status_code, head.get("/_stcore/metrics").status_code) == (200, 200)
    monkeypatch.setenv(ADMITTED, "other.test")
    monkeypatch.setenv(TEACHERS, "")
    assert (ada.get("/Data").status_code, head.get("/_stcore/metrics").status_code) == (401, 401)
    assert "may no longer come in" in ada.get("/join").text
    assert "Your teacher has the code" in head.get("/join").text


def test_whom_the_teacher_signs_out_has_to_sign_in_again(browser_of: BrowserOf, register: Register) -> None:
    ada = browser_of(sub="1")
    register.end_visits(_arrived(ada, register, "Ada"))
    assert ada.get("/Data").status_code == 401
    assert "Sign in again" in ada.get("/join").text


def test_a_name_on_the_list_has_one_account(browser_of: BrowserOf, register: Register, room: ClassRoom) -> None:
    register.add_people(room.id, ["Ada"])
    form = {"code": room.code, "name": "ada"}
    assert browser_of(sub="1").post("/join", data=form).status_code == 303
    other = browser_of(sub="2").post("/join", data=form)
    assert "is called Ada already. Add a letter" in other.text
    register.admit_new_names(room.id, False)
    assert "is not on the list" in browser_of(sub="3").post("/join", data=form | {"name": "Cleo"}).text


def test_the_class_code_of_the_address_is_there_after_signing_in(browser_of: BrowserOf) -> None:
    browser = browser_of()
    asked = browser.get("/join", params={"code": "ABCDEF", "to": "/Data"})
    assert "Sign in" in asked.text
    browser.cookies.set(USER_COOKIE_NAME, signed(CLAIMS))
    form = browser.get("/join").text
    assert 'value="ABCDEF"' in form
    assert 'name="to" value="/Data"' in form


def test_streamlit_s_own_ways_are_open_and_its_cookie_is_for_https_only(browser_of: BrowserOf) -> None:
    browser = browser_of()
    assert "secure" in browser.get("/oauth2callback").headers["set-cookie"].lower()
    failed = browser.get("/auth/login")
    assert (failed.status_code, "does not answer" in failed.text) == (502, True)
    sent = browser.get("/sign-in")
    assert sent.headers["location"].startswith("/auth/login?provider=")
    ada = browser_of(sub="1")
    assert ada.post("/join", data={"name": "Ada"}).status_code == 303
    ada.get("/auth/logout")
    assert ada.get("/Data").status_code == 401


def test_on_a_class_s_server_these_addresses_are_closed(browser_of: BrowserOf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESNET_STUDIO_PEOPLE", "class")
    for path in ("/sign-in", "/auth/login", "/oauth2callback", "/auth/logout"):
        answer = browser_of(sub="1").get(path, headers=PAGE)
        assert answer.headers.get("location", "/").startswith("/"), path
        assert "inside" not in answer.text
