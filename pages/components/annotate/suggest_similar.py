"""Photos similar to one photo, the most similar first; label a whole neighbourhood with one press."""

import numpy as np
import streamlit as st

from core.data.store.store import ImageFilter, ImageRow, Project
from core.errors import DataError
from core.inspection.suggesting.neighbors import nearest
from core.inspection.suggesting.suggestions import Suggestions
from pages.components.annotate.class_buttons import class_buttons
from pages.components.annotate.suggest_state import keep_in_view, prepare
from pages.components.shared import frame
from pages.components.shared.photo_wall import WallPhoto, choose, clear, current_selection, wall
from pages.components.shared.wording import plain

WALL = "similar-wall"
START = "similar-start"
SHOWN = 60
FIRST_CHOSEN = 12


@frame.fragment()
def similar(project: Project) -> None:
    """Draw the section; a click reruns only this part of the page."""
    found = prepare(project)
    if found is None:
        return
    row = _start(project, found)
    if row is None:
        st.caption("No photo has features yet.")
        return
    left, right = st.columns([1, 3.4], gap="medium")
    with left:
        st.image(str(frame.store().thumbnail_path(row.hash)), width=200, alt=f"The photo: {row.filename}")
        st.caption(f"{plain(row.label or 'no label')} · {plain(row.filename.rsplit('/', 1)[-1])}")
        st.button(
            "Show another photo", icon=":material/shuffle:", on_click=_another, args=(project, found), width="stretch"
        )
        open_only = st.toggle("Only unlabelled photos", value=True, key="similar-open")
    with right:
        keep_in_view("similar-actions")
        buttons = st.container(key="similar-actions", gap="xsmall")
        near = _near(project, found, row, open_only)
        cards = [
            WallPhoto(
                str(one.id),
                frame.store().thumbnail_path(one.hash),
                one.label or "no label",
                f"similarity {similarity:.2f}",
                muted=one.label is None,
                name=one.filename.rsplit("/", 1)[-1],
            )
            for one, similarity in near
        ]
        if not cards:
            st.info("All similar photos are labelled.", icon=":material/done_all:")
        answer = wall(cards, key=WALL, select="many", side=104, details=True, label="Similar photos")
        with buttons:
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                ids = [card.id for card in cards]
                for many in (FIRST_CHOSEN, 2 * FIRST_CHOSEN, SHOWN):
                    if many < len(ids) + FIRST_CHOSEN:
                        some = ids[:many]
                        st.button(
                            f"Select the nearest {len(some)}", type="tertiary", on_click=choose, args=(WALL, some)
                        )
                st.button("Clear selection", type="tertiary", on_click=clear, args=(WALL,), disabled=not answer.chosen)
            shown = [one.id for one, _ in near]
            class_buttons(
                project,
                len(answer.chosen),
                lambda: current_selection(WALL, shown),
                key="similar",
                after=lambda: clear(WALL),
            )
        st.caption("Press ⤢ on a photo to find photos similar to that one.")
    if answer.opened:
        _start_from(int(answer.opened))
        st.rerun(scope="fragment")


def _start(project: Project, found: Suggestions) -> ImageRow | None:
    """Return the photo to compare with: the chosen one, or the one being labelled, or any."""
    desk = st.session_state.get("desk")
    candidates = [st.session_state.get(START), desk.current if desk and desk.project_id == project.id else None]
    first = next(iter(frame.store().images(project.id, ImageFilter(unlabelled=True), limit=1)), None)
    candidates += [first.id if first else None, *found.ids[:1].tolist()]
    for number in candidates:
        if number in found.row_of:
            try:
                return frame.store().image(project.id, number)
            except DataError:  # removed in the meantime
                continue
    return None


def _near(project: Project, found: Suggestions, row: ImageRow, open_only: bool) -> list[tuple[ImageRow, float]]:
    unlabelled = {one.id for one in frame.store().image_labels(project.id) if one.label is None} if open_only else None
    rows, similarity = nearest(found.places, found.row_of[row.id], len(found.ids))
    answer: list[tuple[ImageRow, float]] = []
    for place, value in zip(rows, similarity, strict=True):
        number = int(found.ids[place])
        if unlabelled is not None and number not in unlabelled:
            continue
        try:
            answer.append((frame.store().image(project.id, number), float(value)))
        except DataError:  # removed in the meantime
            continue
        if len(answer) == SHOWN:
            break
    return answer


def _another(project: Project, found: Suggestions) -> None:
    unlabelled = {one.id for one in frame.store().image_labels(project.id) if one.label is None}
    open_ids = [int(one) for one in found.ids if int(one) in unlabelled] or found.ids.tolist()
    _start_from(int(np.random.default_rng().choice(open_ids)))


def _start_from(number: int) -> None:
    st.session_state[START] = number
    clear(WALL)
