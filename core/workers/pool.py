"""Computations in worker processes, shared by all pages and tabs, stopped when nobody watches them any more."""

import itertools
import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from core import errors
from core.errors import ComputationError, StudioError
from core.processors import slowdown
from core.progress import Progress
from core.workers.messages import Message
from core.workers.remaining import RemainingSeconds
from core.workers.tasks import TASKS, Task
from core.workers.worker import Worker, WorkerDied

PATIENCE_SECONDS = 20.0
"""How long an unwatched computation continues on an idle machine; see ``patience``."""
IDLE_SECONDS = 300.0
"""How long a worker process waits for the next request before it ends, and its memory is free again."""

_POLL_SECONDS = 0.1
_GRACE_SECONDS = 0.7
_MOST_SLOWDOWN = 5.0
_NUMBERS = itertools.count(1)
log = logging.getLogger("resnet_studio")


def patience() -> float:
    """Return how many seconds an unwatched computation continues: longer on a busy machine, as pages are slow too."""
    return PATIENCE_SECONDS * min(_MOST_SLOWDOWN, slowdown())


def _nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Request:
    """A task of the pool, and its arguments, which JSON can hold."""

    task: str
    arguments: Mapping[str, Any]
    ended: Callable[[], None] = _nothing
    """Called once when the computation has ended, in whatever way, for example to delete its input files."""


@dataclass(frozen=True)
class Running:
    """A computation that goes on, or waits for another one."""

    progress: Progress
    seconds_left: float | None
    whole_seconds: float | None
    """The estimated time of the whole computation."""


@dataclass(frozen=True)
class Finished:
    """The result of a computation, as its task returned it."""

    result: Any


@dataclass(eq=False)
class _Computation:
    request: Request
    watchers: dict[str, float] = field(default_factory=dict)  # when each asked last
    number: int = field(default_factory=lambda: next(_NUMBERS))
    progress: Progress = field(default_factory=lambda: Progress("waiting for another computation", 0, None))
    remaining: RemainingSeconds = field(default_factory=RemainingSeconds)
    finished: Finished | None = None
    error: Exception | None = None
    stopping: bool = False
    begun: bool = False  # a process has read the request

    @property
    def ended(self) -> bool:
        return self.finished is not None or self.error is not None

    def watched(self, patience: float, without: str = "") -> bool:
        seen = [when for watcher, when in self.watchers.items() if watcher != without]
        return time.monotonic() - max(seen, default=-math.inf) <= patience


