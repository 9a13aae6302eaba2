"""Labels that are likely wrong, one photo after the other: one key takes the proposal, one keeps what was given."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import streamlit as st

from core.data.store import Project
from core.errors import TooLittleData
from pages.components import frame
from pages.components.annotate_keys import guard_keys
from pages.components.check_progress import need_vectors
from pages.components.data_details import display_bytes
from pages.components.wording import counted, plain

if TYPE_CHECKING:
    from core.inspection.review import Doubt

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
    queue: tuple["Doubt", ...]
    judged: int
    skipped: set[str] = field(default_factory=set)
    done: list[tuple["Doubt", int | None]] = field(default_factory=list)  # with the change, or None where it was kept

    def standing(self) -> list["Doubt"]:
        """The doubts that nobody has decided yet, in the order of the queue."""
        from core.inspection.review import VERDICT

        kept = frame.store().kept(self.project_id, VERDICT)
        labels = {row.id: row.label for row in frame.store().image_labels(self.project_id)}
        return [one for one in self.queue if one.subject not in kept and labels.get(one.image_id) == one.given]

    def front(self, standing: list["Doubt"]) -> "Doubt | None":
        """The one to look at now."""
        return next((one for one in standing if one.subject not in self.skipped), None)


def label_errors(project: Project) -> None:
    """The whole section."""
    st.markdown(
        "A network that has seen all other photos, but not this one, says what it would call it. Where that speaks "
        "against the label, look again. Often the label is right and the photo is merely unusual: then keep it."
    )
    if not need_vectors(project):
        return
    review: Review | None = st.session_state.get("review")
    if review is None or review.project_id != project.id:
        try:
            with st.spinner("Comparing the labels"):
                review = _new_review(project)
        except TooLittleData as error:
            st.info(str(error), icon=":material/info:")
            return
        st.session_state["review"] = review
    _desk(project)


def _new_review(project: Project) -> Review:
    from core.inspection.review import doubts_of
    from core.inspection.vector_job import vectors_of
    from core.inspection.vectors import default_network

    network = default_network(frame.workspace())
    found = doubts_of(frame.store(), project.id, vectors_of(frame.workspace(), network or ""))
    return Review(project.id, found.queue, found.judged)


@frame.fragment()
def _desk(project: Project) -> None:
    review: Review = st.session_state["review"]
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
            st.button("Undo", key="check-undo", shortcut="U", on_click=_undo, args=(review,), disabled=not review.done)
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
        f"You fixed {counted(sum(change is not None for _, change in review.done), 'label')} and kept "
        f"{counted(sum(change is None for _, change in review.done), 'label')} in this visit."
        if review.done
        else "The network would call every photo what it is called, or somebody has looked already.",
    )
    with st.container(horizontal=True, horizontal_alignment="center"):
        if review.skipped:
            st.button("Show the skipped ones", on_click=review.skipped.clear, icon=":material/replay:")
        if st.button("Compare again", icon=":material/refresh:"):
            st.session_state.pop("review")
            st.rerun()
        st.button("Undo", key="check-undo", shortcut="U", on_click=_undo, args=(review,), disabled=not review.done)
        kept = _kept_by_all(project)
        if kept:
            st.button(f"Ask again for {counted(kept, 'kept label')}", on_click=_ask_again, args=(project,))


def _kept_by_all(project: Project) -> int:
    from core.inspection.review import VERDICT

    return len(frame.store().kept(project.id, VERDICT))


def _still_front(review: Review, doubt: "Doubt") -> bool:
    """A second press that left the browser before the next photo came still names the first one: it does nothing."""
    return review.front(review.standing()) == doubt


@frame.action
def _fix(review: Review, doubt: "Doubt", label: str) -> None:
    if _still_front(review, doubt):
        change = frame.store().annotate(review.project_id, [doubt.image_id], label, frame.who(), kind="corrected")
        review.done.append((doubt, change))


@frame.action
def _keep(review: Review, doubt: "Doubt") -> None:
    from core.inspection.review import VERDICT

    if _still_front(review, doubt):
        frame.store().keep(review.project_id, VERDICT, [doubt.subject], frame.who())
        review.done.append((doubt, None))


@frame.action
def _skip(review: Review, doubt: "Doubt") -> None:
    if _still_front(review, doubt):
        review.skipped.add(doubt.subject)


@frame.action
def _undo(review: Review) -> None:
    from core.inspection.review import VERDICT

    doubt, change = review.done.pop()
    if change is None:
        frame.store().ask_again(review.project_id, VERDICT, [doubt.subject])
    else:
        frame.store().undo_one(review.project_id, change)


@frame.action
def _ask_again(project: Project) -> None:
    from core.inspection.review import VERDICT

    frame.store().ask_again(project.id, VERDICT, list(frame.store().kept(project.id, VERDICT)))
