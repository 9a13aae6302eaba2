"""Computations that go on while a page is drawn anew: each in a thread of its own, until nobody watches it any more."""

import atexit
import math
import threading
import time
from collections.abc import Callable
from contextlib import closing

import pandas as pd

from core.lessons.result_cache import Computing
from core.training.events import Progress

PATIENCE_SECONDS = 20.0
"""So long a computation goes on that nobody watches: a page that is drawn anew is back in a moment, on a busy machine
in some seconds."""


class _Work:
    """One computation in its thread."""

    def __init__(self, key: str, events: Computing) -> None:
        self.told = Progress("waiting", 0, None)
        self.table: pd.DataFrame | None = None
        self.error: BaseException | None = None
        self.seen = time.monotonic()
        self._events = events
        # A daemon, which nobody who stops the server waits for; see `_end`.
        self.thread = threading.Thread(target=self._run, name=f"lesson-{key}", daemon=True)

    @property
    def left(self) -> bool:
        return time.monotonic() - self.seen > PATIENCE_SECONDS

    def _run(self) -> None:
        try:
            with closing(self._events):
                while not self.left:
                    self.told = next(self._events)
        except StopIteration as end:
            self.table = end.value
        except BaseException as error:  # noqa: BLE001 - raised again in the thread of whoever looks next
            self.error = error


_works: dict[str, _Work] = {}
_lock = threading.Lock()

_END_SECONDS = 5.0


@atexit.register
def _end() -> None:
    """Who stops the server does not wait for a lesson's end, only for its next progress: torch must not be cut off."""
    works = list(_works.values())
    for work in works:
        work.seen = -math.inf
    for work in works:
        work.thread.join(_END_SECONDS)


def result_or_progress(key: str, begin: Callable[[], Computing]) -> Progress | pd.DataFrame:
    """How far the computation of this name is, or its numbers, once; it is begun unless somebody has begun it.

    To be called again and again: a computation that nobody has looked at for PATIENCE_SECONDS is closed at its next
    progress. Raises what the computation raised.
    """
    with _lock:
        work = _works.get(key)
        if work is None or (work.left and not work.thread.is_alive()):
            work = _works[key] = _Work(key, begin())
            work.thread.start()
        work.seen = time.monotonic()
        if work.thread.is_alive():
            return work.told
        del _works[key]
    if work.error is not None:
        raise work.error
    # None where it was closed just before somebody looked again: the next look begins it anew.
    return work.told if work.table is None else work.table
