"""The real server with a provider: sign in, two workspaces, nothing of the other's, sign out. Without a browser."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from core.people.joining import set_pin
from core.people.register import Register
from core.workspace import REPOSITORY
from tests.browser.server import free_port
from tests.pages.door.accounts.provider import CLIENT, METADATA, SECRET, Provider

PAGE = {"accept": "text/html"}
PIN = "20262026"
ADA = {"sub": "1", "given_name": "Ada", "email": "ada@school.test", "email_verified": True}
BEN = {"sub": "2", "given_name": "Ben", "email": "ben@elsewhere.test", "email_verified": True}
HEAD = {"sub": "3", "given_name": "Head", "email": "head@school.test", "email_verified": True}
_START_SECONDS = 120.0


@dataclass
class Accounts:
    """A server with accounts, its provider and its register."""

    address: str
    provider: Provider
    register: Register

    def browser(self) -> httpx.Client:
        """Return a browser in which nobody has signed in."""
        return httpx.Client(base_url=self.address, follow_redirects=True, headers=PAGE, timeout=30, trust_env=False)

    def sign_in(self, claims: dict[str, object], browser: httpx.Client | None = None) -> tuple[httpx.Client, str]:
        """Sign in as whoever has these claims, and return the browser with the page at which that ends."""
        self.provider.claims = claims
        browser = browser or self.browser()
        return browser, browser.get("/sign-in").text


@pytest.fixture(scope="module")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Accounts]:
    home = tmp_path_factory.mktemp("accounts")
    register, port = Register(home), free_port()
    set_pin(register, PIN)
    address = f"http://127.0.0.1:{port}"
    with Provider() as provider:
        secrets = home / "secrets.toml"
        secrets.write_text(
            f'[auth]\nredirect_uri = "{address}/oauth2callback"\ncookie_secret = "{"s3cret" * 8}"\n'
            f'client_id = "{CLIENT}"\nclient_secret = "{SECRET}"\n'
            f'server_metadata_url = "{provider.issuer}{METADATA}"\n'
        )
        environment = {
            "RESNET_STUDIO_HOME": str(home),
            "RESNET_STUDIO_PEOPLE": "accounts",
            "RESNET_STUDIO_ADMITTED": "school.test",
            "RESNET_STUDIO_TEACHERS": "head@school.test",
            "NO_PROXY": "*",
        }
        options = {"server.port": port, "server.address": "127.0.0.1", "secrets.files": secrets}
        flags = [part for name, value in options.items() for part in (f"--{name}", str(value))]
        with (home / "server.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true", *flags],
                cwd=REPOSITORY, env={**os.environ, **environment}, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        try:
            _wait_for(f"{address}/_stcore/health", process, home / "server.log")
            yield Accounts(address, provider, register)
        finally:
            process.terminate()
            process.wait(30)
            register.close()


def _wait_for(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(log.read_text(errors="replace"))


def _cookies(browser: httpx.Client) -> str:
    return "; ".join(f"{one.name}={one.value}" for one in browser.cookies.jar)


def _open_home(accounts: Accounts, browser: httpx.Client) -> str:
    """Open the home page over its websocket, until it is drawn, and return its session."""
    ask = BackMsg()
    ask.rerun_script.SetInParent()
    session = ""
    stream = accounts.address.replace("http", "ws") + "/_stcore/stream"
    with connect(
        stream,
        origin=Origin(accounts.address),
        subprotocols=[Subprotocol("streamlit")],
        additional_headers={"Cookie": _cookies(browser)},
        max_size=None,
        proxy=None,
    ) as tab:
        tab.send(ask.SerializeToString())
        while True:
            message = ForwardMsg.FromString(tab.recv(timeout=60, decode=False))
            session = session or message.new_session.initialize.session_id
            if message.WhichOneof("type") == "script_finished":
                break
        missing = browser.put(f"/_stcore/upload_file/{session}/a-file")
        assert missing.status_code not in (401, 404), "what is theirs comes through the door"
    return session


def test_two_accounts_have_two_workspaces_and_nothing_of_each_other(accounts: Accounts) -> None:
    stranger = accounts.browser()
    assert "Sign in" in stranger.get("/Data").text
    assert stranger.get("/media/0a1b.svg", headers={"accept": "*/*"}).status_code == 401
    room = accounts.register.create_class("7b")

    ada, asked = accounts.sign_in(ADA)
    assert 'value="Ada"' in asked
    assert "Leave it empty" in asked, "her school's domain is admitted"
    ada.post("/join", data={"code": "", "name": "Ada", "to": "/"})
    ben, asked = accounts.sign_in(BEN)
    assert "Your teacher has the code" in asked
    refused = ben.post("/join", data={"code": "", "name": "Ben", "to": "/"})
    assert (refused.status_code, "Type the class code" in refused.text) == (400, True)
    ben.post("/join", data={"code": room.code, "name": "Ben", "to": "/"})

    classes = {one.name: [person.name for person in accounts.register.people(one.id)] for one in
               accounts.register.classes()}  # fmt: skip
    assert classes == {"7b": ["Ben"], "Everyone": ["Ada"]}
    session = _open_home(accounts, ada)
    assert ben.get("/_stcore/host-config").status_code == 200, "Ben is in"
    for path in ("/media/0a1b.svg", f"/_stcore/upload_file/{session}/a-file", "/_stcore/metrics"):
        assert ben.get(path).status_code == 404
    folders = [folder.name for folder in (accounts.register.server / "people").iterdir()]
    assert len(folders) == 1, "Ben has opened nothing yet"
    _open_home(accounts, ben)
    assert len(list((accounts.register.server / "people").iterdir())) == 2

    # Known by issuer and subject: the same address with another subject is somebody else.
    _, again = accounts.sign_in(ADA | {"given_name": "Adele"})
    assert "Welcome" not in again
    _, other = accounts.sign_in(ADA | {"sub": "9"})
    assert "Welcome" in other


def test_who_has_signed_out_is_out_with_every_copy_of_the_cookie(accounts: Accounts) -> None:
    browser, _ = accounts.sign_in(ADA | {"sub": "4"})
    browser.post("/join", data={"code": "", "name": "Cleo", "to": "/"})
    assert browser.get("/_stcore/host-config").status_code == 200
    copied = accounts.browser()
    copied.cookies.update({one.name: one.value or "" for one in browser.cookies.jar})
    assert copied.get("/_stcore/host-config").status_code == 200
    assert "You have signed out" in browser.post("/leave", data={}).text
    assert "Sign in" in browser.get("/auth/logout").text
    assert accounts.provider.ended[-1].count(".") == 2, "the provider was told, with its own token"
    for out in (browser, copied):
        assert out.get("/_stcore/host-config", headers={"accept": "*/*"}).status_code == 401
    assert "You have signed out. Sign in again." in copied.get("/").text
    time.sleep(1.1)  # the moment of a cookie is kept in whole seconds
    _, back = accounts.sign_in(ADA | {"sub": "4"}, browser)
    assert "Sign in" not in back
    assert browser.get("/_stcore/host-config").status_code == 200


def test_a_teacher_is_known_by_a_verified_address_or_the_pin(accounts: Accounts) -> None:
    head, _ = accounts.sign_in(HEAD)
    assert head.get("/_stcore/metrics").status_code == 200, "the figures of the server are the teacher's"
    _, unverified = accounts.sign_in(HEAD | {"sub": "5", "email_verified": False})
    assert "Your teacher has the code" in unverified
    by_pin = accounts.browser()
    by_pin.post("/teacher", data={"pin": PIN, "to": "/"})
    assert by_pin.get("/_stcore/metrics").status_code == 200
