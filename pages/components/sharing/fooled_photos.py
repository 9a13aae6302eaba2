"""The photos that have fooled a model, with the class's doubts and the teacher's decisions."""

from collections.abc import Sequence

import streamlit as st

from core.people.records import Person
from core.people.register import Register
from core.people.sharing.attempts import Attempt
from core.people.sharing.break_it import decide, doubt, start_again
from pages.components.shared import frame
from pages.components.shared.dialogs import closing_button
from pages.components.shared.wording import plain

MOST_SHOWN = 24


def show(register: Register, viewer: Person, class_id: int, tries: Sequence[Attempt]) -> None:
    """Draw the photos that count, those in doubt first."""
    counting = sorted((one for one in tries if one.counts), key=lambda one: (one.state != "doubted", -one.id))
    if not counting:
        return
    st.subheader("What fooled them", anchor=False)
    grid = st.grid(4, min_column_width=200)
    for one in counting[:MOST_SHOWN]:
        with grid.container(border=True, height="stretch"):
            _card(register, viewer, one)
    if len(counting) > MOST_SHOWN:
        st.caption(f"The latest {MOST_SHOWN} of {len(counting)}.")
    if viewer.teaches and st.button("Start the game again", icon=":material/restart_alt:", key="break-it-again"):
        _again(register, viewer, class_id)


def _card(register: Register, viewer: Person, one: Attempt) -> None:
    truth = one.truth or "none of its classes"
    if one.photo.is_file():
        st.image(one.photo, width="stretch", alt=f"Shows {truth}, taken for {one.answer}")
    st.markdown(f"{plain(truth)} → **{plain(one.answer)}** {one.probability:.0%}")
    by = f"{plain(one.player)} for " if viewer.teaches and one.player != one.team else ""
    st.caption(f"{by}{plain(one.team)} against {plain(one.owner)}: {plain(one.model)}")
    if one.state == "doubted":
        st.markdown(":orange[:material/help:] In doubt: the teacher decides.")
    with st.container(horizontal=True):
        if viewer.teaches:
            if one.state == "doubted":
                st.button("It counts", key=f"fooled-yes-{one.id}", on_click=_decide, args=(register, viewer, one, True))
            st.button("Reject", key=f"fooled-no-{one.id}", on_click=_decide, args=(register, viewer, one, False))
        elif one.state == "counts":
            st.button(
                "I doubt it", key=f"fooled-doubt-{one.id}", on_click=_doubt, args=(register, viewer, one),
                help=f"The photo does not show {plain(truth)}? Your teacher decides.",
            )  # fmt: skip


@frame.action
def _doubt(register: Register, viewer: Person, one: Attempt) -> None:
    doubt(register, viewer, one.id)


@frame.action
def _decide(register: Register, viewer: Person, one: Attempt, counts: bool) -> None:
    decide(register, viewer, one.id, counts=counts)


@st.dialog("Start again?")
def _again(register: Register, viewer: Person, class_id: int) -> None:
    st.markdown("This deletes all tries and points of the class, with the photos. This cannot be undone.")
    closing_button("Delete and start again", lambda: start_again(register, viewer, class_id), key="again-now")
