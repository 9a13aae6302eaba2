"""Automatic refresh: check each second whether the project has changed, and redraw only if it has."""

from pathlib import Path

import streamlit as st

from core.data.store.store import Project
from pages.components.shared import frame
from pages.components.shared.assets import asset
from pages.components.shared.errors import pace

HERE = Path(__file__).resolve().parent
SECONDS = 1.0
STYLE = "<style>.st-key-live { position: absolute; width: 1px; height: 1px; overflow: hidden; opacity: 0; }</style>"


def refresh_on_change(project: Project) -> None:
    """Redraw the calling fragment when somebody changes the project; call this before reading the project.

    Outside a fragment, the whole page is redrawn. Nothing is redrawn while a dialog is open or the user is typing.
    """
    # Read this first, so that a change made while the rest is drawn raises the revision above it.
    seen = frame.store().revision(project.id)
    watcher = st.components.v2.component("resnet_studio.auto_refresh", js=asset(HERE / "auto_refresh.js"))
    with st.container(key="live"):
        st.html(STYLE)
        watcher(key="live-watch", data={"project": project.id, "seen": seen}, on_moved_change=lambda: None, height=0)
        _pulse(project, [seen])


@st.fragment(run_every=pace(SECONDS))
def _pulse(project: Project, just_read: list[int]) -> None:
    # An idle page costs only this: one row read by its key, and one line sent to the browser.
    revision = just_read.pop() if just_read else frame.store().revision(project.id)
    st.html(f'<i hidden data-pulse="{project.id}" data-revision="{revision}"></i>')
