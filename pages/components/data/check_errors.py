"""Likely label errors, one photo at a time: one key accepts the suggested class, one keeps the label."""

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from core.data.store.store import Project
from core.errors import TooLittleData
from core.inspection.suggesting.computations import read_label_queue
from core.workers.pool import Request
from pages.components.computing.computation import Computation
from pages.components.data.check_progress import ensure_features
from pages.components.data.photo_details import display_bytes
from pages.components.shared import frame
from pages.components.shared.key_guard import guard_keys
from pages.components.shared.undo_line import NOTHING
from pages.components.shared.wording import counted, plain

if TYPE_CHECKING:
    from core.inspection.suggesting.review import LabelToReview

STYLE = """<style>
.st-key-check-photo img { max-height: 60vh; object-fit: contain; background: var(--st-secondary-background-color); }
.st-key-check-verdict [aria-label^="Shortcut"] {
  border: 1px solid currentcolor; border-radius: 0.25rem; padding: 0 0.35rem;
}
@media (max-width: 640px) { .st-key-check-photo img { max-height: 42vh; } }
</style>"""


@dataclass
class Review:
    """One tab's progress through the queue of likely label errors."""

    project_id: int
    queue: tuple["LabelToReview", ...]
    checked: int
    skipped: set[str] = field(default_factory=set)
    again: int | None = None  # the photo whose decision was last undone
    fixed: int = 0  # in this session
    kept: int = 0
    outdated: bool = False  # the queue is to be computed again

    def pending(self) -> list["LabelToReview"]:
        """Return the labels that nobody has reviewed yet, in queue order."""
        from core.inspection.suggesting.review import REVIEW_KIND

        kept = frame.store().reviews(self.project_id, REVIEW_KIND)
        labels = {row.id: row.label for row in frame.store().image_labels(self.project_id)}
        return [one for one in self.queue if one.subject not in kept and labels.get(one.image_id) == one.given]

    def current(self, pending: list["LabelToReview"]) -> "LabelToReview | None":
        """Return the label to review now: the one whose decision was undone, else the most doubtful."""
        unskipped = [one for one in pending if one.subject not in self.skipped]
        return next((one for one in unskipped if one.image_id == self.again), next(iter(unskipped), None))


def label_errors(project: Project) -> None:
    """Draw the section."""
    st.markdown(
        "A small model, trained on your other photos but not on this one, predicts its class. Where the prediction "
        "contradicts the label, look again. Often the label is right and the photo is just unusual: then keep it."
    )
    if not ensure_features(project):
        return
    _review_photo(project)


def _review_of(project: Project) -> Review | None:
    """Return this tab's review; None if there are too few labels or the check was stopped, which is said."""
    review: Review | None = st.session_state.get("review")
    if review is not None and review.project_id == project.id and not review.outdated:
        return review
    computation = Computation("label-check", f"check labels {project.id}")
    if computation.stopped:
        st.button("Check the labels", icon=":material/fact_check:", key="label-check-start", on_click=computation.start)
        return None
    try:
        found = read_label_queue(computation.result(partial(_request, project)))
    except TooLittleData as error:
        st.info(plain(str(error)), icon=":material/info:")
        return None
    if review is None or review.project_id != project.id:
        review = st.session_state["review"] = Review(project.id, found.queue, found.checked)
    review.queue, review.checked, review.outdated = found.queue, found.checked, False
    return review


def _hashes(project_id: int) -> list[str]:
    return [one.hash for one in frame.store().image_labels(project_id)]


def _request(project: Project) -> Request:
    from core.features.vectors import default_vectors

    hashes = partial(_hashes, project.id)
    network = default_vectors(frame.workspace(), hashes) or ""
    arguments = {"workspace": str(frame.workspace().root), "project": project.id, "network": network}
    return Request("check-labels", arguments)


