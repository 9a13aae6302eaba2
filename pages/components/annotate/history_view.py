"""The history of a project: see and undo any change, or restore the project to an earlier point."""

from functools import partial

import pandas as pd
import streamlit as st

from core.data.store.records import IMPORT, LABEL_KINDS, Change, RollBackReach, Touched, source_of
from core.data.store.store import Project
from pages.components.shared import frame
from pages.components.shared.auto_refresh import refresh_on_change
from pages.components.shared.dialogs import closing_button
from pages.components.shared.photo_wall import WallPhoto, wall
from pages.components.shared.undo_line import NOTHING
from pages.components.shared.wording import counted, format_time, plain, undo_message, unique_options

CHANGES_A_PAGE = 100
PHOTOS_SHOWN = 24
CARD_PIXELS = 124
EVERYBODY = "Everyone"
SOURCES = {"person": "person", "suggestion": "accepted suggestion", "import": "import"}


@frame.fragment()
def history(project: Project) -> None:
    """Draw the section."""
    refresh_on_change(project)
    store = frame.store()
    people = unique_options([(EVERYBODY, None), *((name, name) for name in store.people(project.id))])
    if len(people) == 1:
        frame.empty_state("No changes yet", "Changes to labels, boxes and classes will be listed here.")
        return
    _newest(project)
    _redo_roll_back(project)
    with st.container(horizontal=True, vertical_alignment="center"):
        named = st.selectbox(
            "Changes by", list(people), key="history-who", width=200, on_change=_first_page, args=(project,)
        )
        st.caption("Select a row to see what changed, to undo it, or to go back to that point.", width="stretch")
    before: list[int] = st.session_state.setdefault(_pages_key(project), [])
    changes = store.history(
        project.id, CHANGES_A_PAGE + 1, before_id=before[-1] if before else None, who=people.get(named)
    )
    more, changes = len(changes) > CHANGES_A_PAGE, changes[:CHANGES_A_PAGE]
    detail = st.container()
    table = pd.DataFrame(
        [(format_time(one.when), one.who, one.text, _source(one), _state(one)) for one in changes],
        columns=["When", "Who", "Change", "Label source", "State"],
    )
    # Another list is another table, so that a selection in the old one never points into the new one.
    key = f"history-table-{changes[0].id if changes else 0}-{len(changes)}-{named}"
    st.dataframe(
        table,
        hide_index=True,
        height="content" if len(table) <= 12 else 460,
        column_config={"Change": st.column_config.TextColumn(width="large")},
        on_select=partial(_choose, project, key, [one.id for one in changes]),
        selection_mode="single-row",
        key=key,
    )
    with st.container(horizontal=True, horizontal_alignment="center"):
        if before:
            st.button("Newer", on_click=_newer, args=(project,), icon=":material/arrow_back:")
        if not more and store.roll_back_reach(project.id, 0).changes:
            first = st.button("Go back to the beginning", icon=":material/first_page:", type="tertiary")
            if first:
                _go_back(project, 0, "before the first change")
        if more:
            st.button("Older", on_click=before.append, args=(changes[-1].id,), icon=":material/arrow_forward:")
    chosen = st.session_state.get(_chosen_key(project))
    if chosen is not None:
        with detail:
            for change in store.history(project.id, 1, before_id=chosen + 1):
                _details(project, change)


def _chosen_key(project: Project) -> str:
    return f"history-chosen-{project.id}"


def _pages_key(project: Project) -> str:
    return f"history-before-{project.id}"


def _choose(project: Project, key: str, ids: list[int]) -> None:
    """Remember the selected change by its id, because new rows may be inserted above it."""
    rows = st.session_state[key]["selection"]["rows"]
    st.session_state[_chosen_key(project)] = ids[rows[0]] if rows else None


def _first_page(project: Project) -> None:
    st.session_state[_pages_key(project)] = []


def _newer(project: Project) -> None:
    st.session_state[_pages_key(project)].pop()


def _state(one: Change) -> str:
    if not one.undone:
        return ""
    return "undone by going back" if one.roll_back else "undone"


def _source(one: Change) -> str:
    """Say where a change's labels came from; nothing for changes that give no label."""
    return SOURCES[source_of(one.kind)] if one.kind in (*LABEL_KINDS, "boxes", IMPORT) else ""


def _newest(project: Project) -> None:
    with st.container(horizontal=True):
        for label, tab in (("Undo my last change", frame.tab()), ("Undo the last change by anyone", None)):
            newest = frame.store().newest_change(project.id, tab=tab)
            st.button(
                label,
                icon=":material/undo:",
                disabled=newest is None,
                help=plain(newest.text) if newest else NOTHING if tab else None,
                on_click=_undo_newest,
                args=(project, tab),
            )


