"""Tags and the group of the photos that are selected in the grid."""

from collections.abc import Callable, Sequence

import streamlit as st

from core.data.store.grouping.tag_items import check_tag
from core.data.store.store import Project
from pages.components.shared import frame
from pages.components.shared.photo_wall import clear, current_selection
from pages.components.shared.undo_line import offer_undo
from pages.components.shared.wording import counted, plain

TAG, GROUP = "data-tag-name", "data-group-name"


def tags_and_group(project: Project, wall_key: str, shown: Sequence[int]) -> None:
    """Draw a button that opens the fields for the tags and the group of the selected photos."""
    with st.popover("Edit tags and group", icon=":material/sell:"):
        st.selectbox(
            "Tag",
            list(frame.store().tags(project.id)),
            None,
            key=TAG,
            placeholder="Choose a tag, or type a new one",
            accept_new_options=True,
            help="What photos show besides their class, such as snow or indoors. A photo can have several tags.",
        )
        with st.container(horizontal=True):
            args = (project, wall_key, shown)
            st.button("Add tag", type="primary", on_click=_add_tag, args=args)
            st.button("Remove tag", on_click=_remove_tag, args=args)
        st.selectbox(
            "Group",
            list(frame.store().groups(project.id)),
            None,
            key=GROUP,
            placeholder="Choose a group, or type a new one",
            accept_new_options=True,
            help="Photos of one person, camera or day. All photos of a group are in the same split.",
        )
        with st.container(horizontal=True):
            st.button("Set group", type="primary", on_click=_set_group, args=args)
            st.button("Remove from group", on_click=_leave_group, args=args)


@frame.action
def _add_tag(project: Project, wall_key: str, shown: Sequence[int]) -> None:
    _with_name(TAG, "tag", lambda tag: _tag(project, wall_key, shown, tag, add=True))


@frame.action
def _remove_tag(project: Project, wall_key: str, shown: Sequence[int]) -> None:
    _with_name(TAG, "tag", lambda tag: _tag(project, wall_key, shown, tag, add=False))


@frame.action
def _set_group(project: Project, wall_key: str, shown: Sequence[int]) -> None:
    _with_name(GROUP, "group", lambda group: _group(project, wall_key, shown, group))


@frame.action
def _leave_group(project: Project, wall_key: str, shown: Sequence[int]) -> None:
    _group(project, wall_key, shown, None)


def _with_name(key: str, what: str, do: Callable[[str], None]) -> None:
    name = (st.session_state.get(key) or "").strip()
    if not name:
        frame.notify(f"Choose a {what} first, or type a new one and press Enter.")
        return
    do(name)


def _tag(project: Project, wall_key: str, shown: Sequence[int], tag: str, *, add: bool) -> None:
    ids, name = current_selection(wall_key, shown), plain(check_tag(tag))
    if not ids:
        return
    store = frame.store()
    change = (
        store.add_tag(project.id, ids, tag, frame.who()) if add else store.remove_tag(project.id, ids, tag, frame.who())
    )
    if not change:
        frame.notify(f"All of them have the tag {name} already." if add else f"None of them has the tag {name}.")
        return
    clear(wall_key)
    offer_undo(project, change, f"{counted(len(ids), 'photo')}: tag {name} {'added' if add else 'removed'}.")


def _group(project: Project, wall_key: str, shown: Sequence[int], group: str | None) -> None:
    ids = current_selection(wall_key, shown)
    if not ids:
        return
    change = frame.store().set_groups(project.id, dict.fromkeys(ids, group), frame.who())
    if not change:
        frame.notify(f"They are in the group {plain(group)} already." if group else "They are in no group already.")
        return
    clear(wall_key)
    offer_undo(project, change, f"{counted(len(ids), 'photo')}: {f'group {plain(group)}' if group else 'no group'}.")
