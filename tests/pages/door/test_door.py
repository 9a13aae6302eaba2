"""What the server's door lets through: nothing for strangers, and of others' files nothing for anybody."""

import asyncio
import re

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from starlette.types import Message
from starlette.websockets import WebSocketDisconnect

from core.errors import PeopleError
from core.people import joining
from core.people.records import ClassRoom
from core.people.register import Register
from core.workspace import REPOSITORY
from pages.components.door import media_owners, upload_rate, visit
from pages.components.door.app_server import at_start
from pages.components.door.page_policy import CLASS_HEADERS, page_policy

PAGE = {"accept": "text/html,*/*"}


def _with(browser: TestClient, token: str) -> TestClient:
    browser.cookies.set(visit.COOKIE, token)
    return browser


@pytest.mark.parametrize(
    "path", ["/", "/Data", "/Annotate?project=1", "/media/0a1b.jpg", "/_stcore/upload_file/a/b", "/_stcore/metrics"]
)
def test_a_stranger_reaches_no_page_and_no_file(browser: TestClient, path: str) -> None:
    answer = browser.get(path, headers=PAGE)
    assert "inside" not in answer.text
    if path.startswith(("/media", "/_stcore")):
        assert answer.status_code == 401
    else:
        assert (answer.status_code, answer.headers["location"].split("?")[0]) == (303, "/join")
    assert browser.get(path).status_code == 401, "what asks for no page is not sent to one"


