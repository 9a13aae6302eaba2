"""Who has opened this tab."""

import threading
from collections.abc import Mapping

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.errors import NotHere
from core.people.accounts.arriving import visit_token
from core.people.door import visitor
from core.people.mode import people_mode
from core.people.records import Person
from pages.components.door.account_cookie import account_of

COOKIE = "resnet_studio_visit"
PERSON = "person-of-this-tab"
_MOST_SESSIONS = 20_000
_sessions: dict[str, int] = {}
_lock = threading.Lock()


def token() -> str:
    """Return the token that this browser sent when the tab was opened; empty if it has none."""
    return token_in(st.context.cookies)


def token_in(cookies: Mapping[str, str]) -> str:
    """Return the token of the visit that these cookies prove; empty for none.

    On a server with accounts it follows from the signed cookie of the account. Only the teacher, who may enter with the
    PIN, has a cookie of ours there.
    """
    ours = cookies.get(COOKIE, "")
    if people_mode() != "accounts" or (ours and _is_teachers(ours)):
        return ours
    account = account_of(cookies)
    return "" if account is None else visit_token(account)


def _is_teachers(ours: str) -> bool:
    try:
        found = visitor(ours)
    except NotHere:
        return False
    return found is not None and found.teaches


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
