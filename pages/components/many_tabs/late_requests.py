"""Protects pages from requests that arrive at the wrong moment: late ones, doubled ones, and during a callback.

A timer or a key press just before somebody changes the page asks for a fragment of the page they left. Streamlit 1.67
then switches back: ``ScriptRequests._request_rerun_locked`` takes the page of the newer request even when it folds a
fragment into a waiting page change, and ``ScriptRunner._run_script`` sends the old page's name to the browser, which
shows that page or an empty one. Here such a request keeps the name of the open page and draws nothing.

There is no public way. The page is chosen before any of our code runs, and ``st.stop`` in a fragment comes too late.
No setting, middleware or session hook sees a rerun request, and the browser cannot recall a timer or a key press.
``tests/browser/test_late_requests.py`` fails without this file; if it passes without it on a newer Streamlit, delete
the file.

While a page is being redrawn, Streamlit 1.67 sometimes sends a pressed shortcut twice, 0 to 10 ms apart. A test that
presses U twice on the box desk met it in four of five loops of up to 30 runs: one press undid two changes. Nobody
presses a key twice that fast, so the second press of a button within ECHO_SECONDS is left out.

Every access to ``st.session_state`` may raise to start the newest request. Streamlit 1.67 lets this happen in callbacks
too: a request that arrived just after a press ended the press's callback half-way, or before it began, and the press
was lost. In one of four runs on a busy machine a double click on Import did nothing. Here callbacks run to their end,
and the newer request starts after them. ``runner.fastReruns`` is off in .streamlit/config.toml for the same reason:
with it, every request gets a thread of its own, and two threads change one session state without a common lock.
"""

import threading
import time
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequests, ScriptRequestType
from streamlit.runtime.state.safe_session_state import SafeSessionState

NO_FRAGMENT = "a fragment of the page before"
"""An id that no fragment has."""
ECHO_SECONDS = 0.04
"""A double click takes about twice as long."""

_pressed: MutableMapping[ScriptRequests, dict[str, float]] = WeakKeyDictionary()
"""When each button was last pressed, in seconds of time.monotonic(), by the running script of a tab."""
_thread = threading.local()


def without_echoes(request: RerunData, last: dict[str, float], now: float) -> RerunData:
    """Return the request without the presses that repeat one of ``last``; notes the others there."""
    states = request.widget_states
    presses = {one.id for one in states.widgets if one.trigger_value} if states else set()
    echoes = {one for one in presses if now - last.get(one, float("-inf")) < ECHO_SECONDS}
    last.update(dict.fromkeys(presses - echoes, now))
    if not echoes or states is None:
        return request
    return replace(request, widget_states=WidgetStates(widgets=[one for one in states.widgets if one.id not in echoes]))


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let this thread finish what it does before it starts a newer request."""
    _thread.uninterrupted = True
    try:
        yield
    finally:
        _thread.uninterrupted = False


@cache
def keep_pages_whole() -> None:
    """Patch Streamlit once in this process; requirements.txt pins the version this was written for."""
    run_script, fold = ScriptRunner._run_script, ScriptRequests._request_rerun_locked
    start_newer, apply = ScriptRunner._maybe_handle_execution_control_request, SafeSessionState.on_script_will_rerun

    def run(runner: ScriptRunner, request: RerunData) -> None:
        opened = runner._pages_manager.current_page_script_hash
        if request.fragment_id_queue and request.page_script_hash != opened:
            request = replace(request, page_script_hash=opened, fragment_id_queue=[NO_FRAGMENT])
        run_script(runner, request)

    def fold_in(requests: ScriptRequests, request: RerunData) -> bool:
        request = without_echoes(request, _pressed.setdefault(requests, {}), time.monotonic())
        waiting = requests._rerun_data
        if (
            request.fragment_id
            and requests._state == ScriptRequestType.RERUN
            and not waiting.fragment_id_queue
            and not waiting.is_fragment_scoped_rerun
        ):
            # A page change is waiting and has not started: it stays the page that was requested.
            names = ("page_script_hash", "page_name", "query_string")
            request = replace(request, **{name: getattr(waiting, name) for name in names})
        return fold(requests, request)

    def start_newer_if_free(runner: ScriptRunner) -> None:
        if not getattr(_thread, "uninterrupted", False):
            start_newer(runner)

    def apply_whole(state: SafeSessionState, *args: Any, **kwargs: Any) -> None:
        with _uninterrupted():
            apply(state, *args, **kwargs)  # runs the callbacks

    ScriptRunner._maybe_handle_execution_control_request = start_newer_if_free  # type: ignore[method-assign, assignment]
    SafeSessionState.on_script_will_rerun = apply_whole  # type: ignore[method-assign, assignment]
    ScriptRunner._run_script = run  # type: ignore[method-assign, assignment]
    ScriptRequests._request_rerun_locked = fold_in  # type: ignore[method-assign, assignment]
