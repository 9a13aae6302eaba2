"""Others' work on the project shows up by itself: a light look each second, a new drawing only where it has moved."""

from pathlib import Path

import streamlit as st

from core.data.store.store import Project
from pages.components.shared import frame

HERE = Path(__file__).resolve().parent
SECONDS = 1.0
STYLE = "<style>.st-key-live { position: absolute; width: 1px; height: 1px; overflow: hidden; opacity: 0; }</style>"


def live(project: Project) -> None:
    """Call this in a fragment, before it reads the project: the fragment is drawn again once the project has moved.

    A page that is no fragment is drawn again as a whole. While a dialog is open or somebody types, nothing is touched.
    """
    # Read first: what is written while the rest is drawn moves the project beyond this number.
    seen = frame.store().revision(project.id)
    watcher = st.components.v2.component("resnet_studio.live", js=(HERE / "live.js").read_text(encoding="utf-8"))
    with st.container(key="live"):
        st.html(STYLE)
        watcher(key="live-watch", data={"project": project.id, "seen": seen}, on_moved_change=lambda: None, height=0)
        _pulse(project)


@st.fragment(run_every=SECONDS)
def _pulse(project: Project) -> None:
    # One row by its key, and one line to the browser: this is all that a page costs that only lies there.
    revision = frame.store().revision(project.id)
    st.html(f'<i hidden data-pulse="{project.id}" data-revision="{revision}"></i>')
