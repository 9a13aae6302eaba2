"""Labels that are likely wrong, one photo after the other: one key takes the proposal, one keeps what was given."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import streamlit as st

from core.data.store.store import Project
from core.errors import TooLittleData
from pages.components.data.check_progress import need_vectors
from pages.components.data.photo_details import display_bytes
from pages.components.shared import frame
from pages.components.shared.key_guard import guard_keys
from pages.components.shared.wording import counted, plain

if TYPE_CHECKING:
    from core.inspection.suggesting.review import DoubtfulLabel

STYLE = """<style>
.st-key-check-photo img { max-height: 60vh; object-fit: contain; background: var(--st-secondary-background-color); }
.st-key-check-verdict [aria-label^="Shortcut"] {
  border: 1px solid currentcolor; border-radius: 0.25rem; padding: 0 0.35rem; opacity: 0.7;
}
@media (max-width: 640px) { .st-key-check-photo img { max-height: 42vh; } }
</style>"""


@dataclass
class Review:
    """One tab's way through the queue."""

    project_id: int
    queue: tuple["DoubtfulLabel", ...]
    judged: int
    skipped: set[str] = field(default_factory=set)
    again: int | None = None  # the photo whose decision was undone last
    fixed: int = 0  # in this visit
    kept: int = 0

    def standing(self) -> list["DoubtfulLabel"]:
        """The doubts that nobody has decided yet, in the order of the queue."""
        from core.inspection.suggesting.review import VERDICT

        kept = frame.store().kept(self.project_id, VERDICT)
        labels = {row.id: row.label for row in frame.store().image_labels(self.project_id)}
        return [one for one in self.queue if one.subject not in kept and labels.get(one.image_id) == one.given]

    def front(self, standing: list["DoubtfulLabel"]) -> "DoubtfulLabel | None":
        """The one to look at now: the one whose decision was taken back, else the most doubtful."""
        open_ones = [one for one in standing if one.subject not in self.skipped]
        return next((one for one in open_ones if one.image_id == self.again), next(iter(open_ones), None))


def label_errors(project: Project) -> None:
    """The whole section."""
    st.markdown(
        "A network that has seen all other photos, but not this one, says what it would call it. Where that speaks "
        "against the label, look again. Often the label is right and the photo is merely unusual: then keep it."
    )
    if not need_vectors(project):
        return
    _desk(project)


def _review_of(project: Project) -> Review | None:
    """This tab's way through the queue; None, and it is said why, where there are too few labels."""
    review: Review | None = st.session_state.get("review")
    if review is None or review.project_id != project.id:
        try:
            with st.spinner("Comparing the labels"):
                review = _new_review(project)
        except TooLittleData as error:
            st.info(str(error), icon=":material/info:")
            return None
        st.session_state["review"] = review
    return review


def _new_review(project: Project) -> Review:
    from core.inspection.suggesting.review import doubtful_labels
    from core.inspection.suggesting.vector_job import vectors_of
    from core.inspection.suggesting.vectors import default_network

    network = default_network(frame.workspace())
    found = doubtful_labels(frame.store(), project.id, vectors_of(frame.workspace(), network or ""))
    return Review(project.id, found.queue, found.judged)


@frame.fragment()
def _desk(project: Project) -> None:
    review = _review_of(project)
    if review is None:
        return
    standing = review.standing()
    likely = sum(one.likely for one in standing)
    others = len(standing) - likely
    st.html(STYLE)
    st.caption(
        f"{counted(review.judged, 'label')} compared: {counted(likely, 'likely error')} left to look at"
        + (f", then {counted(others, 'photo')} that the network would also call otherwise." if others else ".")
    )
    doubt = review.front(standing)
    if doubt is None:
        _all_done(project, review)
        guard_keys()
        return
    row = frame.store().image(project.id, doubt.image_id)
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
            f"Label: **{plain(doubt.given)}** · {doubt.given_probability:.0%}  \n"
            f"Proposed: **{plain(doubt.proposed)}** · {doubt.proposed_probability:.0%}"
        )
        st.button(
            f"Make it {plain(doubt.proposed)}",
            key=f"give-fix-{row.id}",
            type="primary",
            shortcut="F",
            width="stretch",
            on_click=_fix,
            args=(review, doubt, doubt.proposed),
        )
        st.button(
            f"Keep {plain(doubt.given)}",
            key=f"give-keep-{row.id}",
            shortcut="K",
            width="stretch",
            on_click=_keep,
            args=(review, doubt),
        )
        with st.container(horizontal=True, gap="xsmall"):
            st.button("Skip", key=f"skip-{row.id}", shortcut="Right", on_click=_skip, args=(review, doubt))
            _undo_button(review)
        others_named = [one.name for one in frame.store().classes(project.id)]
        rest = [name for name in others_named if name not in (doubt.given, doubt.proposed)]
        if rest:
            chosen = st.menu_button("Another class", rest, key=f"other-{row.id}", type="tertiary")
            if chosen:
                _fix(review, doubt, str(chosen))
                st.rerun(scope="fragment")
        st.caption("The figures say how probable each class is to a network that has not learned from this photo.")
    guard_keys(row.id)


