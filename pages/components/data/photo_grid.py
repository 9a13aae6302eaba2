"""Paged grid of a project's photos: filter, search, select, label or remove."""

from dataclasses import replace

import streamlit as st

from core.data.store.store import ImageFilter, ImageRow, Project
from pages.components.data.groups.selected_photos import tags_and_group
from pages.components.data.photo_details import show_details
from pages.components.shared import frame
from pages.components.shared.auto_refresh import refresh_on_change
from pages.components.shared.class_keys import class_color
from pages.components.shared.photo_wall import WallPhoto, choose, clear, current_selection, wall
from pages.components.shared.pickers import SPLIT_NAMES, SPLITS
from pages.components.shared.undo_line import offer_undo, undo_line
from pages.components.shared.wording import counted, plain, unique_options

PHOTOS_PER_PAGE = 60
WALL = "data-wall"
NO_LABEL, NO_BOX = "No label", "No box"
EVERY = "All photos"
LABEL = "data-label"
ORDERS = {
    "added": "Oldest first",
    "newest": "Newest first",
    "name": "By name",
    "label": "By class",
    "annotated": "Last labelled",
}


@frame.fragment()
def photo_grid(project: Project) -> None:
    """Draw the section; a click reruns only this fragment."""
    refresh_on_change(project)
    where = filter_row(project, key="data")
    rows, found = page_of(project, where, key="data")
    actions = st.container(key="data-actions")
    answer = wall(photo_cards(project, rows), key=WALL, select="many", details=True, side=112)
    with actions:
        undo_line(project)
        _actions(project, [row.id for row in rows], len(answer.chosen), found)
    turn_pages(found, key="data", wall_key=WALL)
    if answer.opened:
        show_details(project, int(answer.opened))


def page_of(project: Project, where: ImageFilter, *, key: str) -> tuple[list[ImageRow], int]:
    """Return the photos of the open page and the number that match the filter; a new filter opens its first page."""
    found = frame.store().count(project.id, where)
    if st.session_state.get(f"{key}-where") != where:
        st.session_state[f"{key}-where"] = where
        # A new widget rather than a new value: Streamlit expects a widget's value to be set from one side only.
        st.session_state[f"{key}-turn"] = st.session_state.get(f"{key}-turn", 0) + 1
    open_page = min(st.session_state.get(_page_key(key), 1), _pages(found))
    start = (open_page - 1) * PHOTOS_PER_PAGE
    return frame.store().images(project.id, where, offset=start, limit=PHOTOS_PER_PAGE), found


def turn_pages(found: int, *, key: str, wall_key: str) -> None:
    """Draw page numbers under a wall if there are several pages; turning the page clears the selection."""
    if found == 0:
        st.info("No photos match this filter.", icon=":material/filter_alt_off:")
    elif _pages(found) > 1:
        st.pagination(_pages(found), key=_page_key(key), on_change=clear, args=(wall_key,))


def _page_key(key: str) -> str:
    return f"{key}-page-{st.session_state.get(f'{key}-turn', 0)}"


