"""Many photos at once: choose them in a grid, then one button or key gives them their class."""

import streamlit as st

from core.data.store.store import Project
from pages.components.data.photo_details import show_details
from pages.components.data.photo_grid import filter_row, page_of, photo_cards, turn_pages
from pages.components.shared import frame
from pages.components.shared.class_keys import class_keys
from pages.components.shared.key_guard import guard_keys
from pages.components.shared.live import live
from pages.components.shared.photos import choose, chosen_on, clear, wall
from pages.components.shared.wording import counted, plain, undone_words

WALL = "annotate-wall"


@frame.fragment()
def many_at_once(project: Project) -> None:
    """The whole section; only this part of the page runs again at a click."""
    live(project)
    where = filter_row(project, key="many", unlabelled_first=True)
    rows, found = page_of(project, where, key="many")
    buttons = st.container(key="many-actions", gap="xsmall")
    answer = wall(photo_cards(project, rows), key=WALL, select="many", details=True, side=112)
    turn_pages(found, key="many", wall_key=WALL)
    shown, chosen = [row.id for row in rows], answer.chosen
    with buttons:
        with st.container(horizontal=True, vertical_alignment="center"):
            if chosen:
                st.markdown(f"**{len(chosen)} chosen**", width="stretch")
                st.button("Choose none", type="tertiary", on_click=clear, args=(WALL,))
            else:
                st.markdown(f"{counted(found, 'photo')}. Choose some, then press a class.", width="stretch")
                every = [str(number) for number in shown]
                st.button("Choose this page", type="tertiary", on_click=choose, args=(WALL, every), disabled=not rows)
            st.button("Undo", shortcut="U", type="tertiary", on_click=_undo, args=(project,))
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
    ids = chosen_on(WALL, shown)
    if not ids:
        return
    frame.store().annotate(project.id, ids, label, frame.who())
    frame.notify(f"{counted(len(ids), 'photo')}: {plain(label) if label else 'no label'}")
    clear(WALL)


@frame.action
def _undo(project: Project) -> None:
    change = frame.store().undo(project.id, frame.who())
    frame.notify(undone_words(change) if change else "There is nothing of yours to undo.")
