"""Errors as plain sentences: in a page, in a fragment, in a widget's callback."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import wraps
from typing import ParamSpec

import streamlit as st

from core.errors import StudioError

log = logging.getLogger("resnet_studio")
P = ParamSpec("P")


@contextmanager
def plain_errors() -> Iterator[None]:
    """Show a user error as its one sentence; a bug goes to the server's log, with a sentence on what to do.

    Works as ``with plain_errors():`` and as a decorator (of fragments, which run outside the page's own frame).
    """
    try:
        yield
    except StudioError as error:
        st.error(str(error), icon=":material/info:")
    except Exception:
        log.exception("A page failed")
        moment = datetime.now().strftime("%H:%M:%S")
        st.error(
            "ResNet Studio made a mistake here. What was saved before is safe: reload the page and try again. "
            f"The cause stands in the server's log at {moment}.",
            icon=":material/bug_report:",
        )


def notify(text: str) -> None:
    """Say something in passing; from a callback too, where Streamlit draws nothing: it appears a moment later."""
    st.session_state.setdefault("notes", []).append(text)


def action(do: Callable[P, None]) -> Callable[P, None]:
    """A widget's callback whose user error is said in passing; Streamlit has no other place for it."""

    @wraps(do)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            do(*args, **kwargs)
        except StudioError as error:
            notify(str(error))

    return guarded


def show_notes() -> None:
    """Say what was noted since the last drawing."""
    for text in st.session_state.pop("notes", ()):
        st.toast(text)


def fragment(run_every: float | str | None = None) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """A ``st.fragment`` whose errors are shown as plain sentences: ``@frame.fragment()`` or ``(run_every=1)``."""

    def decorate(draw: Callable[P, None]) -> Callable[P, None]:
        @wraps(draw)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
            with plain_errors():
                show_notes()
                draw(*args, **kwargs)

        return st.fragment(guarded, run_every=run_every)

    return decorate
