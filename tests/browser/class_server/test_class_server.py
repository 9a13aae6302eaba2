"""The server of a class: https with a camera, every page under the content security policy, and no call outside.

One visit serves all tests here. The demo's own tests watch what it asks for: tests/browser/demo.
"""

import hashlib
import os
import shutil
import socket
import ssl
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from core.workspace import REPOSITORY
from tests.browser.class_server.conftest import PIN, ClassServer, class_server
from tests.browser.class_server.visiting import PATIENCE, rests, visit_all
from tests.pages.trained import picture
from tests.runs.photos import write_photos

WATCH = Path(__file__).parent / "watch"
CAMERA = "() => window.isSecureContext && navigator.mediaDevices.getUserMedia({video: true}).then((s) => s.active)"
UNTRUSTED = ssl._create_unverified_context()
TRAIN = ["--arch", "resnet18", "--weights", "none", "--train", "head", "--size", "32", "--epochs", "1"]


@dataclass
class Visit:
    """What was seen while somebody visited every page and uploaded a photo, and a training ran."""

    server: ClassServer
    headers: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, bool] = field(default_factory=dict)  # whether it travels by https only
    requests: list[str] = field(default_factory=list)
    sockets: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)  # by the content security policy
    camera: bool = False
    foreign: int = 0  # the answer to a page of another origin
    beyond: str = ""  # looks of any process beyond this machine

    @property
    def address(self) -> str:
        return f"https://localhost:{self.server.port}"


@pytest.fixture(scope="module")
def watch(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    log = tmp_path_factory.mktemp("watch") / "beyond.txt"
    log.touch()
    return {"PYTHONPATH": f"{WATCH}{os.pathsep}{REPOSITORY}", "WATCH_LOG": str(log)}


@pytest.fixture(scope="module")
def visit(
    chromium: Browser, home: Path, watch: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Visit]:
    folder = tmp_path_factory.mktemp("visit")
    labels = write_photos(folder / "squares")
    train = [sys.executable, "-m", "core", "train", labels, "--images", labels.parent / "images", "--out", folder / "r"]
    with class_server(home, environment=watch) as server:
        environment = {**os.environ, **watch, "RESNET_STUDIO_HOME": str(folder / "own"), "OMP_NUM_THREADS": "1"}
        training = subprocess.Popen([*map(str, train), *TRAIN], cwd=REPOSITORY, env=environment)
        seen = Visit(server)
        context = chromium.new_context(viewport={"width": 1280, "height": 900}, ignore_https_errors=True)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("console", lambda said: seen.refused.append(said.text) if "Content Security" in said.text else None)
        page.on("request", lambda request: seen.requests.append(request.url))
        page.on("websocket", lambda one: seen.sockets.append(one.url))
        page.goto(f"{seen.address}/teacher")
        page.get_by_label("PIN").fill(PIN)
        page.get_by_role("button", name="Enter").click()
        seen.headers = visit_all(page, seen.address)
        upload_a_photo(page, folder)
        seen.camera = page.evaluate(CAMERA)
        seen.cookies = {cookie["name"]: cookie["secure"] for cookie in context.cookies()}
        context.close()
        seen.foreign = foreign_websocket(server.port)
        assert training.wait(timeout=PATIENCE / 1000) == 0
        seen.beyond = Path(watch["WATCH_LOG"]).read_text()
        yield seen


def upload_a_photo(page: Page, folder: Path) -> None:
    picture((200, 200, 60), 5000).save(folder / "new.png")
    page.get_by_test_id("stSidebar").get_by_role("link", name="Data", exact=True).click()
    page.get_by_role("radio", name="Add photos").click()
    page.locator("input[type=file]").first.set_input_files(folder / "new.png")
    expect(page.get_by_text("new.png").first).to_be_visible(timeout=PATIENCE)
    rests(page)


def foreign_websocket(port: int) -> int:
    """Return the status that a page of another origin gets when it opens the app's websocket."""
    with UNTRUSTED.wrap_socket(socket.create_connection(("127.0.0.1", port), 30), server_hostname="localhost") as link:
        head = ["GET /_stcore/stream HTTP/1.1", f"Host: localhost:{port}", "Connection: Upgrade", "Upgrade: websocket"]
        head += ["Origin: https://elsewhere.example", "Sec-WebSocket-Version: 13"]
        head += ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]
        link.sendall("\r\n".join([*head, "", ""]).encode())
        return int(link.recv(1000).split()[1])


def test_the_certificate_is_the_one_whose_fingerprint_is_shown(visit: Visit, home: Path) -> None:
    served = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("127.0.0.1", visit.server.port)))
    assert hashlib.sha256(served).hexdigest() == visit.server.fingerprint.replace(":", "").lower()
    for path in (home / "server").iterdir():
        assert path.is_dir() or stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_a_camera_and_an_encrypted_connection(visit: Visit) -> None:
    assert visit.camera
    assert visit.sockets and all(url.startswith("wss://localhost") for url in visit.sockets)
    assert visit.cookies.get("_streamlit_xsrf") and all(visit.cookies.values())


def test_pages_of_other_origins_are_refused(visit: Visit) -> None:
    assert visit.foreign == 403


def test_no_process_and_no_page_asks_anybody_outside(visit: Visit) -> None:
    """Streamlit asked a server of Amazon for its address: at the start, and for every page of another origin."""
    assert visit.beyond == ""
    own = (visit.address, "data:", "blob:", "about:", "wss://localhost")
    assert visit.requests and not [url for url in visit.requests if not url.startswith(own)]


def test_the_watch_sees_a_connection_of_a_child_of_a_child(tmp_path: Path, watch: dict[str, str]) -> None:
    log = tmp_path / "beyond.txt"
    look = "import socket; s = socket.socket(); s.setblocking(False); s.connect_ex(('192.0.2.1', 9))"
    start = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {look!r}])"
    subprocess.run([sys.executable, "-c", start], env={**os.environ, **watch, "WATCH_LOG": str(log)}, check=True)
    assert "192.0.2.1" in log.read_text()


def test_every_page_works_under_the_content_security_policy(visit: Visit) -> None:
    """With Caddy and without: the app sends the policy itself."""
    assert "frame-ancestors 'none'" in visit.headers["content-security-policy"]
    assert visit.headers["x-content-type-options"] == "nosniff" and visit.headers["referrer-policy"] == "same-origin"
    assert not visit.refused, visit.refused


@pytest.mark.skipif(shutil.which("caddy") is None, reason="Caddy is not installed: apt-get install caddy")
def test_caddy_says_nothing_about_itself(visit: Visit) -> None:
    assert "server" not in visit.headers
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{visit.address}/_stcore/metrics", timeout=20, context=UNTRUSTED)
