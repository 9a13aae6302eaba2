"""Who has opened this tab."""

import threading
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

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


@dataclass(frozen=True)
class _Acting:
    """Who has asked an address that acts for a tab, and what the tab remembers."""

    person: Person | None
    memory: dict[str, Any]


_acting: ContextVar[_Acting | None] = ContextVar("acting", default=None)


@contextmanager
def acting(person: Person | None, memory: dict[str, Any]) -> Iterator[None]:
    """Act for a tab inside, without a run of its page; ``memory`` is what the functions here know of the tab."""
    before = _acting.set(_Acting(person, memory))
    try:
        yield
    finally:
        _acting.reset(before)


def is_acting() -> bool:
    """Return whether this is an address that acts for a tab, so that nothing can be drawn or chosen in it."""
    return _acting.get() is not None


def memory() -> MutableMapping[str, Any]:
    """Return what this tab remembers: Streamlit's session state, or in ``acting`` what was given there."""
    found = _acting.get()
    return st.session_state if found is None else found.memory  # type: ignore[return-value]


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
    if (asked := _acting.get()) is not None:
        return asked.person
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
