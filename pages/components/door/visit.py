"""Who has opened this tab."""

import threading

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.people.door import visitor
from core.people.records import Person

COOKIE = "resnet_studio_visit"
PERSON = "person-of-this-tab"
_MOST_SESSIONS = 20_000
_sessions: dict[str, int] = {}
_lock = threading.Lock()


def token() -> str:
    """Return the token that this browser sent when the tab was opened; empty if it has none."""
    return st.context.cookies.get(COOKIE, "")


def person() -> Person | None:
    """Return who has opened this tab; None on a server for one person alone. Raises NotHere.

    A tab that is reconnected after somebody else has joined in this browser forgets what it held before.
    """
    found = visitor(token())
    if found is None:
        return None
    context = get_script_run_ctx()
    if context is not None:
        if st.session_state.get(PERSON, found.id) != found.id:
            st.session_state.clear()
        st.session_state[PERSON] = found.id
        _note(context.session_id, found.id)
    return found


def person_of_session(session_id: str) -> int | None:
    """Return the id of whoever has opened the tab with this session, or None."""
    with _lock:
        return _sessions.get(session_id)


def _note(session_id: str, person_id: int) -> None:
    with _lock:
        _sessions.pop(session_id, None)
        _sessions[session_id] = person_id
        while len(_sessions) > _MOST_SESSIONS:
            _sessions.pop(next(iter(_sessions)))
