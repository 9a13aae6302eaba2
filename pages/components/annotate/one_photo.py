"""Label one photo at a time: a large photo, and a button with a key for each class."""

import streamlit as st

from core.data.store.records import Reservation
from core.data.store.store import ImageRow, Project
from pages.components.annotate.labelling_desk import (
    IN_ORDER,
    Desk,
    back,
    desk_of,
    press,
    share,
    show_skipped,
    skip,
    undo,
)
from pages.components.annotate.photo_hold import offer_last_photos, renew, say_who_has_it
from pages.components.annotate.suggest_accept import accepting, review_suggestions
from pages.components.annotate.suggest_queue import Queue, suggestion_button, suggestion_status
from pages.components.data.photo_details import display_bytes
from pages.components.shared import frame
from pages.components.shared.auto_refresh import refresh_on_change
from pages.components.shared.class_keys import class_keys
from pages.components.shared.key_guard import guard_keys
from pages.components.shared.undo_line import NOT_BY_KEY, draw_undo, undo_button
from pages.components.shared.wording import counted, format_time, next_page, plain

STYLE = """<style>
.st-key-annotate-photo img { max-height: 66vh; object-fit: contain; background: var(--st-secondary-background-color); }
[class*="st-key-give-"] [aria-label^="Shortcut"] {
  border: 1px solid currentcolor; border-radius: 0.25rem; padding: 0 0.35rem;
}
.st-key-annotate-next { position: absolute; width: 1px; height: 1px; overflow: hidden; opacity: 0; }
/* On a phone the photo is above, and the buttons stay at the bottom of the screen, within reach of the thumb. */
@media (max-width: 640px) {
  .st-key-annotate-photo img { max-height: 46vh; }
  .st-key-annotate-bar {
    position: fixed; left: 0; right: 0; bottom: 0; z-index: 100; max-height: 42vh; overflow-y: auto; gap: 0.4rem;
    padding: 0.6rem 1rem calc(0.6rem + env(safe-area-inset-bottom)); background: light-dark(#fdfdfc, #111716);
    border-top: 1px solid light-dark(#d5dbd9, #33403d);
  }
  .stMainBlockContainer:has(.st-key-annotate-bar) {
    padding-top: 3.6rem; padding-bottom: 44vh;
    .st-key-frame-head { margin: 0; min-height: 2rem; }
    .st-key-frame-head h1 { font-size: 1.4rem; padding: 0; }
    .st-key-frame-head [data-testid="stCaptionContainer"] { display: none; }
    > [data-testid="stVerticalBlock"], [data-testid="stVerticalBlock"]:has(> .st-key-annotate-bar) { gap: 0.5rem; }
    .st-key-annotate-section button *:has(> [data-testid="stIconMaterial"]) { display: none; }
    .st-key-annotate-section button { padding: 0.3rem 0.4rem; min-width: 0; }
    .st-key-annotate-section button p { font-size: 0.8rem; }
    .st-key-annotate-head { gap: 0.4rem; }
    .st-key-annotate-head > :has([data-testid="stSelectbox"]) { flex: 1 1 40%; width: auto; min-width: 0; }
  }
}
</style>"""