def _all_done(project: Project, review: Review) -> None:
    frame.empty(
        "No doubtful label is left",
        f"You fixed {counted(review.fixed, 'label')} and kept {counted(review.kept, 'label')} in this visit."
        if review.fixed or review.kept
        else "The network would call every photo what it is called, or somebody has looked already.",
    )
    with st.container(horizontal=True, horizontal_alignment="center"):
        if review.skipped:
            st.button("Show the skipped ones", on_click=review.skipped.clear, icon=":material/replay:")
        if st.button("Compare again", icon=":material/refresh:"):
            st.session_state.pop("review")
            st.rerun()
        _undo_button(review)
        kept = _kept_by_all(project)
        if kept:
            st.button(f"Ask again for {counted(kept, 'kept label')}", on_click=_ask_again, args=(project,))


def _kept_by_all(project: Project) -> int:
    from core.inspection.suggesting.review import VERDICT

    return len(frame.store().kept(project.id, VERDICT))


def _still_front(review: Review, doubt: "DoubtfulLabel") -> bool:
    """A second press that left the browser before the next photo came still names the first one: it does nothing."""
    return review.front(review.standing()) == doubt


@frame.action
def _fix(review: Review, doubt: "DoubtfulLabel", label: str) -> None:
    from core.inspection.suggesting.review import CORRECTED

    if _still_front(review, doubt):
        frame.store().annotate(review.project_id, [doubt.image_id], label, frame.who(), kind=CORRECTED)
        review.fixed += 1


@frame.action
def _keep(review: Review, doubt: "DoubtfulLabel") -> None:
    from core.inspection.suggesting.review import VERDICT

    if _still_front(review, doubt):
        frame.store().keep(review.project_id, VERDICT, [doubt.subject], frame.who())
        review.kept += 1


@frame.action
def _skip(review: Review, doubt: "DoubtfulLabel") -> None:
    if _still_front(review, doubt):
        review.skipped.add(doubt.subject)


def _undo_button(review: Review) -> None:
    """Undoes this person's newest decision as the store knows it: a restart of the server forgets none."""
    from core.inspection.suggesting.review import newest_decision

    newest = newest_decision(frame.store(), review.project_id, frame.who())
    st.button("Undo", key="check-undo", shortcut="U", on_click=_undo, args=(review,), disabled=newest is None)


@frame.action
def _undo(review: Review) -> None:
    from core.inspection.suggesting.review import newest_decision, take_back

    store = frame.store()
    newest = newest_decision(store, review.project_id, frame.who())
    if newest is None:
        frame.notify("There is nothing of yours to undo.")
        return
    take_back(store, review.project_id, newest)
    if newest.change_id is not None:
        review.fixed = max(0, review.fixed - 1)
    else:
        review.kept = max(0, review.kept - 1)
    review.again = newest.image_id
    if newest.image_id not in {one.image_id for one in review.queue}:
        # After a restart, for example: the queue was made when its label was right. The doubt comes with a new one.
        anew = _new_review(store.project(review.project_id))
        review.queue, review.judged = anew.queue, anew.judged
    row = store.image(review.project_id, newest.image_id)
    frame.notify(f"Undone: {plain(row.filename.rsplit('/', 1)[-1])} is {plain(row.label or 'without a label')} again.")


@frame.action
def _ask_again(project: Project) -> None:
    from core.inspection.suggesting.review import VERDICT

    frame.store().ask_again(project.id, VERDICT, list(frame.store().kept(project.id, VERDICT)))
