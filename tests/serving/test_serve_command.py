"""The serve command as a process: its snippets get answers, and SIGTERM ends it after the last one."""

import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import requests

from core.errors import StudioError
from core.inspection.predicting.predictor import Predictor
from core.serving.run_server import listen
from core.serving.snippets import curl_client, javascript_client, python_client
from core.workspace import REPOSITORY
from tests.inspection.conftest import photo, write_bundle

PHOTO = "photo.png"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("serve")
    write_bundle(folder / "bundle")
    photo(3).save(folder / PHOTO)
    return folder


@pytest.fixture(scope="module")
def process(folder: Path) -> Iterator[subprocess.Popen[str]]:
    words = ["serve", folder / "bundle", "--port", "0", "--device", "cpu", "--json"]
    started = subprocess.Popen(
        [sys.executable, "-m", "core", *map(str, words)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield started
    finally:
        started.kill()
        started.communicate()


@pytest.fixture(scope="module")
def address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    said = ""
    while not said.rstrip().endswith("}") and (line := process.stdout.readline()):
        said += line
    return str(json.loads(said)["address"])


@pytest.fixture(scope="module")
def expected(folder: Path) -> str:
    found = Predictor.load(folder / "bundle", device="cpu").predict([photo(3)])[0]
    return f"{PHOTO}: {found.name} {found.probability:.6f}"


def ran(words: list[str], folder: Path) -> str:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_python_snippet_gets_the_answer(folder: Path, address: str, expected: str) -> None:
    assert ran([sys.executable, "-c", python_client(address, PHOTO)], folder) == expected


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_the_javascript_snippet_gets_the_answer(folder: Path, address: str, expected: str) -> None:
    (folder / "ask.mjs").write_text(javascript_client(address, PHOTO), encoding="utf-8")
    assert ran(["node", "ask.mjs"], folder) == expected


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_curl_snippet_gets_the_answer(folder: Path, address: str, expected: str) -> None:
    found = json.loads(ran(["sh", "-c", curl_client(address, PHOTO)], folder))
    assert len(found["answers"][0]["predictions"]) == 3
    assert found["answers"][0]["predictions"][0]["name"] in expected


def test_the_documentation_shows_these_snippets() -> None:
    text = (REPOSITORY / "docs" / "service.md").read_text(encoding="utf-8")
    assert all(snippet() in text for snippet in (python_client, javascript_client, curl_client))


def test_a_port_that_is_taken_is_one_sentence() -> None:
    with closing(listen("127.0.0.1", 0)) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StudioError, match=rf"Port {port} of 127.0.0.1 cannot be used .* with --port."):
            listen("127.0.0.1", port)
    with pytest.raises(StudioError, match="There is no address"):
        listen("no such host", 0)


def test_sigterm_ends_it_after_the_answer(process: subprocess.Popen[str], address: str, folder: Path) -> None:
    """A request whose body is still arriving when the signal comes gets its answer; then the process ends with 0."""
    host, port = address.removeprefix("http://").split(":")
    content = (folder / PHOTO).read_bytes()
    body = (
        b'--b\r\ncontent-disposition: form-data; name="photos"; filename="p.png"\r\n\r\n' + content + b"\r\n--b--\r\n"
    )
    head = f"POST /predict HTTP/1.1\r\nhost: {host}:{port}\r\ncontent-length: {len(body)}\r\n"
    head += "content-type: multipart/form-data; boundary=b\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=120) as connection:
        connection.sendall(head.encode() + body[:-40])
        assert _open_uploads(address) == 1
        process.send_signal(signal.SIGTERM)
        connection.sendall(body[-40:])
        reply = b""
        while chunk := connection.recv(65536):
            reply += chunk
    assert reply.startswith(b"HTTP/1.1 200") and b'"p.png"' in reply
    assert process.wait(120) == 0
    assert process.stderr is not None and process.stderr.read() == ""


def _open_uploads(address: str) -> int:
    for _ in range(100):
        found = int(requests.get(f"{address}/health", timeout=10).json()["uploads"])
        if found:
            break
        time.sleep(0.05)
    return found