class Pool:
    """Runs requests in worker processes, one process for each lane; started when needed, restarted after a crash."""

    def __init__(
        self,
        tasks: Mapping[str, Task] = TASKS,
        *,
        patience_seconds: Callable[[], float] = patience,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._tasks = tasks
        self._patience = patience_seconds
        self._idle = idle_seconds
        self._lock = threading.RLock()
        self._computations: dict[str, _Computation] = {}
        self._lanes: dict[str, _Lane] = {}

    def result_or_progress(self, key: str, begin: Callable[[], Request], watcher: str) -> Running | Finished:
        """Return how far the computation ``key`` is, or its result; start it if it is not running.

        Call it repeatedly; every watcher, such as a browser tab, gets the result once. A computation that nobody has
        asked about for ``patience_seconds()`` is stopped. Raises what the computation raised: a StudioError with its
        sentence, ComputationError if the process crashed or needed too much memory, RuntimeError for a bug.
        """
        with self._lock:
            self._forget_unread()
            found = self._computations.get(key)
            if found is None or found.stopping or (found.ended and watcher not in found.watchers):
                found = self._computations[key] = _Computation(begin())
                found.watchers[watcher] = time.monotonic()
                self._lane_of(found.request).add(found)
            found.watchers[watcher] = time.monotonic()
            if not found.ended:
                return Running(found.progress, found.remaining.left, found.remaining.whole)
            del found.watchers[watcher]
            if not found.watchers:
                del self._computations[key]
        if found.error is not None:
            raise found.error
        assert found.finished is not None
        return found.finished

    def running(self, key: str) -> bool:
        """Return whether the computation is going on or waiting; this does not count as watching it."""
        with self._lock:
            found = self._computations.get(key)
            return found is not None and not found.ended and not found.stopping

    def stop(self, key: str, watcher: str) -> None:
        """Stop watching a computation; if nobody else watches it, it is stopped within about a second."""
        with self._lock:
            found = self._computations.get(key)
            if found is None:
                return
            others = found.watched(self._patience(), without=watcher)
            found.watchers.pop(watcher, None)
            if not others:
                found.stopping = True
                del self._computations[key]

    def processes(self) -> dict[str, int]:
        """Return the process ids of the workers that are running now, by lane."""
        with self._lock:
            workers = {name: lane.worker for name, lane in self._lanes.items()}
        return {name: worker.pid for name, worker in workers.items() if worker is not None and worker.alive}

    def _forget_unread(self) -> None:
        """Drop results whose watchers have gone; and results of stopped computations."""
        for key, one in list(self._computations.items()):
            if one.ended and not one.watched(self._patience()):
                del self._computations[key]

    def _lane_of(self, request: Request) -> "_Lane":
        name = self._tasks[request.task].lane
        if name not in self._lanes:
            self._lanes[name] = _Lane(self._tasks, self._patience, self._idle)
        return self._lanes[name]


class _Lane:
    """One worker process and the computations that wait for it; a thread passes them on and listens."""

    def __init__(self, tasks: Mapping[str, Task], patience: Callable[[], float], idle: float) -> None:
        self.worker: Worker | None = None
        self._tasks = tasks
        self._patience = patience
        self._idle = idle
        self._waiting: deque[_Computation] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def add(self, computation: _Computation) -> None:
        with self._changed:
            self._waiting.append(computation)
            self._changed.notify()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="worker-lane", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while (computation := self._next()) is not None:
            try:
                if self._wanted(computation):
                    self._compute(computation)
                else:
                    computation.error = _stopped()
            except Exception as error:  # noqa: BLE001 - raised again where somebody asks for the result
                computation.error = error
            finally:
                computation.request.ended()

    def _next(self) -> _Computation | None:
        """Wait for a computation; after a while without one, end the process and this thread."""
        with self._changed:
            if self._changed.wait_for(lambda: self._waiting, self._idle):
                return self._waiting.popleft()
            self._thread = None
            worker, self.worker = self.worker, None
        if worker is not None:
            worker.end()
        return None

    def _wanted(self, computation: _Computation) -> bool:
        return not computation.stopping and computation.watched(self._patience())

    def _compute(self, computation: _Computation) -> None:
        computation.progress = Progress("starting", 0, None)
        while not computation.ended:
            fresh = self.worker is None
            worker = self.worker = self.worker or Worker()
            try:
                request = computation.request
                worker.request(computation.number, self._tasks[request.task].target, request.arguments)
                self._listen(worker, computation)
            except WorkerDied:
                self.worker = None
                sentence = worker.death()
                # One that was killed while it was idle is replaced without a word.
                if not computation.ended and (fresh or computation.begun):
                    raise ComputationError(sentence) from None

    def _listen(self, worker: Worker, computation: _Computation) -> None:
        """Take in the worker's answers until the computation has ended; stop it where nobody wants it any more."""
        asked_to_stop: float | None = None
        while not computation.ended:
            answer = worker.receive(_POLL_SECONDS)
            if answer is not None and answer["id"] == computation.number:
                _take(computation, answer)
                if "memory" in answer:  # it ends, or has little left for the next
                    worker.kill()
                    self.worker = None
            if computation.ended or self._wanted(computation):
                continue
            if asked_to_stop is None:
                asked_to_stop = time.monotonic()
                computation.stopping = True
                worker.ask_to_stop(computation.number)
            elif time.monotonic() - asked_to_stop > _GRACE_SECONDS:
                worker.kill()
                self.worker = None
                raise _stopped()


def _take(computation: _Computation, answer: Message) -> None:
    """Enter an answer of the worker."""
    if "begun" in answer:
        computation.begun = True
    elif "progress" in answer:
        computation.progress = Progress(*answer["progress"])
        computation.remaining.follow(computation.progress)
    elif "result" in answer:
        computation.finished = Finished(answer["result"])
    elif "error" in answer:
        computation.error = _user_error(answer["kind"], answer["error"])
    elif "memory" in answer:
        computation.error = ComputationError(answer["memory"])
    elif "stopped" in answer:
        computation.error = _stopped()
    else:
        log.error("A computation failed in a worker process\n%s", answer["bug"])
        computation.error = RuntimeError(answer["bug"].strip().splitlines()[-1])


def _user_error(kind: str, sentence: str) -> StudioError:
    """Return the user error that the worker raised: one of its class, where that needs no more than the sentence."""
    known = getattr(errors, kind, StudioError)
    if known is errors.ImageRefused or not (isinstance(known, type) and issubclass(known, StudioError)):
        return errors.DataError(sentence)
    return known(sentence)


def _stopped() -> ComputationError:
    return ComputationError("The computation was stopped.")


@cache
def shared_pool() -> Pool:
    """Return the pool of this server."""
    return Pool()
