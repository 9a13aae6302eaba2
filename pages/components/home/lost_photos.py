"""The line that says that photos of the project have lost their files."""

from collections import Counter

import streamlit as st

from core.data.store.checking.photo_files import LostPhoto
from core.data.store.store import Project
from pages.components.shared import frame
from pages.components.shared.wording import counted, plain

_NAMES_SHOWN = 3
_SECONDS = 300


def show_lost_photos(project: Project) -> None:
    """Draw a warning if files are missing, empty or of another size; nothing otherwise. Only sizes are looked at."""
    store = frame.store()
    root, url = str(store.workspace.root), store.workspace.database_url
    lost = _lost(root, url, project, store.revision(project.id))
    if not lost:
        return
    states = Counter(one.state for one in lost)
    parts = ", ".join(f"{count:,} {state}" for state, count in sorted(states.items()))
    names = ", ".join(plain(one.filename) for one in lost[:_NAMES_SHOWN])
    more = f" and {len(lost) - _NAMES_SHOWN:,} more" if len(lost) > _NAMES_SHOWN else ""
    st.warning(
        f"**{counted(len(lost), 'photo')} cannot be used** ({parts} on the disk): {names}{more}. "
        "Add the same photos again on the Data page: they keep their labels. "
        "`python -m core check` looks through the whole workspace.",
        icon=":material/broken_image:",
    )


@st.cache_data(max_entries=16, show_spinner=False, ttl=_SECONDS)
def _lost(root: str, database: str, project: Project, revision: int) -> list[LostPhoto]:
    return frame.store().lost_photos(project.id)
