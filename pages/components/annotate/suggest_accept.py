"""Accept many confident suggestions together, after checking them in a grid."""

from typing import NamedTuple

import streamlit as st

from core.data.store.store import Project
from core.errors import DataError
from core.inspection.suggesting.suggestions import Suggestions
from pages.components.annotate.desk.desk_acts import advance
from pages.components.annotate.desk.labelling_desk import CHANGED, Desk
from pages.components.annotate.suggest_state import (
    RECOMPUTING,
    current_suggestions,
    keep_in_view,
    refit,
    still_holds,
    suggestions_of,
)
from pages.components.shared import frame
from pages.components.shared.photo_wall import WallPhoto, choose, current_selection, wall
from pages.components.shared.widget_memory import remember_choice, remembered_choice, set_initial_choice
from pages.components.shared.wording import counted

SURE, ALL = "99%", "all"
LEVELS = {SURE: 0.99, "95%": 0.95, "90%": 0.90, ALL: 0.0}
MOST = 240
WALL = "accept-wall"
OPEN = "accept-open"
LEVEL = "accept-level"
SHOWN, WRONG = "accept-shown", "accept-wrong"


class Offer(NamedTuple):
    """A review that can be opened."""

    words: str
    level: str


def accepting(project: Project) -> bool:
    """Return whether this tab shows the grid of confident suggestions."""
    return bool(st.session_state.get(OPEN) == project.id)


def review_offer(found: Suggestions) -> Offer | None:
    """Return what opens the grid with the confident suggestions, or with all if none is confident."""
    sure, every = len(found.sure(LEVELS[SURE])), len(found.sure(LEVELS[ALL]))
    if not every:
        return None
    if sure:
        return Offer(f"Review suggestions above 99% ({sure:,})", SURE)
    return Offer(f"Review all suggestions ({every:,})", ALL)


def open_review(project_id: int) -> None:
    """Show the grid instead of the desk."""
    found = suggestions_of(project_id)
    offer = review_offer(found) if found is not None else None
    if offer is not None:
        st.session_state[OPEN] = project_id
        set_initial_choice(LEVEL, offer.level)
        st.session_state.pop(SHOWN, None)
        st.session_state.pop(WRONG, None)


def review_suggestions(project: Project) -> None:
    """Draw the grid: all are selected; deselect the wrong ones, then accept the rest with one button."""
    frame.release_photos()
    current = current_suggestions(project.id)
    # While they are recomputed, the last ones stay on screen, and cannot be accepted.
    found = current or suggestions_of(project.id)
    level = st.segmented_control(
        "Confidence above",
        list(LEVELS),
        default=remembered_choice(LEVEL, SURE, LEVELS),
        required=True,
        key=LEVEL,
        on_change=remember_choice,
        args=(LEVEL,),
    )
    suggested = found.sure(LEVELS[level]) if found else []
    sure = _still_unlabelled(project, suggested[:MOST])
    _select(level, [number for number, _, _ in sure])
    keep_in_view("accept-actions")
    buttons = st.container(horizontal=True, vertical_alignment="center", key="accept-actions")
    if not sure:
        above = f" above {level}" if level != ALL else ""
        st.info(f"No unlabelled photo has a suggestion{above}.", icon=":material/done_all:")
        buttons.button("Back to labelling", on_click=_close, shortcut="Left")
        return
    chosen = len(wall(_cards(project, sure), key=WALL, select="many", side=112, label="Suggestions").chosen)
    with buttons:
        which = f"The {MOST} most confident of {len(suggested):,}" if len(suggested) > MOST else "All"
        st.markdown(f"{which} suggestions, grouped by class. Click the wrong ones to deselect them.", width="stretch")
        st.button("Back", on_click=_close, shortcut="Left")
        st.button(
            f"Accept {counted(chosen, 'suggestion')}" if current else RECOMPUTING,
            type="primary",
            icon=":material/done_all:",
            disabled=not chosen or current is None,
            key="accept-all",
            on_click=_accept,
            args=(project, {number: label for number, label, _ in sure}, current.revision if current else 0),
        )
    if current is None:
        _until_recomputed(project)


@frame.fragment(run_every=0.3)
def _until_recomputed(project: Project) -> None:
    if current_suggestions(project.id) is not None:
        st.rerun()


def _select(level: str, shown: list[int]) -> None:
    """Select all in a new grid, but not those that were deselected in an earlier one: they stay wrong."""
    before: tuple[str, tuple[int, ...]] | None = st.session_state.get(SHOWN)
    if before == (level, tuple(shown)):
        return
    wrong: set[int] = st.session_state.setdefault(WRONG, set())
    if before is not None:
        wrong |= set(before[1]) - set(current_selection(WALL, list(before[1])))
    st.session_state[SHOWN] = (level, tuple(shown))
    choose(WALL, [str(number) for number in shown if number not in wrong])


def _still_unlabelled(project: Project, sure: list[tuple[int, str, float]]) -> list[tuple[int, str, float]]:
    """Return the suggestions for photos that are still unlabelled, by class, the least confident first."""
    names = [one.name for one in frame.store().classes(project.id)]
    unlabelled = {one.id for one in frame.store().image_labels(project.id) if one.label is None}
    left = [one for one in sure if one[0] in unlabelled and one[1] in names]
    return sorted(left, key=lambda one: (names.index(one[1]), one[2]))


def _cards(project: Project, sure: list[tuple[int, str, float]]) -> list[WallPhoto]:
    store, cards = frame.store(), []
    for number, label, probability in sure:
        try:
            row = store.image(project.id, number)
        except DataError:  # removed in the meantime
            continue
        cards.append(
            WallPhoto(
                str(number),
                store.thumbnail_path(row.hash),
                label,
                f"{min(99.9, probability * 100):.1f}%",
                name=row.filename.rsplit("/", 1)[-1],
            )
        )
    return cards


@frame.action
def _accept(project: Project, shown: dict[int, str], revision: int) -> None:
    rows = [(number, shown[number]) for number in current_selection(WALL, list(shown))]
    if not rows:
        return
    if not still_holds(project.id, revision):
        frame.notify(CHANGED)
        return
    frame.store().accept_suggestions(project.id, rows, frame.who())
    frame.notify(f"{counted(len(rows), 'suggestion')} accepted. Press U to undo.")
    refit(project.id)
    desk: Desk | None = st.session_state.get("desk")
    if desk is not None and desk.unlabelled and desk.current in {number for number, _ in rows}:
        advance(desk)  # the photo on the desk has just been labelled
    _close()


def _close() -> None:
    st.session_state.pop(OPEN, None)