def _redo_roll_back(project: Project) -> None:
    for one in frame.store().roll_backs(project.id)[:1]:
        with st.container(border=True, horizontal=True, vertical_alignment="center", key="history-forth"):
            st.markdown(
                f"{plain(one.who)} went back at {format_time(one.when)}: {counted(one.changes, 'change')} undone.",
                width="stretch",
            )
            st.button(
                f"Redo {counted(one.changes, 'change')}",
                icon=":material/redo:",
                on_click=_redo_all,
                args=(project, one.id),
            )


def _details(project: Project, change: Change) -> None:
    with st.container(border=True, key="history-details", gap="xsmall"):
        st.markdown(f"**{plain(change.text)}**  \n{plain(change.who)}, {format_time(change.when)}")
        touched = frame.store().touched(project.id, change.id, PHOTOS_SHOWN)
        if touched:
            with st.container(width=len(touched) * CARD_PIXELS):
                wall([_photo(one) for one in touched], key=f"history-wall-{change.id}", side=96, one_row=True)
        if change.unfinished:
            st.caption("Only a part of it is undone, because that was interrupted. Undo or redo all of it.")
        with st.container(horizontal=True, gap="xsmall"):
            if change.undone or change.unfinished:
                st.button("Redo", icon=":material/redo:", on_click=_redo_one, args=(project, change.id))
            if not change.undone or change.unfinished:
                st.button("Undo this change", icon=":material/undo:", on_click=_undo_one, args=(project, change.id))
            later = frame.store().roll_back_reach(project.id, change.id)
            if later.changes:
                back = st.button(
                    f"Go back to this point: undo {counted(later.changes, 'later change')}", icon=":material/history:"
                )
                if back:
                    _go_back(project, change.id, f"right after “{plain(change.text)}”")


def _photo(one: Touched) -> WallPhoto:
    parts = []
    if one.label_before != one.label_after:
        parts.append(f"{one.label_before or 'no label'} → {one.label_after or 'no label'}")
    elif one.label_after:
        parts.append(f"{one.label_after} confirmed")
    if one.split_before != one.split_after:
        parts.append(f"{one.split_before or 'no split'} → {one.split_after or 'no split'}")
    if one.group_before != one.group_after:
        parts.append(f"{one.group_before or 'no group'} → {one.group_after or 'no group'}")
    parts += [f"tag {name} {'added' if on else 'removed'}" for name, on in one.tags.items()]
    if one.removed_before != one.removed_after:
        parts = ["removed" if one.removed_after else "restored"]
    return WallPhoto(
        str(one.image_id), frame.store().thumbnail_path(one.hash), ", ".join(parts), one.filename.rsplit("/", 1)[-1]
    )


@st.dialog("Go back to this point?")
def _go_back(project: Project, change_id: int, where: str) -> None:
    reach = frame.store().roll_back_reach(project.id, change_id)
    st.markdown(f"The project will be as it was {where}. {_describe_reach(reach)}")
    st.markdown("Nothing is lost: the changes stay in the history, and one button redoes them all.")
    closing_button(
        f"Undo {counted(reach.changes, 'change')}",
        lambda: _back(project, change_id),
        key="history-back-now",
    )


def _describe_reach(reach: RollBackReach) -> str:
    touched = [counted(reach.images, "photo")] if reach.images else []
    touched += [counted(reach.classes, "class", "classes")] if reach.classes else []
    people = ", ".join(plain(name) for name in reach.people)
    return f"This undoes {counted(reach.changes, 'change')} by {people}: {' and '.join(touched)} will change."


def _back(project: Project, change_id: int) -> None:
    done = frame.store().roll_back(project.id, change_id, frame.who())
    frame.notify(f"{counted(done.changes, 'change')} undone.{_kept(done.kept)}")


def _kept(kept: int) -> str:
    return f" {kept:,} of them changed since then and stayed the same." if kept else ""


@frame.action
def _undo_newest(project: Project, tab: str | None) -> None:
    undone = frame.store().undo(project.id, tab=tab)
    frame.notify(undo_message(undone) if undone else "There is nothing to undo.")


@frame.action
def _undo_one(project: Project, change_id: int) -> None:
    frame.notify(undo_message(frame.store().undo_one(project.id, change_id)))


@frame.action
def _redo_one(project: Project, change_id: int) -> None:
    done = frame.store().redo_one(project.id, change_id)
    frame.notify(f"Redone: {plain(done.text)}.{_kept(done.kept)}")


@frame.action
def _redo_all(project: Project, roll_back_id: int) -> None:
    done = frame.store().undo_roll_back(project.id, roll_back_id)
    frame.notify(f"{counted(done.changes, 'change')} redone.{_kept(done.kept)}")