@frame.fragment()
def one_by_one(project: Project, label: str | None, unlabelled: bool, queue: Queue) -> None:
    """Draw the desk; a key press reruns only this part of the page."""
    refresh_on_change(project)
    if accepting(project):
        review_suggestions(project)
        guard_keys()
        return
    desk = desk_of(project, label, unlabelled, queue.order, queue.label)
    row = desk.row()
    around = frame.store().around_desk(project.id, frame.who(), without=NOT_BY_KEY)
    classes, photos = around.classes, around.photos
    labelled = sum(one.count for one in classes)
    st.html(STYLE)
    st.progress(labelled / photos if photos else 0.0, f"{labelled:,} of {photos:,} labelled")
    if row is None:
        _all_done(desk, photos - labelled)
        guard_keys()
        return
    desk.look_at(row)
    left, right = st.columns([2.2, 1], gap="medium")
    # The photo first: the browser loads it while the next one is reserved and the suggestion recomputed.
    with left, st.container(key="annotate-photo", gap="xsmall"):
        st.image(_bytes(row), width="stretch", alt=f"The photo to label: {row.filename}")
        st.caption(_line(row))
        beside = st.container()
    follower = desk.follower(row.id)
    suggested = desk.suggest(row) if queue.suggest else None
    desk.hold.keep(row.id, follower.id if follower and desk.unlabelled else None)
    with beside:
        say_who_has_it(around.others, row.id)
    with right, st.container(key="annotate-bar"):
        if desk.message:
            st.warning(desk.message)
        with st.grid(min_column_width=140, gap="xsmall", key="annotate-classes"):
            for one, key in zip(classes, class_keys([one.name for one in classes]), strict=True):
                st.button(
                    plain(one.name),
                    # The photo's id is in the key: see ``press``.
                    key=f"give-{row.id}-{one.id}",
                    shortcut=key,
                    width="stretch",
                    type="primary" if one.name == (row.label or (suggested and suggested.label)) else "secondary",
                    on_click=press,
                    args=(desk, row.id, one.name),
                )
        suggestion_button(desk, row, suggested)
        with st.container(horizontal=True, gap="xsmall", key="annotate-moves"):
            st.button("Back", shortcut="Left", on_click=back, args=(desk,), disabled=not desk.trail)
            st.button("Skip", shortcut="Right", on_click=skip, args=(desk, row.id), key=f"skip-{row.id}")
            draw_undo(around.newest, undo, desk, key="annotate-undo")
    if queue.suggest or queue.order != IN_ORDER:
        with right:
            suggestion_status(project, desk, around, queue, suggested=suggested is not None)
    if follower is not None:
        # The browser loads the next photo while this one is on screen.
        with st.container(key="annotate-next"):
            st.image(_bytes(follower), alt="")
    renew(desk.hold)
    guard_keys(row.id)


def _bytes(row: ImageRow) -> bytes:
    return display_bytes(row.hash, str(frame.store().path_of(row)))


def _line(row: ImageRow) -> str:
    by = (
        f" · {plain(row.label)}, by {plain(row.annotated_by)}, {format_time(row.annotated_at)}"
        if (row.label and row.annotated_by and row.annotated_at)
        else ""
    )
    return f"{plain(row.filename)}{by}"


def _all_done(desk: Desk, left: int) -> None:
    if desk.message:
        st.info(desk.message)
    if desk.unlabelled and left and (others := _on_other_desks(desk)):
        if offer_last_photos(desk.hold, others, desk.skipped):
            share(desk)
            st.rerun()
    elif desk.unlabelled and left == 0:
        learned = frame.store().learned_photos(desk.project_id)
        words = "You can train a model on them now." if learned.enough else plain(learned.advice)
        frame.empty_state("All photos are labelled", words, *next_page(learned.step, learned.boxed))
    elif desk.unlabelled:
        frame.empty_state(
            "You have seen every photo",
            f"{counted(left, 'photo')} still unlabelled, because you skipped them. That is fine: training "
            "leaves them out.",
            "Go to training",
            "Train",
        )
    else:
        frame.empty_state("You have seen every photo", "Your labels are saved.", "Go to training", "Train")
    with st.container(horizontal=True, horizontal_alignment="center"):
        if left or not desk.unlabelled:
            st.button("Go through them again", on_click=show_skipped, args=(desk,), icon=":material/replay:")
        st.button("Back", shortcut="Left", on_click=back, args=(desk,), disabled=not desk.trail)
        undo_button(desk.project_id, undo, desk, key="annotate-undo")


def _on_other_desks(desk: Desk) -> list[Reservation]:
    """Return who has the unlabelled photos that this tab has not skipped."""
    store = frame.store()
    others = store.reserved_by_others(desk.project_id, frame.who())
    left = {one.id for one in store.image_labels(desk.project_id) if one.label is None} - desk.skipped
    return [one for number, one in others.items() if number in left]
