"""Keeps a page whole when a request of the page before comes late.

A timer, or a key that was pressed a moment before somebody went to another page, asks for a part of the page that was
left. Streamlit 1.67 answers in the name of that page: the browser takes it for a page change and shows an empty page,
or the page that was left. Here such a request is answered in the name of the page that is open, and draws nothing.
"""

from dataclasses import replace
from functools import cache

from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequests, ScriptRequestType

NOTHING = "a part of the page before"
"""The name of no part at all."""


@cache
def keep_pages_whole() -> None:
    """Changes Streamlit once in this process; requirements.txt binds the version that this was written for."""
    run_script, fold = ScriptRunner._run_script, ScriptRequests._request_rerun_locked

    def run(runner: ScriptRunner, request: RerunData) -> None:
        opened = runner._pages_manager.current_page_script_hash
        if request.fragment_id_queue and request.page_script_hash != opened:
            request = replace(request, page_script_hash=opened, fragment_id_queue=[NOTHING])
        run_script(runner, request)

    def fold_in(requests: ScriptRequests, request: RerunData) -> bool:
        waiting = requests._rerun_data
        if (
            request.fragment_id
            and requests._state == ScriptRequestType.RERUN
            and not waiting.fragment_id_queue
            and not waiting.is_fragment_scoped_rerun
        ):
            # A whole page has been asked for and has not begun: it stays the one that was asked for.
            names = ("page_script_hash", "page_name", "query_string")
            request = replace(request, **{name: getattr(waiting, name) for name in names})
        return fold(requests, request)

    ScriptRunner._run_script = run  # type: ignore[method-assign, assignment]
    ScriptRequests._request_rerun_locked = fold_in  # type: ignore[method-assign, assignment]
