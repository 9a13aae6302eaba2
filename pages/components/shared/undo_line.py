"""A line that describes the latest change and offers to undo it; it stays until the next change."""

import streamlit as st

from core.data.store.store import Project
from pages.components.shared import frame
from pages.components.shared.wording import undo_message

OFFER = "undo-offer"


def offer_undo(project: Project, change_id: int, words: str) -> None:
    """Show these words with an Undo button in the next run."""
    st.session_state[OFFER] = (project.id, change_id, words)


def undo_line(project: Project) -> None:
    """Draw the line, unless this person has made another change since."""
    offered: tuple[int, int, str] | None = st.session_state.get(OFFER)
    if offered is None or offered[0] != project.id:
        return
    _, change_id, words = offered
    newest = frame.store().history(project.id, 1, who=frame.who())
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
