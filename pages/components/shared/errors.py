"""Errors shown as plain sentences, in pages, fragments and widget callbacks."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import wraps
from typing import ParamSpec

import streamlit as st

from core.errors import PeopleError, StudioError
from core.people.mode import people_mode
from pages.components.door.visit import memory
from pages.components.shared.wording import plain

log = logging.getLogger("resnet_studio")
P = ParamSpec("P")
NOTES = "notes"
"""In the session: what is said in the next run."""

_CLASS_PACE = 3.0
"""In a class, thirty pages look at the same time; and nearly always only their own person changes something there."""
_LATELY_SECONDS = 3.0
_SELDOM_SECONDS = 5.0
"""What happens as seldom as this has a reason of its own, and costs little."""


@contextmanager
def plain_errors() -> Iterator[None]:
    """Show a user error as its message; log a bug with its traceback and tell the user what to do.

    Works as ``with plain_errors():`` and as a decorator (for fragments, which run outside the page's frame).
    """
    try:
        yield
    except StudioError as error:
        st.error(plain(str(error)), icon=":material/info:")
    except Exception:
        log.exception("A page failed")
        moment = datetime.now().strftime("%H:%M:%S")
        st.error(
            "Something went wrong in ResNet Studio. Your saved work is safe: reload the page and try again. "
            f"The details are in the server log at {moment}.",
            icon=":material/bug_report:",
        )


def notify(text: str) -> None:
    """Show a short message (a toast) in the next run; works in callbacks, where Streamlit draws nothing.

    The text is Markdown: user text in it goes through ``plain``.
    """
    memory().setdefault(NOTES, []).append(text)


def action(do: Callable[P, None]) -> Callable[P, None]:
    """Wrap a widget callback so that a user error appears as a toast; Streamlit has no other place for it."""

    @wraps(do)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            do(*args, **kwargs)
        except StudioError as error:
            notify(plain(str(error)))

    return guarded


def show_notes() -> None:
    """Show the messages noted since the last run."""
    for text in st.session_state.pop(NOTES, ()):
        st.toast(text)


def pace(seconds: float) -> float:
    """Return the seconds between two looks of a page: as given for one person alone, three times as long in a class."""
    return seconds if _alone() or seconds > _SELDOM_SECONDS else _CLASS_PACE * seconds


def lately() -> float:
    """Return how many seconds old what a page says of the whole server may be; in a class, thirty pages ask for it."""
    return 0.0 if _alone() else _LATELY_SECONDS


def _alone() -> bool:
    try:
        return people_mode() == "alone"
    except PeopleError:  # a wrong setting: the door says so, and opens no page
        return True


def fragment(run_every: float | None = None) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Return a ``st.fragment`` decorator that shows errors as plain sentences, as in ``@frame.fragment()``.

    ``run_every`` is in seconds, as in ``@frame.fragment(run_every=1)``. In a class, pages look less often.
    """

    def decorate(draw: Callable[P, None]) -> Callable[P, None]:
        @wraps(draw)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
            with plain_errors():
                show_notes()
                draw(*args, **kwargs)

        return st.fragment(guarded, run_every=None if run_every is None else pace(run_every))

    return decorate
