"""A computation outlives the page that started it, is shared by all visitors, and ends when nobody watches it."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pandas as pd
import pytest

from core.errors import DataError
from core.lessons import background_computation
from core.lessons.background_computation import result_or_progress
from core.lessons.result_cache import ExperimentSteps
from core.training.events import Progress
from core.workspace import REPOSITORY


class Steps:
    """A computation of some steps that can be paused, and that counts how often it was started and closed."""

    def __init__(self, count: int = 3, held: bool = False) -> None:
        self.count = count
        self.free = threading.Event()
        if not held:
            self.free.set()
        self.begun = self.closed = 0

    def __call__(self) -> ExperimentSteps:
        self.begun += 1
        try:
            for done in range(self.count):
                yield Progress("stepping", done, self.count)
                self.free.wait(0.05)
            self.free.wait(30)
            return pd.DataFrame({"x": [1, 2]})
        finally:
            self.closed += 1


def waited(key: str, begin: Callable[[], ExperimentSteps]) -> pd.DataFrame:
    """Poll until the table is there."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if isinstance(found := result_or_progress(key, begin), pd.DataFrame):
            return found
        time.sleep(0.02)
    pytest.fail("no table in 20 seconds")


def test_it_goes_on_between_two_looks() -> None:
    """Moving a control reruns the page; that rerun finds the computation further on, not back at its start."""
    steps = Steps(held=True)
    result_or_progress("goes on", steps)
    time.sleep(0.3)
    further = result_or_progress("goes on", steps)
    assert isinstance(further, Progress) and further.done > 0 and steps.closed == 0
    steps.free.set()
    assert list(waited("goes on", steps)["x"]) == [1, 2] and (steps.begun, steps.closed) == (1, 1)
    waited("goes on", steps)
    assert steps.begun == 2, "a computation whose result was read starts again"


def test_two_who_look_share_one_computation() -> None:
    steps = Steps(held=True)
    result_or_progress("shared", steps)
    result_or_progress("shared", Steps())
    steps.free.set()
    waited("shared", steps)
    assert steps.begun == 1


def test_without_anybody_it_is_closed_and_begun_anew_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background_computation, "PATIENCE_SECONDS", 0.3)
    steps = Steps(count=10_000, held=True)
    result_or_progress("left", steps)
    deadline = time.monotonic() + 20
    while not steps.closed and time.monotonic() < deadline:
        time.sleep(0.05)
    assert steps.closed == 1
    result_or_progress("left", steps)
    assert steps.begun == 2
    steps.free.set()


def test_what_it_raises_is_raised_where_somebody_looks_and_once() -> None:
    calls: list[int] = []

    def failing() -> ExperimentSteps:
        yield Progress("failing", 0, 1)
        calls.append(1)
        if len(calls) == 1:
            raise DataError("The photos are gone.")
        return pd.DataFrame({"x": [1]})

    with pytest.raises(DataError, match="photos are gone"):
        waited("failing", failing)
    assert len(waited("failing", failing)) == 1


def test_who_ends_the_program_does_not_wait_for_a_lesson() -> None:
    """The networks of the lesson on skip connections, set to train for hours."""
    code = """if True:
        import time
        from core.lessons import skips
        from core.lessons.skips_training import train_both, sample_photos
        from core.lessons.background_computation import result_or_progress
        setting = skips.TrainingSettings(size=8, width=4, epochs=100_000)
        while not result_or_progress("long", lambda: train_both(8, 0, sample_photos(8), setting)).done:
            time.sleep(0.1)
        print(time.time())
    """
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert time.time() - float(done.stdout) < 10 < background_computation.PATIENCE_SECONDS
