"""Sends what a page draws in batches instead of message by message.

A page draws forty elements, each a message. Streamlit 1.67 wakes the server's event loop for each of them, and
``Runtime._loop_coroutine`` gives way to everything else after each that it sends. Each of these steps waits for
Python's lock: with thirty pages at work, five milliseconds, so that the server sent two hundred messages a second at
most, and a page waited for seconds after it had been computed.

Here the event loop is woken once in WAIT_SECONDS, and gives way after MOST_AT_ONCE messages. There is no setting.

A request handles first what earlier runs have sent: Streamlit drops the messages of a run that ended when the next one
of the same tab begins before they are handled.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from weakref import WeakKeyDictionary

from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime import runtime
from streamlit.runtime.app_session import AppSession

WAIT_SECONDS = 0.004
MOST_AT_ONCE = 50
"""Far fewer than the 500 messages of one tab that may wait for the network before Streamlit ends the connection."""
log = logging.getLogger("resnet_studio")


class Batch:
    """Calls that other threads ask an event loop for, made in their order, several at a time."""

    def __init__(self, wait_seconds: float = WAIT_SECONDS) -> None:
        self._wait = wait_seconds
        self._lock = threading.Lock()
        self._calls: list[Callable[[], None]] = []

    def add(self, loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
        """Have the loop make this call soon. Raises RuntimeError if it is closed."""
        with self._lock:
            first = not self._calls
            self._calls.append(call)
        if first:
            try:
                loop.call_soon_threadsafe(partial(loop.call_later, self._wait, self.work))
            except RuntimeError:
                with self._lock:
                    self._calls.clear()
                raise

    def work(self) -> None:
        """Make the calls that wait; for the event loop's thread."""
        with self._lock:
            calls, self._calls = self._calls, []
        for call in calls:
            try:
                call()
            except Exception:  # as asyncio does: one failed call does not prevent the others
                log.exception("A message of a page could not be handled")


class Ticks:
    """Gives way to other work of an event loop at every so many occasions."""

    def __init__(self, every: int = MOST_AT_ONCE) -> None:
        self._every, self._count = every, 0

    async def sleep(self, seconds: float) -> None:
        """Sleep as asyncio does, but return at once from most calls with 0 seconds."""
        if seconds > 0:
            await asyncio.sleep(seconds)
            return
        self._count += 1
        if self._count % self._every == 0:
            await asyncio.sleep(0)


def send_in_batches() -> None:
    """Patch Streamlit."""
    batches: WeakKeyDictionary[asyncio.AbstractEventLoop, Batch] = WeakKeyDictionary()
    call_soon, ask = AppSession._call_soon_on_event_loop, AppSession.request_rerun

    def add(session: AppSession, call: Callable[[], None]) -> None:
        loop = session._event_loop
        if loop.is_closed():
            call_soon(session, call)  # which knows what to do
            return
        batches.setdefault(loop, Batch()).add(loop, call)

    def asked(session: AppSession, client_state: ClientState | None) -> None:
        loop = session._event_loop
        if loop in batches and asyncio._get_running_loop() is loop:
            batches[loop].work()
        ask(session, client_state)

    AppSession._call_soon_on_event_loop = add  # type: ignore[method-assign, assignment]
    AppSession.request_rerun = asked  # type: ignore[method-assign, assignment]
    runtime.asyncio = SimpleNamespace(**{**vars(asyncio), "sleep": Ticks().sleep})  # type: ignore[assignment]
