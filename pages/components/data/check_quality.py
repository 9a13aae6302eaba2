"""Photos that are too dark, too bright, blurred, empty, or odd in shape or size: removed, or found to be fine."""

from collections import Counter

import streamlit as st

from core.data.pictures.image_quality import QualityCache
from core.data.pictures.quality_flags import REASONS, QualityFlag, quality_flags
from core.data.store.store import Project
from pages.components.data.check_progress import need_looks
from pages.components.data.photo_details import show_details
from pages.components.shared import frame
from pages.components.shared.photos import WallPhoto, choose, chosen_on, clear, wall
from pages.components.shared.undo_line import offer, undo_line
from pages.components.shared.wording import counted

VERDICT = "odd"
WALL = "odd-wall"
PHOTOS_SHOWN = 60
MEANING = {
    "too dark": "Even the brightest spots are dim. The network sees little in it.",
    "too bright": "Even the darkest spots are nearly white.",
    "nearly empty": "There are so few colors that hardly anything is on it.",
    "blurred": "No sharp edge, also not at the size at which the network looks.",
    "odd shape": "One side is about three times as long as the other. Cropped to a square, most of it is cut off.",
    "odd size": "Far smaller or larger than most photos of this project. It may come from elsewhere.",
}


def odd_photos(project: Project) -> None:
    """The whole section."""
    st.markdown(
        "Some photos teach a network nothing, or the wrong thing. Look at these: remove what should not be here, and "
        "keep what is as it should be. A photo taken at night may be meant to be dark."
    )
    rows = frame.store().images(project.id)
    state = need_looks(project, [row.hash for row in rows])
    if state.done:
        _odd_ones(project)


@frame.fragment()
def _odd_ones(project: Project) -> None:
    rows = frame.store().images(project.id)
    kept = frame.store().kept(project.id, VERDICT)
    found = quality_flags(rows, QualityCache(frame.workspace()).known([row.hash for row in rows]))
    odd = [one for one in found if _subject(one) not in kept]
    if not odd:
        undo_line(project)
        st.success("Nothing is odd about the photos, as far as they have been looked at.")
        _ask_again_button(project, len(kept))
        return
    count = Counter(one.reason for one in odd)
    present = [reason for reason in REASONS if count[reason]]
    if st.session_state.get("odd-reason") not in present:
        st.session_state["odd-reason"] = present[0]
    chosen = st.segmented_control(
        "What is odd",
        present,
        format_func=lambda name: f"{name.capitalize()} ({count[name]:,})",
        required=True,
        key="odd-reason",
        label_visibility="collapsed",
        on_change=clear,
        args=(WALL,),
        wrap=True,
    )
    reason = chosen or present[0]
    st.caption(MEANING[reason])
    shown = [one for one in odd if one.reason == reason][:PHOTOS_SHOWN]
    actions = st.container(key="data-actions")
    answer = wall([_photo(one) for one in shown], key=WALL, select="many", details=True, side=112)
    if count[reason] > len(shown):
        st.caption(f"The oddest {len(shown)} of {count[reason]:,}; the next ones come as these are decided.")
    with actions:
        undo_line(project)
        _actions(project, shown, len(answer.chosen))
    _ask_again_button(project, len(kept))
    if answer.opened:
        show_details(project, int(answer.opened))


def _photo(one: QualityFlag) -> WallPhoto:
    note = f"{one.row.width} × {one.row.height}" if one.reason in ("odd shape", "odd size") else one.row.filename
    return WallPhoto(
        str(one.row.id),
        frame.store().thumbnail_path(one.row.hash),
        one.row.label or "no label",
        note.rsplit("/", 1)[-1],
    )


def _actions(project: Project, shown: list[QualityFlag], chosen: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if not chosen:
            st.markdown(counted(len(shown), "photo"), width="stretch")
            every = [str(one.row.id) for one in shown]
            st.button("Choose all of these", on_click=choose, args=(WALL, every), icon=":material/select_all:")
            return
        st.markdown(f"**{chosen} chosen**", width="stretch")
        st.button("They are fine", type="primary", on_click=_keep, args=(project, shown), icon=":material/check:")
        st.button("Remove", on_click=_remove, args=(project, shown), icon=":material/delete:")
        st.button("Choose none", type="tertiary", on_click=clear, args=(WALL,))


def _ask_again_button(project: Project, kept: int) -> None:
    if kept:
        st.button(
            f"Show {counted(kept, 'photo')} that somebody found fine", type="tertiary", on_click=_again, args=(project,)
        )


def _chosen(shown: list[QualityFlag]) -> list[QualityFlag]:
    ids = chosen_on(WALL, [one.row.id for one in shown])
    return [one for one in shown if one.row.id in ids]


def _subject(one: QualityFlag) -> str:
    return f"{one.row.id}:{one.reason}"


@frame.action
def _keep(project: Project, shown: list[QualityFlag]) -> None:
    chosen = _chosen(shown)
    frame.store().keep(project.id, VERDICT, [_subject(one) for one in chosen], frame.who())
    clear(WALL)


@frame.action
def _remove(project: Project, shown: list[QualityFlag]) -> None:
    chosen = _chosen(shown)
    change = frame.store().remove_images(project.id, [one.row.id for one in chosen], frame.who())
    offer(project, change, f"{counted(len(chosen), 'photo')} removed.")
    clear(WALL)


@frame.action
def _again(project: Project) -> None:
    frame.store().ask_again(project.id, VERDICT, list(frame.store().kept(project.id, VERDICT)))
