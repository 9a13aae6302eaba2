"""Errors shown as plain sentences, in pages, fragments and widget callbacks."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import wraps
from typing import ParamSpec

import streamlit as st

from core.errors import StudioError
from pages.components.shared.wording import plain

log = logging.getLogger("resnet_studio")
P = ParamSpec("P")


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
    st.session_state.setdefault("notes", []).append(text)


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
    for text in st.session_state.pop("notes", ()):
        st.toast(text)


def fragment(run_every: float | str | None = None) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Return a ``st.fragment`` decorator that shows errors as plain sentences, as in ``@frame.fragment()``.

    ``run_every`` is passed to Streamlit, for example ``@frame.fragment(run_every=1)``.
    """

    def decorate(draw: Callable[P, None]) -> Callable[P, None]:
        @wraps(draw)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
            with plain_errors():
                show_notes()
                draw(*args, **kwargs)

        return st.fragment(guarded, run_every=run_every)

    return decorate
