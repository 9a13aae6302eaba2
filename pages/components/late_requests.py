"""Keeps a page whole when a request of the page before comes late.

A timer, or a key that was pressed a moment before somebody went to another page, asks for a part of the page that was
left. Streamlit 1.67 answers in the name of that page: the browser takes it for a page change and shows an empty page.
Here such a request is answered in the name of the page that is open; its part is not found there, and nothing happens.
"""

from dataclasses import replace
from functools import cache

from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData


@cache
def keep_pages_whole() -> None:
    """Changes Streamlit's runner once in this process; requirements.txt binds the version that it was written for."""
    run_script = ScriptRunner._run_script

    def run(runner: ScriptRunner, request: RerunData) -> None:
        opened = runner._pages_manager.current_page_script_hash
        if request.fragment_id_queue and request.page_script_hash != opened:
            request = replace(request, page_script_hash=opened)
        run_script(runner, request)

    ScriptRunner._run_script = run  # type: ignore[method-assign, assignment]
