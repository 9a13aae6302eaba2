"""A worker process: takes requests from its standard input, one after the other, and answers on its standard output.

    python -m core.workers.process

It ends when its input ends, that is when the server ends, in whatever way.
"""

import faulthandler
import importlib
import os
import queue
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from typing import BinaryIO

from core.background_process import lower_priority
from core.errors import StudioError
from core.progress import Progress
from core.workers.memory_limit import lacks_memory, limit_memory, memory_limit, memory_sentence
from core.workers.messages import SETTINGS, Message, from_line, to_line

Report = Callable[[Progress], None]
"""A task calls it often, with its progress; it does not return if the task is to stop."""

# Pages come first, but somebody waits for the result, perhaps beside a training at normal priority.
_NICE = 5
_PROGRESS_SECONDS = 0.1
_WATCH_SECONDS = 1.0


class _Stopped(BaseException):
    """Ends a task; not an Exception, so that no task takes it for an error of its own."""


class _Worker:
    def __init__(self, requests: BinaryIO, answers: BinaryIO) -> None:
        self._requests, self._answers = requests, answers
        self._writing = threading.Lock()
        self._inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._current: int | None = None
        self._to_stop: set[int] = set()

    def serve(self) -> None:
        """Answer requests until the process ends."""
        limit = memory_limit()
        limit_memory(limit, lambda: self._send(self._current, memory=memory_sentence(limit)))
        threading.Thread(target=self._read, name="requests", daemon=True).start()
        threading.Thread(target=_end_with_parent, args=(os.getppid(),), name="parent", daemon=True).start()
        while True:
            request = self._inbox.get()
            self._current = request["id"]
            self._answer(request, limit)
            self._current = None

    def _read(self) -> None:
        for line in self._requests:
            message = from_line(line)
            if "stop" in message:
                self._to_stop.add(message["stop"])
            else:
                self._inbox.put(message)
        os._exit(0)  # a task may be computing in another thread

    def _answer(self, request: Message, limit: int) -> None:
        number = request["id"]
        self._send(number, begun=True)
        _apply(request["settings"])
        try:
            module, function = request["target"].split(":")
            task = getattr(importlib.import_module(module), function)
            result = task(request["arguments"], self._reporter(number))
        except _Stopped:
            self._send(number, stopped=True)
        except StudioError as error:
            self._send(number, error=str(error), kind=type(error).__name__)
        except Exception as error:  # noqa: BLE001 - the server logs it
            if lacks_memory(error):
                self._send(number, memory=memory_sentence(limit))
            else:
                self._send(number, bug=traceback.format_exc())
        else:
            self._send(number, result=result)

    def _reporter(self, number: int) -> Report:
        last: tuple[str, float] = ("", 0.0)

        def report(progress: Progress) -> None:
            nonlocal last
            if number in self._to_stop:
                raise _Stopped
            now = time.monotonic()
            if progress.phase != last[0] or now - last[1] >= _PROGRESS_SECONDS:
                last = (progress.phase, now)
                self._send(number, progress=[progress.phase, progress.done, progress.total])

        return report

    def _send(self, number: int | None, **content: object) -> None:
        line = to_line({"id": number, **content})
        with self._writing:
            self._answers.write(line)
            self._answers.flush()


def _apply(settings: Mapping[str, str]) -> None:
    for name in [name for name in os.environ if name.startswith(SETTINGS)]:
        if name not in settings:
            del os.environ[name]
    os.environ.update(settings)


def _end_with_parent(parent: int) -> None:
    """End this process when another one becomes its parent: a copy of the server's pipe may still be open elsewhere."""
    while os.getppid() == parent:
        time.sleep(_WATCH_SECONDS)
    os._exit(0)


def main() -> None:
    """Run the worker."""
    lower_priority(_NICE)
    faulthandler.enable()
    # Streams of its own for the messages: what a library prints goes to the log.
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    _Worker(requests, answers).serve()


if __name__ == "__main__":
    main()
