"""Run an experiment in a background thread while Streamlit reruns the page; stop it when nobody watches any more."""

import atexit
import math
import threading
import time
from collections.abc import Callable
from contextlib import closing

import pandas as pd

from core.lessons.result_cache import ExperimentSteps
from core.training.events import Progress

PATIENCE_SECONDS = 20.0
"""How long an unwatched computation continues. A rerun of the page takes a moment, or seconds on a busy machine."""


class _Computation:
    """One experiment in its thread."""

    def __init__(self, key: str, steps: ExperimentSteps) -> None:
        self.progress = Progress("waiting", 0, None)
        self.result: pd.DataFrame | None = None
        self.error: BaseException | None = None
        self.last_seen = time.monotonic()
        self._steps = steps
        # A daemon thread, so that stopping the server does not wait for it; see `_stop_all`.
        self.thread = threading.Thread(target=self._run, name=f"lesson-{key}", daemon=True)

    @property
    def abandoned(self) -> bool:
        return time.monotonic() - self.last_seen > PATIENCE_SECONDS

    def _run(self) -> None:
        try:
            with closing(self._steps):
                while not self.abandoned:
                    self.progress = next(self._steps)
        except StopIteration as end:
            self.result = end.value
        except BaseException as error:  # noqa: BLE001 - raised again in the thread of the next caller
            self.error = error


_computations: dict[str, _Computation] = {}
_lock = threading.Lock()

_STOP_SECONDS = 5.0


@atexit.register
def _stop_all() -> None:
    """Stop every computation at its next progress report: killing a thread inside torch can crash the process."""
    running = list(_computations.values())
    for computation in running:
        computation.last_seen = -math.inf
    for computation in running:
        computation.thread.join(_STOP_SECONDS)


def result_or_progress(key: str, begin: Callable[[], ExperimentSteps]) -> Progress | pd.DataFrame:
    """Return the progress of the computation ``key``, or its table, once; start it if it is not running.

    Call it repeatedly. A computation that nobody has asked about for PATIENCE_SECONDS is closed at its next progress
    report. Raises whatever the computation raised.
    """
    with _lock:
        computation = _computations.get(key)
        if computation is None or (computation.abandoned and not computation.thread.is_alive()):
            computation = _computations[key] = _Computation(key, begin())
            computation.thread.start()
        computation.last_seen = time.monotonic()
        if computation.thread.is_alive():
            return computation.progress
        del _computations[key]
    if computation.error is not None:
        raise computation.error
    # No result if it was closed just before this call: the next call starts it again.
    return computation.progress if computation.result is None else computation.result
