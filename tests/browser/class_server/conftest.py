"""A workspace with a project and its finished run, and the server of a class on it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.people.joining import set_pin
from core.people.register import Register
from core.workspace import REPOSITORY
from tests.browser.server import free_port
from tests.pages.trained import finished_run

PIN = "20262026"


@dataclass
class ClassServer:
    """A running ``python -m core class-server``."""

    address: str
    port: int
    fingerprint: str
    log: Path


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("class")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RESNET_STUDIO_HOME", str(folder))
        finished_run(tmp_path_factory)
    register = Register(folder)
    set_pin(register, PIN)
    register.close()
    yield folder


@contextmanager
def class_server(home: Path, *options: str, environment: dict[str, str] | None = None) -> Iterator[ClassServer]:
    """Start the server and wait until it says that it answers; SIGTERM ends it, and all that it has started."""
    port, log = free_port(), home / "class-server.log"
    with log.open("ab") as messages:
        process = subprocess.Popen(
            [sys.executable, "-m", "core", "class-server", "--port", str(port), "--json", *options],
            cwd=REPOSITORY,
            env={**os.environ, "RESNET_STUDIO_HOME": str(home), "OMP_NUM_THREADS": "1", **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=messages,
            text=True,
        )
    try:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if line.startswith("}"):
                break
        assert said, log.read_text()
        told = json.loads(said)
        yield ClassServer(told["address"], port, told["fingerprint"], log)
    finally:
        process.terminate()  # not killed: it ends the app and Caddy
        ended = process.wait(timeout=60)
    assert ended == 0, log.read_text()
