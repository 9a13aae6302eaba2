"""One worker process as the server sees it: start it, send it requests, receive its answers, end it."""

import contextlib
import logging
import os
import queue
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from typing import Any, cast

from core.background_process import start_python
from core.errors import ComputationError
from core.processors import available_processors
from core.workers.messages import SETTINGS, Message, from_line, to_line

_END_SECONDS = 5.0
_LOG_BYTES = 20_000
log = logging.getLogger("resnet_studio")


class WorkerDied(Exception):
    """The process ended, or closed its pipes, while an answer was expected."""


class Worker:
    """A running worker process."""

    def __init__(self) -> None:
        """Start the process; raises ComputationError where that fails."""
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process runs
        threads = os.environ.get("OMP_NUM_THREADS") or str(available_processors())
        try:
            self._process = start_python(
                ["-X", "utf8", "-m", "core.workers.process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                environment={"OMP_NUM_THREADS": threads},
            )
        except OSError as error:
            raise ComputationError(f"The computation could not be started ({error.strerror}). Try again.") from error
        self._answers: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, name="worker-answers", daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def request(self, number: int, target: str, arguments: Mapping[str, Any]) -> None:
        """Send a request; raises WorkerDied if the process is gone."""
        settings = {name: value for name, value in os.environ.items() if name.startswith(SETTINGS)}
        self._send({"id": number, "target": target, "arguments": dict(arguments), "settings": settings})

    def ask_to_stop(self, number: int) -> None:
        """Ask for the end of a request; raises WorkerDied if the process is gone."""
        self._send({"stop": number})

    def receive(self, seconds: float) -> Message | None:
        """Return the next answer, or None if there is none in this time; raises WorkerDied."""
        try:
            answer = self._answers.get(timeout=seconds)
        except queue.Empty:
            return None
        if answer is None:
            raise WorkerDied
        return answer

    def end(self) -> None:
        """Let the process end by itself, which it does when its input ends."""
        with contextlib.suppress(OSError):
            cast("Any", self._process.stdin).close()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._errors.close()

    def kill(self) -> None:
        """End the process now."""
        self._process.kill()
        self._process.wait()
        with contextlib.suppress(OSError):
            cast("Any", self._process.stdin).close()

    def death(self) -> str:
        """Return a sentence on how the process ended, and write its last words to the log."""
        try:
            code = self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            code = self._process.returncode
        self._errors.seek(max(0, self._errors.seek(0, os.SEEK_END) - _LOG_BYTES))
        log.error("A worker process ended with %s\n%s", code, self._errors.read().decode("utf-8", "replace"))
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        if code == -getattr(signal, "SIGKILL", 9):
            how += "; perhaps the computer was short of memory"
        return f"The computation stopped unexpectedly ({how}). Try again."

    def _send(self, message: Message) -> None:
        try:
            stream = cast("Any", self._process.stdin)
            stream.write(to_line(message))
            stream.flush()
        except (OSError, ValueError) as error:  # ValueError: it is closed
            raise WorkerDied from error

    def _read(self) -> None:
        try:
            for line in cast("Any", self._process.stdout):
                self._answers.put(from_line(line))
        except ValueError:
            log.exception("A worker process wrote something that is no message")
            self._process.kill()
        finally:
            self._answers.put(None)
