"""Lets few pages work at the same time on a server, people before timers.

Python runs one thread at a time. Thirty pages that work at once slow each other down, and each switch between them
costs, so that all of them are late. Here two work, and the others wait for their turn in the order in which they came.
One that computes for long may not hold up the rest, so nobody waits longer than PATIENCE_SECONDS for a turn.

A page that only waits, for a process or a library, gives its turn up for that time.

A page asks by itself, every few seconds, whether something has changed. Such a request is left out while others wait,
and while the same tab is at work: the browser repeats it. Of a tab, at most MOST_LEFT_OUT are left out in succession.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakKeyDictionary

from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.app_session import AppSession, AppSessionState
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData

AT_ONCE = 2
PATIENCE_SECONDS = 0.3
MOST_LEFT_OUT = 4


class Turns:
    """A queue in front of some work; safe to use from many threads."""

    def __init__(self, at_once: int = AT_ONCE, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._at_once, self._patience = at_once, patience_seconds
        self._lock = threading.Lock()
        self._working = 0
        self._waiting: deque[threading.Event] = deque()
        self._mine = threading.local()

    @property
    def crowded(self) -> bool:
        """Whether somebody waits."""
        return bool(self._waiting)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Work inside, once it is this thread's turn or the patience is over."""
        self._take()
        self._mine.taken = True
        try:
            yield
        finally:
            self._mine.taken = False
            self._give()

    @contextmanager
    def left(self) -> Iterator[None]:
        """Give up this thread's turn, if it has one, while it only waits inside."""
        had = getattr(self._mine, "taken", False)
        if had:
            self._give()
        try:
            yield
        finally:
            if had:
                self._take()

    def _take(self) -> None:
        with self._lock:
            if not self._waiting and self._working < self._at_once:
                self._working += 1
                return
            mine = threading.Event()
            self._waiting.append(mine)
        if not mine.wait(self._patience):
            with self._lock:
                if not mine.is_set():  # its turn may have come just now
                    self._waiting.remove(mine)
                    self._working += 1

    def _give(self) -> None:
        with self._lock:
            self._working -= 1
            while self._waiting and self._working < self._at_once:
                self._working += 1
                self._waiting.popleft().set()


class Timers:
    """Which requests of pages' own timers are left out."""

    def __init__(self, queue: Turns, most: int = MOST_LEFT_OUT) -> None:
        self._queue, self._most = queue, most
        self._left_out: WeakKeyDictionary[object, int] = WeakKeyDictionary()

    def may_run(self, tab: object, at_work: bool) -> bool:
        """Return whether a timer's request of this tab is run; ``at_work`` if another request of it is."""
        count = self._left_out.pop(tab, 0)
        if (at_work or self._queue.crowded) and count < self._most:
            self._left_out[tab] = count + 1
            return False
        return True


turns = Turns()
_timers = Timers(turns)


def take_turns() -> None:
    """Patch Streamlit."""
    run_script, ask = ScriptRunner._run_script, AppSession.request_rerun

    def run(runner: ScriptRunner, request: RerunData) -> None:
        with turns.taken():
            run_script(runner, request)

    def asked(session: AppSession, client_state: ClientState | None) -> None:
        by_timer = client_state is not None and client_state.is_auto_rerun
        if by_timer and not _timers.may_run(session, session._state == AppSessionState.APP_IS_RUNNING):
            return
        ask(session, client_state)

    ScriptRunner._run_script = run  # type: ignore[method-assign, assignment]
    AppSession.request_rerun = asked  # type: ignore[method-assign, assignment]
