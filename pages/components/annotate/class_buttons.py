"""Class buttons above a selection of photos: one press labels them all."""

from collections.abc import Callable

import streamlit as st

from core.data.store.store import Project
from pages.components.annotate.suggest_state import refit
from pages.components.shared import frame
from pages.components.shared.class_keys import class_keys
from pages.components.shared.key_guard import guard_keys
from pages.components.shared.undo_line import undo_button, undo_newest
from pages.components.shared.wording import counted, plain


def class_buttons(
    project: Project, chosen: int, now: Callable[[], list[int]], *, key: str, after: Callable[[], None]
) -> None:
    """Draw a button with a key for each class, and undo.

    ``chosen`` is the number of selected photos. ``now`` returns their ids at the press, because the selection may have
    changed since the drawing. ``after`` is called once they are labelled.
    """
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
        st.markdown(f"**{chosen:,} selected**" if chosen else "Nothing selected yet", width="content")
        classes = frame.store().classes(project.id)
        for one, letter in zip(classes, class_keys([one.name for one in classes]), strict=True):
            st.button(
                plain(one.name),
                key=f"{key}-give-{one.id}",
                shortcut=letter,
                disabled=not chosen,
                on_click=_give,
                args=(project, now, one.name, after),
            )
        undo_button(project.id, _undo, project, key=f"{key}-undo", kind="tertiary")
    guard_keys()


@frame.action
def _give(project: Project, now: Callable[[], list[int]], label: str, after: Callable[[], None]) -> None:
    ids = now()
    if not ids:
        return
    frame.store().annotate(project.id, ids, label, frame.who())
    frame.notify(f"{counted(len(ids), 'photo')}: {plain(label)}")
    refit(project.id)
    after()


@frame.action
def _undo(project: Project) -> None:
    if undo_newest(project.id):
        refit(project.id)
