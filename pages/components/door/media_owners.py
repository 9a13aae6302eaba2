"""Whose files Streamlit serves below /media/: those of the people in whose tabs they were drawn.

Streamlit 1.67 gives a file to whoever knows its address, and has no setting or hook for this. Here the addresses are
noted with the people for whom they were made; the door asks for them. ``tests/pages/door/test_media_owners.py`` fails
if a newer Streamlit keeps its files in another way.
"""

import threading
from functools import cache
from typing import Any

from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages.components.door.visit import person_of_session

_PRUNE_EVERY = 500
_owners: dict[str, set[int]] = {}
_lock = threading.Lock()


def owns(person_id: int, address: str) -> bool:
    """Return whether the file at this address, such as /media/0a1b.jpg, was made for this person."""
    with _lock:
        return person_id in _owners.get(_file_id(address), ())


@cache
def note_owners() -> None:
    """Patch Streamlit once in this process; requirements.txt pins the version this was written for."""
    add, execute = MediaFileManager.add, MediaFileManager.execute_deferred

    def add_noted(manager: MediaFileManager, *args: Any, **kwargs: Any) -> str:
        address = add(manager, *args, **kwargs)
        context = get_script_run_ctx()
        if context is not None:
            _note(manager, address, person_of_session(context.session_id))
        return address

    def execute_noted(manager: MediaFileManager, file_id: str) -> str:
        entry = manager._deferred_callables.get(file_id)
        address = execute(manager, file_id)
        if entry is not None:
            _note(manager, address, person_of_session(entry["session_id"]))
        return address

    MediaFileManager.add = add_noted  # type: ignore[method-assign, assignment]
    MediaFileManager.execute_deferred = execute_noted  # type: ignore[method-assign, assignment]


def _note(manager: MediaFileManager, address: str, person_id: int | None) -> None:
    if person_id is None:
        return
    with _lock:
        _owners.setdefault(_file_id(address), set()).add(person_id)
        if len(_owners) % _PRUNE_EVERY == 0:
            for gone in _owners.keys() - manager._file_metadata.keys() - {_file_id(address)}:
                del _owners[gone]


def _file_id(address: str) -> str:
    return address.rsplit("/", 1)[-1].split(".", 1)[0]