@pytest.mark.parametrize("path", ["/join", "/teacher", "/leave", "/_stcore/health", "/static/js/index.js"])
def test_a_stranger_reaches_the_ways_in_and_whether_the_server_is_well(browser: TestClient, path: str) -> None:
    answer = browser.get(path, headers=PAGE)
    assert answer.status_code == 200
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/join/../Data", "//media/0a1b.jpg", "/static/../Data", "/JOIN", "/join/x"])
def test_a_disguised_path_is_no_way_in(app: Starlette, path: str) -> None:
    """Sent as it is: clients shorten such paths before they send them."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b""}
    headers = [(b"accept", b"text/html"), (b"host", b"class.test")]
    asyncio.run(app({**scope, "headers": headers, "scheme": "http", "server": ("class.test", 80)}, receive, send))
    assert sent[0]["status"] == 303


def test_a_path_before_the_addresses_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pages.components.door.app_server.get_option", lambda name: "studio")

    async def start() -> None:
        async with at_start(None):
            pass

    with pytest.raises(PeopleError, match=r"Unset server\.baseUrlPath"):
        asyncio.run(start())


def test_a_stranger_gets_no_websocket(browser: TestClient) -> None:
    with pytest.raises(WebSocketDisconnect), browser.websocket_connect("/_stcore/stream"):
        pass


def test_who_has_joined_comes_through(browser: TestClient, register: Register, room: ClassRoom) -> None:
    ada = joining.join(register, room, "Ada")
    assert _with(browser, ada.token).get("/Data").text == "inside /Data"
    with browser.websocket_connect("/_stcore/stream") as stream:
        assert stream.receive_text() == "inside"
    assert browser.get("/_stcore/metrics").status_code == 404, "the figures of the server are the teacher's"


def test_files_and_uploads_of_others_do_not_exist(app: Starlette, register: Register, room: ClassRoom) -> None:
    ada, ben = (joining.join(register, room, name) for name in ("Ada", "Ben"))
    visit._note("session-of-ada", ada.person.id)
    media_owners._owners["0a1b"] = {ada.person.id}
    own, other = (_with(TestClient(app, base_url="http://class.test"), one.token) for one in (ada, ben))
    for path in ("/media/0a1b.jpg", "/_stcore/upload_file/session-of-ada/1"):
        assert own.get(path).status_code == 200
        assert other.get(path).status_code == 404
    assert own.put("/_stcore/upload_file/session-of-ada/1", content=b"x").status_code == 200
    assert other.put("/_stcore/upload_file/session-of-ada/1", content=b"x").status_code == 404
    assert other.get("/media/ffff.jpg").status_code == 404, "as if there were none"


def test_alone_everything_is_open(browser: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESNET_STUDIO_PEOPLE", "alone")
    assert browser.get("/Data", headers=PAGE).text == "inside /Data"
    assert browser.get("/join").headers["location"] == "/"


def test_a_wrong_setting_opens_nothing(browser: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESNET_STUDIO_PEOPLE", "klass")
    answer = browser.get("/Data", headers=PAGE)
    assert (answer.status_code, "Set it to alone" in answer.text) == (503, True)


def test_every_page_of_a_class_has_a_content_security_policy(
    browser: TestClient, register: Register, room: ClassRoom
) -> None:
    ada = joining.join(register, room, "Ada")
    headers = _with(browser, ada.token).get("/Data").headers
    assert "connect-src 'self' ws://class.test wss://class.test data: blob:;" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"] and headers["x-frame-options"] == "DENY"
    forged = browser.get("/Data", headers={"host": "x.test; script-src *"}).headers["content-security-policy"]
    assert "x.test" not in forged and "script-src *" not in forged


def test_the_policy_is_that_of_caddy() -> None:
    caddyfile = (REPOSITORY / "deploy" / "class" / "Caddyfile").read_text(encoding="utf-8")
    (caddys,) = re.findall(r'Content-Security-Policy "(.*)"', caddyfile)
    assert page_policy("h").replace("ws://h wss://h", "wss://{http.request.hostport}") == caddys
    assert all(
        f'{name} "{value}"' in caddyfile or f"{name} {value}" in caddyfile for name, value in CLASS_HEADERS.items()
    )


def test_a_class_with_two_hundred_photos_each_uploads_and_a_flood_waits(
    app: Starlette, register: Register, room: ClassRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    rate = upload_rate.UploadRate()
    for person in range(30):
        assert all(rate.refusal(person, 8 * 2**20, now=0.2 * number) is None for number in range(200))
    monkeypatch.setattr("pages.components.door.door.RATE", upload_rate.UploadRate(most_files=3))
    ada, ben = (joining.join(register, room, name) for name in ("Ada", "Ben"))
    own, other = (_with(TestClient(app, base_url="http://class.test"), one.token) for one in (ada, ben))
    for one, client in ((ada, own), (ben, other)):
        visit._note(f"of-{one.person.name}", one.person.id)
        assert client.put(f"/_stcore/upload_file/of-{one.person.name}/1", content=b"x").status_code == 200
    flood = [own.put(f"/_stcore/upload_file/of-Ada/{number}", content=b"x") for number in range(3)]
    assert [one.status_code for one in flood] == [200, 200, 429]
    assert "You have uploaded 3 files in the last 10 minutes. Wait 10 minutes" in flood[2].text
    assert int(flood[2].headers["retry-after"]) <= 600
    assert other.put("/_stcore/upload_file/of-Ben/2", content=b"x").status_code == 200, "each person by themselves"


def test_bytes_count_and_ten_minutes_later_one_goes_on() -> None:
    rate = upload_rate.UploadRate(most_bytes=100)
    assert rate.refusal(1, 500, now=0.0) is None, "one file is never too much by itself"
    assert rate.refusal(1, 1, now=1.0) is not None
    assert rate.refusal(2, 60, now=1.0) is None
    assert rate.refusal(2, 60, now=2.0) is not None
    assert rate.refusal(1, 1, now=601.0) is None and rate.refusal(2, 60, now=602.0) is None


def test_an_upload_without_a_size_is_refused(browser: TestClient, register: Register, room: ClassRoom) -> None:
    ada = joining.join(register, room, "Ada")
    visit._note("of-Ada", ada.person.id)
    sent = _with(browser, ada.token).put("/_stcore/upload_file/of-Ada/1", content=iter([b"x", b"y"]))
    assert sent.status_code == 411
