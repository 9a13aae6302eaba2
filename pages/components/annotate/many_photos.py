"""Label many photos at once: select them in a grid, then press a class."""

import streamlit as st

from core.data.store.store import Project
from pages.components.annotate.suggest_state import refit
from pages.components.data.photo_details import show_details
from pages.components.data.photo_grid import filter_row, page_of, photo_cards, turn_pages
from pages.components.shared import frame
from pages.components.shared.auto_refresh import refresh_on_change
from pages.components.shared.class_keys import class_keys
from pages.components.shared.key_guard import guard_keys
from pages.components.shared.photo_wall import choose, clear, current_selection, wall
from pages.components.shared.undo_line import undo_button, undo_newest
from pages.components.shared.wording import counted, plain

WALL = "annotate-wall"


@frame.fragment()
def many_at_once(project: Project) -> None:
    """Draw the section; a click reruns only this part of the page."""
    refresh_on_change(project)
    where = filter_row(project, key="many", unlabelled_first=True)
    rows, found = page_of(project, where, key="many")
    buttons = st.container(key="many-actions", gap="xsmall")
    answer = wall(photo_cards(project, rows), key=WALL, select="many", details=True, side=112)
    turn_pages(found, key="many", wall_key=WALL)
    shown, chosen = [row.id for row in rows], answer.chosen
    with buttons:
        with st.container(horizontal=True, vertical_alignment="center"):
            if chosen:
                st.markdown(f"**{len(chosen)} selected**", width="stretch")
                st.button("Clear selection", type="tertiary", on_click=clear, args=(WALL,))
            else:
                st.markdown(f"{counted(found, 'photo')}. Select some, then press a class.", width="stretch")
                every = [str(number) for number in shown]
                st.button("Select this page", type="tertiary", on_click=choose, args=(WALL, every), disabled=not rows)
            undo_button(project.id, _undo, project, key="many-undo", kind="tertiary")
        with st.container(horizontal=True, gap="xsmall"):
            classes = frame.store().classes(project.id)
            for one, key in zip(classes, class_keys([one.name for one in classes]), strict=True):
                st.button(
                    plain(one.name),
                    key=f"many-{one.id}",
                    shortcut=key,
                    disabled=not chosen,
                    on_click=_give,
                    args=(project, shown, one.name),
                )
            st.button("No label", key="many-none", disabled=not chosen, on_click=_give, args=(project, shown, None))
    guard_keys()
    if answer.opened:
        show_details(project, int(answer.opened))


@frame.action
def _give(project: Project, shown: list[int], label: str | None) -> None:
    ids = current_selection(WALL, shown)
    if not ids:
        return
    frame.store().annotate(project.id, ids, label, frame.who())
    frame.notify(f"{counted(len(ids), 'photo')}: {plain(label) if label else 'no label'}")
    refit(project.id)
    clear(WALL)


@frame.action
def _undo(project: Project) -> None:
    if undo_newest(project.id):
        refit(project.id)
