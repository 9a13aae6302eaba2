"""Boxes in an import plan: draw them on a few photos, list those that do not fit, confirm unusual tables."""

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from core.data.importing.box_columns import ColumnGuess, Planner, plan_guessed
from core.data.importing.box_review import BadBox, BoxReview, broken_boxes, learned_after, review_boxes
from core.data.importing.import_plan import Candidate, ImportPlan
from core.data.importing.updates.label_updates import LabelUpdates
from core.data.limited.photos import drawn_boxes
from core.data.store.store import Project
from core.errors import ImageRefused, LabelsError
from pages.components.shared import frame
from pages.components.shared.wording import counted, plain

PHOTOS_SHOWN = 3
BAD_LISTED = 12
MEANINGS = {False: "left, top, width, height", True: "left, top, right, bottom"}
REVIEW = "boxes-review"


def show_boxes(plan: ImportPlan, project: Project) -> None:
    """Draw the boxes on the first photos that have any, and list those that do not fit their photo."""
    boxed = [one for one in plan.candidates if one.objects]
    broken = broken_boxes(plan)
    if not boxed and not broken:
        return
    if project.task != "localization":
        st.info(
            "This project has no boxes, so the boxes will be skipped. To keep them, create a project with boxes on the "
            "home page and upload the files there.",
            icon=":material/info:",
        )
        return
    st.markdown(
        f"**{counted(sum(len(one.objects) for one in boxed), 'box', 'boxes')}** on {counted(len(boxed), 'photo')}:"
    )
    _photos([(one, ()) for one in boxed[:PHOTOS_SHOWN]])
    if st.session_state.get(REVIEW, (None,))[0] is not plan:
        with st.spinner("Checking the boxes against the photos"):
            st.session_state[REVIEW] = (plan, review_boxes(plan))
    bad = st.session_state[REVIEW][1].bad
    if broken:
        st.warning(f"Skipped: {counted(len(broken), 'box', 'boxes')} without area or with swapped corners. See below.")
        _photos([(one.candidate, (one,)) for one in broken[:PHOTOS_SHOWN]])
    if bad:
        _list_bad(bad)


def show_learned(plan: ImportPlan, updates: LabelUpdates, project: Project) -> None:
    """Say what a model would learn after this import, in the words of the other pages."""
    if project.task != "localization" or not (updates.boxes or any(one.objects for one in plan.candidates)):
        return
    reviewed, review = st.session_state.get(REVIEW, (None, None))
    now = frame.store().learned_photos(project.id)
    after = learned_after(plan, review if review and reviewed is plan else BoxReview(), updates, now)
    if after.rule or not after.enough:
        words = "" if after.enough else plain(after.advice)
        st.info(f"After this import: {after.rule} {words}".strip(), icon=":material/crop_free:")


def _list_bad(bad: Sequence[BadBox]) -> None:
    st.warning(f"{counted(len(bad), 'box does', 'boxes do')} not fit the photo. Boxes are never cropped automatically.")
    lines = [
        f"- {f'line {one.marked.line}, ' if one.marked.line else ''}{plain(one.candidate.name)}: {plain(one.text)}"
        for one in bad[:BAD_LISTED]
    ]
    more = [f"- and {len(bad) - BAD_LISTED} more"] if len(bad) > BAD_LISTED else []
    st.markdown("\n".join([*lines, *more]))
    _photos([(one.candidate, (one,)) for one in bad[:PHOTOS_SHOWN]])


def confirm(
    proposal: ColumnGuess, reason: str, plan_with: Planner
) -> tuple[ImportPlan, Callable[..., ImportPlan]] | None:
    """Ask whether a table without the usual header contains boxes; once the user confirms, return the plan.

    With it comes the function that makes it again with another group column or other answers. ``plan_with`` plans the
    photos with the labels.csv passed to it.
    """
    st.info(plain(reason), icon=":material/help:")
    st.markdown(
        f"The last four columns of **{plain(proposal.name)}** are numbers, and one column names photos. "
        "Are these boxes?"
    )
    corners = st.radio(
        "The four numbers are",
        [False, True],
        int(proposal.corners),
        format_func=MEANINGS.__getitem__,
        horizontal=True,
        key="boxes-corners",
    )
    label = "object"
    if proposal.label is None:
        label = st.text_input("No column names a class. Class for all boxes", label, key="boxes-label").strip() or label
    planner = partial(plan_guessed, proposal, corners, label, plan_with)
    try:
        plan = planner()
    except LabelsError as error:
        st.error(plain(str(error)))
        return None
    boxed = [one for one in plan.candidates if one.objects]
    if not boxed:
        st.warning("With these columns, no photo gets a box. Choose the other meaning, or fix the table's header.")
        return None
    st.markdown("Preview:")
    _photos([(one, ()) for one in boxed[:PHOTOS_SHOWN]])
    return (plan, planner) if st.button("Use these boxes", type="primary", key="boxes-confirm") else None


def _photos(shown: Sequence[tuple[Candidate, Sequence[BadBox]]]) -> None:
    with st.container(horizontal=True):
        for candidate, bad in shown:
            wrong = [one.marked for one in bad]
            good = [(one.label or "", one.box) for one in candidate.objects if one not in wrong]
            try:
                picture = drawn_boxes(
                    candidate.read(), candidate.name, good, [(one.label or "", one.box) for one in wrong]
                ).jpeg
            except ImageRefused as error:
                st.caption(f"{plain(candidate.name)}: {plain(error.reason)}")
                continue
            with st.container(width=260):
                st.image(picture, width="stretch", alt=f"{candidate.name} with its boxes")
                st.caption(plain(candidate.name))
