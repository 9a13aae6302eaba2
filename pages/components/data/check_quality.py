"""Image quality: photos that are dark, bright, blurred, nearly empty or unusual, to remove or mark as fine."""

from collections import Counter

import streamlit as st

from core.data.pictures.image_quality import QualityCache
from core.data.pictures.quality_flags import REASONS, QualityFlag, quality_flags
from core.data.store.store import Project
from pages.components.data.check_progress import ensure_quality_measured
from pages.components.data.photo_details import show_details
from pages.components.shared import frame
from pages.components.shared.photo_wall import WallPhoto, choose, clear, current_selection, wall
from pages.components.shared.undo_line import offer_undo, undo_line
from pages.components.shared.wording import counted

REVIEW_KIND = "odd"
"""The kind under which the store keeps photos marked as fine."""
WALL = "odd-wall"
PHOTOS_SHOWN = 60
MEANING = {
    "too dark": "Even the brightest areas are dim, so the model sees little.",
    "too bright": "Even the darkest areas are nearly white.",
    "nearly empty": "The photo has so few colours that it shows hardly anything.",
    "blurred": "There are no sharp edges, even at the size that the network sees.",
    "odd shape": "One side is about three times as long as the other. A square crop loses most of the photo.",
    "odd size": "Far smaller or larger than most photos of this project. The photo may come from another source.",
}
# The store keeps the reasons in its records, so they stay as they are; these are their names on screen.
REASON_NAMES = {"odd shape": "unusual shape", "odd size": "unusual size"}


def image_quality(project: Project) -> None:
    """Draw the section."""
    st.markdown(
        "Poor photos can teach a model nothing, or the wrong thing. Review the flagged photos: remove those that "
        "should not be here, and mark the others as fine. A photo taken at night may be dark on purpose."
    )
    rows = frame.store().images(project.id)
    state = ensure_quality_measured(project, [row.hash for row in rows])
    if state.done:
        _flagged_photos(project)


@frame.fragment()
def _flagged_photos(project: Project) -> None:
    rows = frame.store().images(project.id)
    kept = frame.store().reviews(project.id, REVIEW_KIND)
    found = quality_flags(rows, QualityCache(frame.workspace()).known([row.hash for row in rows]))
    flagged = [one for one in found if _subject(one) not in kept]
    if not flagged:
        undo_line(project)
        st.success("No quality problems found in the photos checked so far.")
        _ask_again_button(project, len(kept))
        return
    count = Counter(one.reason for one in flagged)
    present = [reason for reason in REASONS if count[reason]]
    if st.session_state.get("odd-reason") not in present:
        st.session_state["odd-reason"] = present[0]
    chosen = st.segmented_control(
        "Quality problem",
        present,
        format_func=lambda reason: f"{_name(reason)} ({count[reason]:,})",
        required=True,
        key="odd-reason",
        label_visibility="collapsed",
        on_change=clear,
        args=(WALL,),
        wrap=True,
    )
    reason = chosen or present[0]
    st.caption(MEANING[reason])
    shown = [one for one in flagged if one.reason == reason][:PHOTOS_SHOWN]
    actions = st.container(key="data-actions")
    answer = wall([_photo(one) for one in shown], key=WALL, select="many", details=True, side=112)
    if count[reason] > len(shown):
        st.caption(f"The {len(shown)} most extreme of {count[reason]:,}; more appear as you review these.")
    with actions:
        undo_line(project)
        _actions(project, shown, len(answer.chosen))
    _ask_again_button(project, len(kept))
    if answer.opened:
        show_details(project, int(answer.opened))


def _name(reason: str) -> str:
    return REASON_NAMES.get(reason, reason).capitalize()


def _photo(one: QualityFlag) -> WallPhoto:
    note = f"{one.row.width} × {one.row.height}" if one.reason in ("odd shape", "odd size") else one.row.filename
    return WallPhoto(
        str(one.row.id),
        frame.store().thumbnail_path(one.row.hash),
        one.row.label or "no label",
        note.rsplit("/", 1)[-1],
        name="" if note == one.row.filename else one.row.filename.rsplit("/", 1)[-1],
    )


def _actions(project: Project, shown: list[QualityFlag], chosen: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if not chosen:
            st.markdown(counted(len(shown), "photo"), width="stretch")
            every = [str(one.row.id) for one in shown]
            st.button("Select all", on_click=choose, args=(WALL, every), icon=":material/select_all:")
            return
        st.markdown(f"**{chosen} selected**", width="stretch")
        st.button("Mark as fine", type="primary", on_click=_keep, args=(project, shown), icon=":material/check:")
        st.button("Remove", on_click=_remove, args=(project, shown), icon=":material/delete:")
        st.button("Clear selection", type="tertiary", on_click=clear, args=(WALL,))


def _ask_again_button(project: Project, kept: int) -> None:
    if kept:
        st.button(f"Show {counted(kept, 'photo')} marked as fine", type="tertiary", on_click=_again, args=(project,))


def _chosen(shown: list[QualityFlag]) -> list[QualityFlag]:
    ids = current_selection(WALL, [one.row.id for one in shown])
    return [one for one in shown if one.row.id in ids]


def _subject(one: QualityFlag) -> str:
    return f"{one.row.id}:{one.reason}"


@frame.action
def _keep(project: Project, shown: list[QualityFlag]) -> None:
    chosen = _chosen(shown)
    frame.store().record_review(project.id, REVIEW_KIND, [_subject(one) for one in chosen], frame.who())
    clear(WALL)


@frame.action
def _remove(project: Project, shown: list[QualityFlag]) -> None:
    chosen = _chosen(shown)
    change = frame.store().remove_images(project.id, [one.row.id for one in chosen], frame.who())
    offer_undo(project, change, f"{counted(len(chosen), 'photo')} removed.")
    clear(WALL)


@frame.action
def _again(project: Project) -> None:
    frame.store().forget_review(project.id, REVIEW_KIND, list(frame.store().reviews(project.id, REVIEW_KIND)))