@frame.fragment()
def _review_photo(project: Project) -> None:
    review = _review_of(project)
    if review is None:
        return
    pending = review.pending()
    likely = sum(one.likely for one in pending)
    others = len(pending) - likely
    st.html(STYLE)
    st.caption(
        f"{counted(review.checked, 'label')} checked: {counted(likely, 'likely error')} left to review"
        + (f", then {counted(others, 'photo')} where the prediction also differs." if others else ".")
    )
    item = review.current(pending)
    if item is None:
        _all_done(project, review)
        guard_keys()
        return
    row = frame.store().image(project.id, item.image_id)
    left, right = st.columns([2, 1.2], gap="medium")
    with left, st.container(key="check-photo", gap="xsmall"):
        st.image(
            display_bytes(row.hash, str(frame.store().image_path(row.hash))),
            width="stretch",
            alt=f"The photo to check: {row.filename}",
        )
        st.caption(plain(row.filename))
    with right, st.container(key="check-verdict"):
        st.markdown(
            f"Label: **{plain(item.given)}** · {item.given_probability:.0%}  \n"
            f"Suggested: **{plain(item.proposed)}** · {item.proposed_probability:.0%}"
        )
        st.button(
            f"Change to {plain(item.proposed)}",
            key=f"give-fix-{row.id}",
            type="primary",
            shortcut="F",
            width="stretch",
            on_click=_fix,
            args=(review, item, item.proposed),
        )
        st.button(
            f"Keep {plain(item.given)}",
            key=f"give-keep-{row.id}",
            shortcut="K",
            width="stretch",
            on_click=_keep,
            args=(review, item),
        )
        with st.container(horizontal=True, gap="xsmall"):
            st.button("Skip", key=f"skip-{row.id}", shortcut="Right", on_click=_skip, args=(review, item))
            _undo_button(review)
        names = [one.name for one in frame.store().classes(project.id)]
        rest = [name for name in names if name not in (item.given, item.proposed)]
        if rest:
            chosen = st.menu_button("Another class", rest, format_func=plain, key=f"other-{row.id}", type="tertiary")
            if chosen:
                _fix(review, item, str(chosen))
                st.rerun(scope="fragment")
        st.caption("Percentages are class probabilities from a model that was not trained on this photo.")
    guard_keys(row.id)


def _all_done(project: Project, review: Review) -> None:
    frame.empty_state(
        "No likely label errors left",
        f"You fixed {counted(review.fixed, 'label')} and kept {counted(review.kept, 'label')} in this session."
        if review.fixed or review.kept
        else "The model agrees with every label, or somebody has already reviewed it.",
    )
    with st.container(horizontal=True, horizontal_alignment="center"):
        if review.skipped:
            st.button("Show skipped photos", on_click=review.skipped.clear, icon=":material/replay:")
        if st.button("Check again", icon=":material/refresh:"):
            st.session_state.pop("review")
            st.rerun()
        _undo_button(review)
        kept = _kept_count(project)
        if kept:
            st.button(f"Review {counted(kept, 'kept label')} again", on_click=_ask_again, args=(project,))


def _kept_count(project: Project) -> int:
    from core.inspection.suggesting.review import REVIEW_KIND

    return len(frame.store().reviews(project.id, REVIEW_KIND))


def _is_current(review: Review, item: "LabelToReview") -> bool:
    """Return whether this label is still the current one; a late second press on the previous photo must do nothing."""
    return review.current(review.pending()) == item


@frame.action
def _fix(review: Review, item: "LabelToReview", label: str) -> None:
    from core.inspection.suggesting.review import CORRECTED

    if _is_current(review, item):
        frame.store().annotate(review.project_id, [item.image_id], label, frame.who(), kind=CORRECTED)
        review.fixed += 1


@frame.action
def _keep(review: Review, item: "LabelToReview") -> None:
    from core.inspection.suggesting.review import REVIEW_KIND

    if _is_current(review, item):
        frame.store().record_review(review.project_id, REVIEW_KIND, [item.subject], frame.who())
        review.kept += 1


@frame.action
def _skip(review: Review, item: "LabelToReview") -> None:
    if _is_current(review, item):
        review.skipped.add(item.subject)


def _undo_button(review: Review) -> None:
    """Draw the button that undoes this tab's latest decision; it is off after a reload, which starts another tab."""
    from core.inspection.suggesting.review import newest_decision

    newest = newest_decision(frame.store(), review.project_id, frame.who())
    st.button(
        "Undo",
        key="check-undo",
        shortcut="U",
        help=None if newest else NOTHING,
        on_click=_undo,
        args=(review,),
        disabled=newest is None,
    )


@frame.action
def _undo(review: Review) -> None:
    from core.inspection.suggesting.review import newest_decision, take_back

    store = frame.store()
    newest = newest_decision(store, review.project_id, frame.who())
    if newest is None:
        frame.notify(NOTHING)
        return
    take_back(store, review.project_id, newest)
    if newest.change_id is not None:
        review.fixed = max(0, review.fixed - 1)
    else:
        review.kept = max(0, review.kept - 1)
    review.again = newest.image_id
    if newest.image_id not in {one.image_id for one in review.queue}:
        # After a restart, for example, the queue was made while this label was corrected. A new queue includes it.
        review.outdated = True
    row = store.image(review.project_id, newest.image_id)
    label = f"labelled {plain(row.label)}" if row.label else "unlabelled"
    frame.notify(f"Undone: {plain(row.filename.rsplit('/', 1)[-1])} is {label} again.")


@frame.action
def _ask_again(project: Project) -> None:
    from core.inspection.suggesting.review import REVIEW_KIND

    frame.store().forget_review(project.id, REVIEW_KIND, list(frame.store().reviews(project.id, REVIEW_KIND)))
