"""Protects pages from requests that the browser should not have sent: late ones and doubled ones.

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
"""

import time
from collections.abc import MutableMapping
from dataclasses import replace
from functools import cache
from weakref import WeakKeyDictionary

from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequests, ScriptRequestType

NO_FRAGMENT = "a fragment of the page before"
"""An id that no fragment has."""
ECHO_SECONDS = 0.04
"""A double click takes about twice as long."""

_pressed: MutableMapping[ScriptRequests, dict[str, float]] = WeakKeyDictionary()
"""When each button was last pressed, in seconds of time.monotonic(), by the running script of a tab."""


def without_echoes(request: RerunData, last: dict[str, float], now: float) -> RerunData:
    """Return the request without the presses that repeat one of ``last``; notes the others there."""
    states = request.widget_states
    presses = {one.id for one in states.widgets if one.trigger_value} if states else set()
    echoes = {one for one in presses if now - last.get(one, float("-inf")) < ECHO_SECONDS}
    last.update(dict.fromkeys(presses - echoes, now))
    if not echoes or states is None:
        return request
    return replace(request, widget_states=WidgetStates(widgets=[one for one in states.widgets if one.id not in echoes]))


@cache
def keep_pages_whole() -> None:
    """Patch Streamlit once in this process; requirements.txt pins the version this was written for."""
    run_script, fold = ScriptRunner._run_script, ScriptRequests._request_rerun_locked

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

    ScriptRunner._run_script = run  # type: ignore[method-assign, assignment]
    ScriptRequests._request_rerun_locked = fold_in  # type: ignore[method-assign, assignment]
