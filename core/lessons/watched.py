"""Computations that go on while a page is drawn anew: each in a thread of its own, until nobody watches it any more."""

import threading
import time
from collections.abc import Callable
from contextlib import closing

import pandas as pd

from core.lessons.kept import Computing
from core.training.events import Progress

PATIENCE_SECONDS = 10.0
"""So long a computation goes on that nobody watches: a page that is drawn anew is back in a moment."""
_LOOK_SECONDS = 0.1


class _Work:
    """One computation in its thread."""

    def __init__(self, key: str, events: Computing) -> None:
        self.told = Progress("waiting", 0, None)
        self.table: pd.DataFrame | None = None
        self.error: BaseException | None = None
        self._key, self._events = key, events
        self._seen = time.monotonic()
        # A daemon: whoever stops the server does not wait for a lesson.
        self.thread = threading.Thread(target=self._run, name=f"lesson-{key}", daemon=True)

    def look(self) -> bool:
        """Wait a moment; whether it is still at work."""
        self._seen = time.monotonic()
        self.thread.join(_LOOK_SECONDS)
        return self.thread.is_alive()

    def _run(self) -> None:
        try:
            with closing(self._events):
                while time.monotonic() - self._seen < PATIENCE_SECONDS:
                    self.told = next(self._events)
        except StopIteration as end:
            self.table = end.value
        except BaseException as error:  # noqa: BLE001 - raised again in the threads of those who watch
            self.error = error
        finally:
            with _lock:
                _works.pop(self._key, None)


_works: dict[str, _Work] = {}
_lock = threading.Lock()


def watched(key: str, begin: Callable[[], Computing]) -> Computing:
    """The progress and the numbers of the computation of this name, which is begun unless it is at work already.

    Who closes the generator only looks away: the computation goes on for PATIENCE_SECONDS, and who asks for it within
    them finds it further on. Without anybody it is closed at its next progress. Raises what the computation raises.
    """
    while True:
        with _lock:
            work = _works.get(key)
            if work is None:
                work = _works[key] = _Work(key, begin())
                work.thread.start()
        while work.look():
            yield work.told
        if work.error is not None:
            raise work.error
        if work.table is not None:
            return work.table
        # It was left a moment before somebody asked for it.
