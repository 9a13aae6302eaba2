"""A worker of the pool in a thread of this process: no test waits for a process that loads PyTorch.

Its messages are those of a real worker and pass through JSON, but it cannot crash. tests/workers, test_computation.py
and the browser tests have real processes.
"""

import io
import os
import queue
import threading
from collections.abc import Mapping
from typing import Any

from core.workers.messages import SETTINGS, Message, from_line, to_line
from core.workers.process import _Worker


class WorkerHere:
    """Has the methods of ``core.workers.worker.Worker``."""

    pid = os.getpid()
    alive = True
    started: "list[WorkerHere]" = []
    gate = threading.Lock()
    """A test that holds it keeps back what is asked for meanwhile."""

    def __init__(self) -> None:
        self._answers: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._worker = _Worker(io.BytesIO(), _Lines(self._answers))
        self._requests: dict[int, threading.Thread] = {}
        self.started.append(self)

    def request(self, number: int, target: str, arguments: Mapping[str, Any]) -> None:
        settings = {name: value for name, value in os.environ.items() if name.startswith(SETTINGS)}
        line = to_line({"id": number, "target": target, "arguments": dict(arguments), "settings": settings})
        thread = threading.Thread(target=self._compute, args=(from_line(line),), name="worker-here")
        self._requests[number] = thread
        thread.start()

    def _compute(self, message: Message) -> None:
        with self.gate:
            pass
        self._worker._answer(message, 0)

    def ask_to_stop(self, number: int) -> None:
        self._worker._to_stop.add(number)

    def receive(self, seconds: float) -> Message | None:
        try:
            return self._answers.get(timeout=seconds)
        except queue.Empty:
            return None

    def end(self) -> None:
        """Stop what it computes, and wait until that has stopped."""
        while self._requests:
            number, thread = self._requests.popitem()
            self.ask_to_stop(number)
            thread.join()

    kill = end

    def death(self) -> str:
        raise AssertionError("a thread does not crash")


class _Lines(io.BytesIO):
    """Puts the lines that are written to it into a queue."""

    def __init__(self, answers: "queue.SimpleQueue[Message]") -> None:
        super().__init__()
        self._into = answers

    def write(self, line: Any) -> int:
        self._into.put(from_line(line))
        return len(line)
