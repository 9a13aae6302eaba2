"""Label one photo at a time: a large photo, and a button with a key for each class."""

import streamlit as st

from core.data.store.records import Reservation
from core.data.store.store import Project
from pages.components.annotate.desk.desk_acts import back, share, show_skipped, undo
from pages.components.annotate.desk.desk_component import draw_desk
from pages.components.annotate.desk.desk_view import look
from pages.components.annotate.desk.labelling_desk import IN_ORDER, Desk, Queue, desk_of
from pages.components.annotate.desk.photo_hold import offer_last_photos
from pages.components.annotate.suggest_accept import accepting, open_review, review_suggestions
from pages.components.annotate.suggest_queue import features_status
from pages.components.shared import frame
from pages.components.shared.auto_refresh import refresh_on_change
from pages.components.shared.key_guard import guard_keys
from pages.components.shared.undo_line import undo_button
from pages.components.shared.wording import counted, next_page, plain


@frame.fragment()
def one_by_one(project: Project, label: str | None, unlabelled: bool, queue: Queue) -> None:
    """Draw the desk; its keys ask an address of their own (``desk_routes``), and seldom this part of the page."""
    desk = desk_of(project, label, unlabelled, queue)
    if desk.reviewing:
        desk.reviewing = False
        open_review(project.id)
    if accepting(project):
        refresh_on_change(project)
        review_suggestions(project)
        guard_keys()
        return
    with desk.lock:
        while desk.notes:
            st.toast(desk.notes.pop(0))
        view = look(desk)
    if view is None:
        refresh_on_change(project)
        photos = frame.store().count(project.id)
        labelled = sum(one.count for one in frame.store().classes(project.id))
        st.progress(labelled / photos if photos else 0.0, f"{labelled:,} of {photos:,} labelled")
        _all_done(desk, photos - labelled)
        guard_keys()
        return
    draw_desk(desk, view)
    if queue.suggest or queue.order != IN_ORDER:
        features_status(project, desk, view["of"])
    guard_keys(view["photo"]["id"])


def _all_done(desk: Desk, left: int) -> None:
    if desk.message:
        st.info(plain(desk.message))
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