def _pages(found: int) -> int:
    return max(1, -(-found // PHOTOS_PER_PAGE))


def filter_row(project: Project, *, key: str, unlabelled_first: bool = False) -> ImageFilter:
    """Draw class, split, order and search side by side, and return the resulting filter.

    ``unlabelled_first`` starts with unlabelled photos if there are any.
    """
    without = [(NO_LABEL, ImageFilter(unlabelled=True))]
    if project.task == "localization":
        without.append((NO_BOX, ImageFilter(boxless=True)))
    begin = unlabelled_first and frame.store().count(project.id, ImageFilter(unlabelled=True)) > 0
    classes = unique_options(
        [
            (EVERY, ImageFilter()),
            *without,
            *((one.name, ImageFilter(label=one.name)) for one in frame.store().classes(project.id)),
        ]
    )
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{key}-filter"):
        named = st.selectbox("Class", list(classes), int(begin), key=f"{key}-class", width=160)
        split = st.selectbox(
            "Split",
            ["any", *SPLITS, "none"],
            format_func=lambda name: {"any": "All", "none": "Not yet split"}.get(name) or SPLIT_NAMES[name],
            key=f"{key}-split",
            width=140,
        )
        order = st.selectbox("Order", list(ORDERS), format_func=ORDERS.__getitem__, key=f"{key}-order", width=150)
        search = st.text_input("Search", placeholder="part of a file name", key=f"{key}-search", width=180)
        tag = _one_of("Tag", list(frame.store().tags(project.id)), key=f"{key}-tag")
        group = _one_of("Group", list(frame.store().groups(project.id)), key=f"{key}-group")
    where = replace(classes[named], split=None if split == "any" else split, search=search.strip(), order=order)
    return replace(where, tag=tag, group=group)


def _one_of(label: str, names: list[str], *, key: str) -> str | None:
    """Draw a select box of the project's tags or groups, if it has any; return the chosen one."""
    if not names:
        return None
    choices: list[tuple[str, str | None]] = [(name, name) for name in names]
    options = unique_options([("All", None), *choices])
    return options[st.selectbox(label, list(options), key=key, width=140)]


def photo_cards(project: Project, rows: list[ImageRow]) -> list[WallPhoto]:
    """Return images as wall cards with class, file name and boxes."""
    store = frame.store()
    boxes = store.boxes(project.id, [row.id for row in rows]) if project.task == "localization" else {}
    tags = store.tags_of(project.id, [row.id for row in rows])
    color_of = {one.name: class_color(place) for place, one in enumerate(store.classes(project.id))} if boxes else {}
    return [
        WallPhoto(
            str(row.id),
            store.thumbnail_path(row.hash),
            row.label or "no label",
            " · ".join([row.filename.rsplit("/", 1)[-1], *tags.get(row.id, ())]),
            muted=row.label is None,
            size=(row.width, row.height),
            boxes=tuple((box.x, box.y, box.width, box.height) for box in boxes.get(row.id, ())),
            box_colors=tuple(color_of.get(box.label, "") for box in boxes.get(row.id, ())),
        )
        for row in rows
    ]


def _actions(project: Project, shown: list[int], chosen: int, found: int) -> None:
    """Draw the actions for the selected photos, above the photos so that they stay in place."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if not chosen:
            st.markdown(f"{counted(found, 'photo')}", width="stretch")
            every = [str(number) for number in shown]
            st.button(
                "Select this page",
                on_click=choose,
                args=(WALL, every),
                disabled=not shown,
                icon=":material/select_all:",
            )
            return
        st.markdown(f"**{chosen} selected**", width="content")
        choices: list[tuple[str, str | None]] = [(one.name, one.name) for one in frame.store().classes(project.id)]
        labels = unique_options([*choices, (NO_LABEL, None)])
        st.selectbox("Class for the selected photos", list(labels), key=LABEL, label_visibility="collapsed", width=200)
        st.button("Set class", type="primary", on_click=_label, args=(project, shown, labels))
        tags_and_group(project, WALL, shown)
        st.button("Remove", icon=":material/delete:", on_click=_remove, args=(project, shown))
        st.button("Clear selection", type="tertiary", on_click=clear, args=(WALL,))


@frame.action
def _label(project: Project, shown: list[int], labels: dict[str, str | None]) -> None:
    ids, named = current_selection(WALL, shown), st.session_state.get(LABEL)
    if not ids or named not in labels:
        return
    label = labels[named]
    change = frame.store().annotate(project.id, ids, label, frame.who())
    clear(WALL)
    offer_undo(project, change, f"{counted(len(ids), 'photo')}: {plain(label) if label else 'no label'}.")


@frame.action
def _remove(project: Project, shown: list[int]) -> None:
    ids = current_selection(WALL, shown)
    if not ids:
        return
    change = frame.store().remove_images(project.id, ids, frame.who())
    clear(WALL)
    offer_undo(project, change, f"{counted(len(ids), 'photo')} removed.")
