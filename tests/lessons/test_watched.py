"""A computation outlives the page that began it, is shared by all who ask for it, and ends when nobody watches."""

import threading
import time

import pandas as pd
import pytest

from core.errors import DataError
from core.lessons import watched as module
from core.lessons.kept import Computing
from core.lessons.watched import watched
from core.training.events import Progress
from tests.lessons.test_kept import followed


class Steps:
    """A computation of some steps that can be held, and that tells how often it was begun and closed."""

    def __init__(self, count: int = 3, held: bool = False) -> None:
        self.count = count
        self.free = threading.Event()
        if not held:
            self.free.set()
        self.begun = self.closed = 0

    def __call__(self) -> Computing:
        self.begun += 1
        try:
            for done in range(self.count):
                yield Progress("stepping", done, self.count)
                self.free.wait(0.05)
            self.free.wait(30)
            return pd.DataFrame({"x": [1, 2]})
        finally:
            self.closed += 1


def test_it_goes_on_while_nobody_looks_for_a_moment() -> None:
    """A control that is moved breaks off the page's run; the next run finds the computation further on."""
    steps = Steps(held=True)
    first = watched("goes on", steps)
    assert next(first).phase in ("waiting", "stepping")
    first.close()
    assert steps.closed == 0
    steps.free.set()
    _, table = followed(watched("goes on", steps))
    assert list(table["x"]) == [1, 2] and (steps.begun, steps.closed) == (1, 1)


def test_two_watchers_share_one_computation() -> None:
    steps = Steps(held=True)
    first, second = watched("shared", steps), watched("shared", steps)
    next(first)
    next(second)
    steps.free.set()
    assert [len(followed(one)[1]) for one in (first, second)] == [2, 2]
    assert steps.begun == 1
    followed(watched("shared", steps))
    assert steps.begun == 2, "what has ended is begun anew"


def test_without_anybody_it_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.3)
    steps = Steps(count=10_000, held=True)
    events = watched("left", steps)
    next(events)
    events.close()
    deadline = time.monotonic() + 20
    while not steps.closed and time.monotonic() < deadline:
        time.sleep(0.05)
    assert steps.closed == 1 and "left" not in module._works


def test_what_it_raises_is_raised_where_it_is_watched() -> None:
    def failing() -> Computing:
        yield Progress("failing", 0, 1)
        raise DataError("The photos are gone.")

    with pytest.raises(DataError, match="photos are gone"):
        followed(watched("failing", failing))
