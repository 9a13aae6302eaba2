"""Detects that a run should end: by a stop request, by a signal, or because its folder was deleted.

    cause                     reason      the run then
    stop pressed              stop        keeps the best model so far, is evaluated, ends as stopped
    its time is used up       stop        the same
    SIGINT (Ctrl-C)           stop        the same; a second one counts as SIGTERM
    SIGTERM                   terminate   ends immediately as interrupted, and can be resumed
    the folder was deleted    gone        ends silently

``reason`` is checked after each batch. During longer work (reading photos, downloading weights, validation) a thread
waits two seconds and then raises ``Interruption`` in the main thread, as Ctrl-C does.
"""

import _thread
import contextlib
import signal
import threading
import time
from collections.abc import Collection, Iterator
from types import FrameType
from typing import Literal, TypeVar

from core.errors import StudioError
from core.runs.folder import RunFolder
from core.runs.status import now

StopReason = Literal["stop", "terminate", "gone"]
ALL: tuple[StopReason, ...] = ("stop", "terminate", "gone")  # a later one outranks an earlier one

_POLL_SECONDS = 0.25
_HEARTBEAT_SECONDS = 5.0
_PATIENCE_SECONDS = 2.0

T = TypeVar("T")


class Interruption(BaseException):
    """The run should end. Not an Exception, so that nobody catches it as an error and carries on."""

    def __init__(self, reason: StopReason) -> None:
        super().__init__(reason)
        self.reason = reason


class StopSignals:
    """A context that handles signals, checks for stop requests and writes the heartbeat.

    Signal handlers are restored at the end. They are only set in the main thread, as Python requires.
    """

    def __init__(self, run: RunFolder) -> None:
        self.reason: StopReason | None = None
        self.late = False
        """Whether the run's time is used up."""
        self._deadline: float | None = None
        self._run = run
        self._folder = run.path.stat().st_ino
        self._reason_at = 0.0
        self._heartbeat_at = 0.0
        self._interruptible_by: tuple[StopReason, ...] = ()
        self._raise_on_signal = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="run-watch", daemon=True)
        self._main = threading.current_thread() is threading.main_thread()
        self._handlers: dict[int, object] = {}

    def __enter__(self) -> "StopSignals":
        if self._main:
            for number in (signal.SIGINT, signal.SIGTERM):
                self._handlers[number] = signal.signal(number, self._on_signal)
        # A stop that was requested before the run started takes effect before its first batch.
        self._check_folder()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def limit(self, minutes: float | None) -> None:
        """Let the run stop after so many minutes from now; None: not for that reason."""
        self._deadline = None if minutes is None else time.monotonic() + 60 * minutes

    @contextlib.contextmanager
    def interruptible(self, *reasons: StopReason) -> Iterator[None]:
        """Allow ``Interruption`` for these reasons to be raised at any point inside the block."""
        self._interruptible_by = reasons
        try:
            self.check(reasons)
            yield
        finally:
            self._interruptible_by = ()

    def check(self, reasons: Collection[StopReason] = ALL) -> None:
        """Raise Interruption if the run should end for one of these reasons."""
        if self.reason is not None and self.reason in reasons:
            raise Interruption(self.reason)

    def until_stopped(self, events: Iterator[T]) -> Iterator[T]:
        """Yield the events; raise Interruption between them, or within one that takes too long."""
        while True:
            with self.interruptible(*ALL):
                try:
                    event = next(events)
                except StopIteration:
                    return
            if not self.folder_exists():
                self._set_reason("gone")
            yield event

    def _set_reason(self, reason: StopReason) -> None:
        """Record why the run should end, unless a stronger reason is known."""
        if self.reason is None or ALL.index(reason) > ALL.index(self.reason):
            self.reason, self._reason_at = reason, time.monotonic()

    def folder_exists(self) -> bool:
        """Return whether the run's folder is still the same one: saving a checkpoint may create it again."""
        try:
            return self._run.path.stat().st_ino == self._folder
        except FileNotFoundError:
            return False
        except OSError:  # such as a network disk that does not answer at the moment
            return True

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._raise_on_signal:
            self._raise_on_signal = False
            self.check(self._interruptible_by)
        elif number == signal.SIGTERM or self.reason is not None:
            self._set_reason("terminate")
        else:
            self._set_reason("stop")

    def _watch(self) -> None:
        while not self._over.wait(_POLL_SECONDS):
            self._check_folder()
            waited = time.monotonic() - self._reason_at
            late = self.reason in self._interruptible_by and waited > _PATIENCE_SECONDS
            if late and self._main and self._handlers:
                self._raise_on_signal = True
                _signal_main_thread()

    def _check_folder(self) -> None:
        """Check for a stop request or a deleted folder, and write the heartbeat from time to time."""
        # Errors here (such as a full disk) are reported where the training itself writes.
        with contextlib.suppress(OSError, StudioError):
            if not self.folder_exists():
                self._set_reason("gone")
            # Reading it as others do also corrects a state that somebody wrote who did not find this process.
            elif self._run.status().stop_requested:
                self._set_reason("stop")
            elif self._deadline is not None and time.monotonic() > self._deadline:
                self.late = self.late or self.reason is None
                self._set_reason("stop")
            if self.reason != "gone" and time.monotonic() - self._heartbeat_at > _HEARTBEAT_SECONDS:
                self._heartbeat_at = time.monotonic()
                self._run.write_status(heartbeat=now())


def _signal_main_thread() -> None:
    """Let the main thread run its SIGINT handler, also in the middle of a system call where that is possible."""
    # Windows has no pthread_kill. There the handler runs as soon as the main thread executes Python code.
    with contextlib.suppress(OSError):
        if hasattr(signal, "pthread_kill"):
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        else:
            _thread.interrupt_main(signal.SIGINT)
