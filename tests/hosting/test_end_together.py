"""The app and Caddy do not outlive the server of a class, however it ends."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from core.workspace import REPOSITORY
from tests.browser.server import free_port

PATIENCE = 60.0

# Stands for the app and for Caddy: it answers at its port, and notes its pid.
PROGRAM = """
import http.server, os, pathlib, sys
class Well(http.server.BaseHTTPRequestHandler):
    def do_GET(self): self.send_response(200); self.end_headers()
    def log_message(self, *_): pass
pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))
http.server.HTTPServer(("127.0.0.1", int(sys.argv[2])), Well).serve_forever()
"""
SERVER = """
import pathlib, sys
from core.hosting import class_server
folder, python = pathlib.Path(sys.argv[1]), sys.executable
sys.executable = str(folder / "python")
settings = class_server.Settings(folder, "localhost", int(sys.argv[2]), None, None, "class", 100, None)
sys.exit(class_server.run_class_server(settings, lambda: (folder / "ready").touch()))
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], psutil.Process]]:
    """A class's server, whose app is a small program in place of Streamlit, and the process of that program."""
    (tmp_path / "app.py").write_text(PROGRAM)
    python = tmp_path / "python"
    run_app = f'exec "{sys.executable}" "{tmp_path / "app.py"}" "{tmp_path / "pid"}" "$STREAMLIT_SERVER_PORT"'
    python.write_text(f'#!/bin/sh\nif [ "$2" = streamlit ]; then {run_app}; fi\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    process = subprocess.Popen([sys.executable, "-c", SERVER, tmp_path, str(free_port())], cwd=REPOSITORY)
    try:
        until(lambda: (tmp_path / "ready").exists(), "the server does not start")
        app = psutil.Process(int((tmp_path / "pid").read_text()))
        yield process, app
        with suppress(psutil.NoSuchProcess):  # of a test that failed
            app.kill()
    finally:
        process.kill()
        process.wait()


def test_a_killed_server_takes_its_app_along(server: tuple[subprocess.Popen[bytes], psutil.Process]) -> None:
    process, app = server
    process.send_signal(signal.SIGKILL)
    process.wait()
    until(lambda: gone(app), "the app outlives its server")


def test_a_server_that_is_stopped_ends_its_app_and_the_watcher(
    server: tuple[subprocess.Popen[bytes], psutil.Process],
) -> None:
    process, app = server
    started = psutil.Process(process.pid).children(recursive=True)
    assert len(started) == 2  # the app and the watcher
    process.terminate()
    assert process.wait(PATIENCE) == 0
    assert all(gone(one) for one in started) and gone(app)


def gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def until(there: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not there():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.05)
