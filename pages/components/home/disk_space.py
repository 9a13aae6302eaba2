"""Disk space: what the caches hold, how much they may hold, and a button that empties them."""

import threading
from collections.abc import Mapping

import streamlit as st

from core.errors import StudioError
from core.features import budget
from core.features.budget import Limit
from core.features.held_files import Kind, held_bytes
from core.workspace import Workspace
from pages.components.shared import frame
from pages.components.shared.dialogs import closing_button
from pages.components.shared.wording import plain

_NAMES: dict[Kind, str] = {
    "maps": "feature maps",
    "vectors": "feature vectors",
    "resized": "resized photos",
    "engines": "prepared networks",
    "outdated": "files of earlier versions",
}
_LIMIT = "disk-limit"
_WHY_FIXED = {
    "environment": f"Set by {budget.SETTING}.",
    "share": "Your share of what the server keeps, or the limit of your class.",
}


def show_disk_space() -> None:
    """Draw a closed section: the bar, the limit, and the button; clean up in the background once per server."""
    workspace = frame.workspace()
    _clean_once(workspace)
    held = held_bytes(workspace)
    total = sum(held.values())
    limit = budget.limit_of(workspace, total)
    with st.expander(f"Disk space: {size(total)} of {size(limit.bytes)}", icon=":material/hard_drive:"):
        st.markdown(
            "To train in seconds, the app keeps what it has computed from your photos. "
            "At the limit it deletes what has not been used for longest."
        )
        st.progress(min(1.0, total / limit.bytes) if limit.bytes else float(total > 0), parts_of(held))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            _limit_field(limit)
            if st.button("Empty the caches", icon=":material/delete_sweep:", key="empty-caches", disabled=not total):
                _empty(total)


def parts_of(held: Mapping[Kind, int]) -> str:
    """Return what the caches hold in words, the largest part first."""
    parts = sorted(((number, _NAMES[kind]) for kind, number in held.items() if number), reverse=True)
    return ", ".join(f"{name} {size(number)}" for number, name in parts) or "Nothing is kept at the moment."


def size(number: int) -> str:
    """Return a number of bytes as a person reads it: "1.2 GB", "3 MB"."""
    return f"{number / 1e9:.3g} GB" if number >= 1e9 else f"{number / 1e6:.0f} MB"


def _limit_field(limit: Limit) -> None:
    fixed = _WHY_FIXED.get(limit.source, "")
    st.session_state[_LIMIT] = round(limit.gigabytes, 1)
    st.number_input(
        "Limit in GB",
        min_value=0.0,
        max_value=budget.MOST_GIGABYTES,
        step=1.0,
        format="%.1f",
        key=_LIMIT,
        width=180,
        disabled=bool(fixed),
        on_change=_set_limit,
        help=fixed or "How much disk space the caches may take. 0 keeps nothing.",
    )


@frame.action
def _set_limit() -> None:
    budget.set_limit(frame.workspace(), st.session_state[_LIMIT])
    budget.clean(frame.workspace())


@st.dialog("Empty the caches?")
def _empty(total: int) -> None:
    st.markdown(
        f"This frees up to {size(total)}. Your photos, labels and runs stay. Everything in the caches can be "
        "computed again, so the next training takes longer once. What a running training uses is kept."
    )
    with st.container(horizontal=True):
        closing_button("Empty", _empty_now, key="empty-now")
        if st.button("Cancel", key="empty-not"):
            st.rerun()


def _empty_now() -> None:
    done = budget.empty(frame.workspace())
    left = f" Some files could not be deleted ({plain(done.obstacle)})." if done.obstacle else ""
    frame.notify(f"{size(done.bytes)} of disk space freed.{left}")


@st.cache_resource(show_spinner=False)
def _clean_once(workspace: Workspace) -> threading.Thread:
    """Start cleaning in a thread, once per server and workspace."""
    thread = threading.Thread(target=_clean, args=(workspace,), name="clean-caches", daemon=True)
    thread.start()
    return thread


def _clean(workspace: Workspace) -> None:
    try:
        budget.clean(workspace)
    except StudioError:  # the limit cannot be read; the section on the page says so
        return
