"""A computation in a worker process as a page shows it: started by a button, with progress, remaining time and Stop."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.errors import ComputationError
from core.workers.pool import Finished, Request, Running, shared_pool
from pages.components.many_tabs.turns import turns
from pages.components.shared import frame
from pages.components.shared.wording import counted, plain, time_left

POLL_SECONDS = 0.2
KEPT_RESULTS = 24


@dataclass(frozen=True)
class Computation:
    """What a browser tab computes at one place of a page; tabs with the same ``key`` share one computation."""

    name: str
    """Of the place, for the keys of its widgets."""
    key: str
    """Says all that the result depends on."""

    @property
    def started(self) -> bool:
        """Whether this tab has started exactly this computation and has not seen its end."""
        return bool(st.session_state.get(self._state) == self.key)

    @property
    def stopped(self) -> bool:
        """Whether somebody has stopped exactly this computation in this tab."""
        return bool(st.session_state.get(f"{self.name}-stopped") == self.key)

    def start(self) -> None:
        """Start it with the next call of ``result``; a callback for buttons."""
        st.session_state[self._state] = self.key
        st.session_state.pop(f"{self.name}-stopped", None)

    def stop(self) -> None:
        """Stop it, unless other tabs are waiting for it too; a callback for buttons."""
        st.session_state.pop(self._state, None)
        st.session_state[f"{self.name}-stopped"] = self.key
        shared_pool().stop(shared_key(self.key), frame.tab())

    def result(self, begin: Callable[[], Request], unit: str = "") -> Any:
        """Wait for the result, with a progress bar and a button to stop; ``unit`` names what is counted ("photo").

        A click elsewhere on the page interrupts the waiting, not the computation. Raises what it raised.
        """
        place = st.empty()
        with place.container(horizontal=True, vertical_alignment="center"):
            bar = st.empty()
            stop_button(self.name, self.stop)
        try:
            while isinstance(found := look(self.key, begin), Running):
                bar.progress(share_done(found), progress_text(found, unit))
                with turns.left():
                    time.sleep(POLL_SECONDS)
        except Exception as error:  # not Streamlit's own, which only interrupt this run of the page
            st.session_state.pop(self._state, None)
            if isinstance(error, ComputationError):  # what crashed must not start again at every click
                st.session_state[f"{self.name}-stopped"] = self.key
            place.empty()
            raise
        st.session_state.pop(self._state, None)
        place.empty()
        return found.result

    def kept(self, begin: Callable[[], Request], button: str, unit: str = "") -> Any:
        """Return the result, computed once for all tabs; after Stop draw a button to start it again, and return None.

        Unlike ``result``, this starts by itself.
        """
        results = _results(self.name, str(frame.workspace().root))
        if self.key in results:
            return results[self.key]
        if self.stopped:
            st.button(button, icon=":material/play_arrow:", key=f"{self.name}-start", on_click=self.start)
            return None
        found = self.result(begin, unit)
        while len(results) >= KEPT_RESULTS:
            results.pop(next(iter(results)), None)
        results[self.key] = found
        return found

    @property
    def _state(self) -> str:
        return f"{self.name}-started"


@st.cache_resource(show_spinner=False)
def _results(name: str, workspace: str) -> dict[str, Any]:
    """Return the newest results of the computations at one place, for all tabs of a workspace."""
    return {}


def shared_key(key: str) -> str:
    """Return the key for this server's pool, which serves several workspaces."""
    return f"{frame.workspace().root} {key}"


def look(key: str, begin: Callable[[], Request]) -> Running | Finished:
    """Return how far a computation is, or its result; start it if it is not running."""
    return shared_pool().result_or_progress(shared_key(key), begin, frame.tab())


def stop_button(name: str, stop: Callable[[], None]) -> None:
    """Draw the button that stops a computation."""
    st.button("Stop", icon=":material/stop_circle:", key=f"{name}-stop", on_click=stop)


def share_done(running: Running) -> float:
    """Return the finished share, 0 to 1."""
    progress = running.progress
    return min(1.0, progress.done / progress.total) if progress.total else 0.0


def progress_text(running: Running, unit: str = "", seconds_left: float | None = None) -> str:
    """Return what is being done, how far it is and how long it will take: "12 of 300 photos, about a minute left".

    ``seconds_left`` replaces the remaining time where this is only a part of the work.
    """
    progress = running.progress
    text = plain(progress.phase[:1].upper() + progress.phase[1:])
    if unit and progress.total:
        text = f"{progress.done:,} of {counted(progress.total, unit)}"
    left = time_left(running.seconds_left if seconds_left is None else seconds_left)
    return f"{text}, {left}" if left else text
