"""Undo in this browser tab: its button, and a line that describes the latest change and offers to undo it.

Undo by key takes back only what this tab did. An import is undone on the Data page or in the history, where its size
is shown: one key on a desk must not remove a thousand labels.
"""

from collections.abc import Callable
from typing import Any, Literal

import streamlit as st

from core.data.store.records import IMPORT, Change
from core.data.store.store import Project
from pages.components.shared import frame
from pages.components.shared.wording import plain, undo_message

OFFER = "undo-offer"
NOTHING = "You have not changed anything in this tab yet. The history lists older changes."


NOT_BY_KEY = (IMPORT,)
"""Kinds of changes that the button and its key leave alone."""


def newest_of_tab(project_id: int) -> Change | None:
    """Return what Undo would take back: the newest change of this tab that stands."""
    return frame.store().newest_change(project_id, tab=frame.tab(), without=NOT_BY_KEY)


def undo_newest(project_id: int) -> Change | None:
    """Undo this tab's newest change and return it; without one, say so."""
    change = frame.store().undo(project_id, tab=frame.tab(), without=NOT_BY_KEY)
    frame.notify(undo_message(change) if change else NOTHING)
    return change


def undo_button(
    project_id: int,
    on_click: Callable[..., None],
    *args: Any,
    key: str,
    kind: Literal["secondary", "tertiary"] = "secondary",
) -> None:
    """Draw the Undo button with its key U; it is off while this tab has nothing to undo."""
    draw_undo(newest_of_tab(project_id), on_click, *args, key=key, kind=kind)


def draw_undo(
    newest: Change | None,
    on_click: Callable[..., None],
    *args: Any,
    key: str,
    kind: Literal["secondary", "tertiary"] = "secondary",
) -> None:
    """Draw the button where the tab's newest change is known already."""
    st.button(
        "Undo",
        shortcut="U",
        type=kind,
        key=key,
        help=f"Undo: {plain(newest.text)}" if newest else NOTHING,
        disabled=newest is None,
        on_click=on_click,
        args=args,
    )


def offer_undo(project: Project, change_id: int, words: str) -> None:
    """Show these words with an Undo button in the next run."""
    st.session_state[OFFER] = (project.id, change_id, words)


def undo_line(project: Project) -> None:
    """Draw the line, unless this tab has made another change since."""
    offered: tuple[int, int, str] | None = st.session_state.get(OFFER)
    if offered is None or offered[0] != project.id:
        return
    _, change_id, words = offered
    newest = frame.store().history(project.id, 1, tab=frame.tab())
    if not newest or newest[0].id != change_id or newest[0].undone:
        del st.session_state[OFFER]
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="undo-line"):
        st.markdown(words, width="content")
        st.button(
            "Undo",
            type="tertiary",
            icon=":material/undo:",
            key="undo-line-now",
            on_click=_undo,
            args=(project, change_id),
        )


@frame.action
def _undo(project: Project, change_id: int) -> None:
    st.session_state.pop(OFFER, None)
    frame.notify(undo_message(frame.store().undo_one(project.id, change_id)))
