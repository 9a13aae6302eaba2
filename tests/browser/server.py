"""The real Streamlit server as a process of its own, on a free port of this machine."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent.parent


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@cache
def _starter() -> "subprocess.Popen[str]":
    """The process that starts servers quickly; it ends with this one, whose pipe it reads."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.browser.server_starter"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@dataclass
class Server:
    """One ``streamlit run app.py`` with a workspace of its own; ``log`` holds what it printed.

    A ``cold`` one loads all libraries itself, as on the machine of a person.
    """

    home: Path
    log: Path
    port: int = field(default_factory=free_port)
    options: tuple[str, ...] = ()
    cold: bool = False
    process: psutil.Process | None = None

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def start(self, seconds: float = 60) -> None:
        environment = {**os.environ, "RESNET_STUDIO_HOME": str(self.home), "RESNET_STUDIO_SERVER_FILES": "on"}
        arguments = ["run", "app.py", "--server.port", str(self.port), *self.options]
        if self.cold or sys.platform != "linux":
            with self.log.open("ab") as log:
                self.process = psutil.Popen(
                    [sys.executable, "-m", "streamlit", *arguments],
                    cwd=ROOT,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
        else:
            asked = {"arguments": arguments, "environment": environment, "log": str(self.log)}
            starter = _starter()
            assert starter.stdin is not None
            assert starter.stdout is not None
            starter.stdin.write(json.dumps(asked) + "\n")
            starter.stdin.flush()
            self.process = psutil.Process(int(starter.stdout.readline()))
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not self._runs():
                break
            try:
                with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(f"the server did not start:\n{self.log.read_text(errors='replace')}")

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self.process is not None and self._runs():
            self.process.send_signal(how)
            self.process.wait(timeout=30)

    def _runs(self) -> bool:
        try:
            return self.process is not None and self.process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False
