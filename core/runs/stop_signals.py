"""Hears, while a run works, that it should end: a stop request, a signal, or the loss of its folder.

    what                      reason      the run then
    stop pressed              stop        keeps the best so far, is evaluated, ends as stopped
    SIGINT (Ctrl-C)           stop        the same; a second one counts as SIGTERM
    SIGTERM                   terminate   ends at once as interrupted, and can be resumed
    the folder was deleted    gone        ends without a word

The loop over batches looks at ``reason`` after each batch. Where no batch passes (photos are read, weights fetched,
a validation runs) the watch waits for two seconds and then raises ``Interruption`` in the main thread, as Ctrl-C does.
"""

import contextlib
import signal
import threading
import time
from collections.abc import Collection, Iterator
from types import FrameType
from typing import Literal, TypeVar

from core.errors import RunError
from core.runs.folder import RunFolder
from core.runs.status import now, read_status

StopReason = Literal["stop", "terminate", "gone"]
ALL: tuple[StopReason, ...] = ("stop", "terminate", "gone")  # a later one outranks an earlier one

_LOOK_SECONDS = 0.25
_HEARTBEAT_SECONDS = 5.0
_PATIENCE_SECONDS = 2.0

T = TypeVar("T")


class Interruption(BaseException):
    """The run should end. Not an Exception, so that nothing on the way takes it for an error and goes on."""

    def __init__(self, reason: StopReason) -> None:
        super().__init__(reason)
        self.reason = reason


class StopSignals:
    """A context in which signals are heard, stop requests are seen and the heartbeat is written.

    Signal handlers are put back at the end. They are only set in a process's main thread, as Python demands.
    """

    def __init__(self, run: RunFolder) -> None:
        self.reason: StopReason | None = None
        self._run = run
        self._folder = run.path.stat().st_ino
        self._noted = 0.0
        self._beaten = 0.0
        self._heeded: tuple[StopReason, ...] = ()
        self._nudged = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="run-watch", daemon=True)
        self._main = threading.current_thread() is threading.main_thread()
        self._handlers: dict[int, object] = {}

    def __enter__(self) -> "StopSignals":
        if self._main:
            for number in (signal.SIGINT, signal.SIGTERM):
                self._handlers[number] = signal.signal(number, self._on_signal)
        # A stop that was asked for before the run began is heard before its first batch, however fast that is.
        self._glance()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    @contextlib.contextmanager
    def heeding(self, *reasons: StopReason) -> Iterator[None]:
        """Inside, an ``Interruption`` for one of these reasons may be raised at any point."""
        self._heeded = reasons
        try:
            self.check(reasons)
            yield
        finally:
            self._heeded = ()

    def check(self, reasons: Collection[StopReason] = ALL) -> None:
        """Raises Interruption where one of these reasons is known."""
        if self.reason is not None and self.reason in reasons:
            raise Interruption(self.reason)

    def guard(self, events: Iterator[T]) -> Iterator[T]:
        """The same events; an Interruption is raised between them, or within one that takes too long."""
        while True:
            with self.heeding(*ALL):
                try:
                    event = next(events)
                except StopIteration:
                    return
            if not self.folder_is_there():
                self.note("gone")
            yield event

    def note(self, reason: StopReason) -> None:
        """Remembers why the run should end."""
        if self.reason is None or ALL.index(reason) > ALL.index(self.reason):
            self.reason, self._noted = reason, time.monotonic()

    def folder_is_there(self) -> bool:
        """Whether the run's folder is still the one it was: a training may make it anew when it saves."""
        try:
            return self._run.path.stat().st_ino == self._folder
        except FileNotFoundError:
            return False

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._nudged:
            self._nudged = False
            self.check(self._heeded)
        elif number == signal.SIGTERM or self.reason is not None:
            self.note("terminate")
        else:
            self.note("stop")

    def _look(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            self._glance()
            late = self.reason in self._heeded and time.monotonic() - self._noted > _PATIENCE_SECONDS
            if late and self._main and self._handlers:
                self._nudged = True
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    def _glance(self) -> None:
        """Look at the folder once, and leave a sign of life there now and then."""
        # What cannot be read or written here (a full disk, say) shows where the training itself writes.
        with contextlib.suppress(OSError, RunError):
            if not self.folder_is_there():
                self.note("gone")
            elif read_status(self._run.path / "status.json").stop_requested:
                self.note("stop")
            if self.reason != "gone" and time.monotonic() - self._beaten > _HEARTBEAT_SECONDS:
                self._beaten = time.monotonic()
                self._run.write_status(heartbeat=now())
