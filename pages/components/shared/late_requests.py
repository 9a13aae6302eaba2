"""Protects a page from late requests of the page before it.

A timer or a key press just before somebody changes the page asks for a fragment of the page they left. Streamlit 1.67
then switches back: ``ScriptRequests._request_rerun_locked`` takes the page of the newer request even when it folds a
fragment into a waiting page change, and ``ScriptRunner._run_script`` sends the old page's name to the browser, which
shows that page or an empty one. Here such a request keeps the name of the open page and draws nothing.

There is no public way. The page is chosen before any of our code runs, and ``st.stop`` in a fragment comes too late.
No setting, middleware or session hook sees a rerun request, and the browser cannot recall a timer or a key press.
``tests/browser/test_late_requests.py`` fails without this file; if it passes without it on a newer Streamlit, delete
the file.
"""

from dataclasses import replace
from functools import cache

from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequests, ScriptRequestType

NO_FRAGMENT = "a fragment of the page before"
"""An id that no fragment has."""


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
