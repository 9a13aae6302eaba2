"""The photos that a desk has reserved: the one on it and the next, so that no two desks show the same photo."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import streamlit as st

from core.data.store.records import NAMELESS, Reservation
from pages.components.shared import frame
from pages.components.shared.session import has_reservations, note_reservations
from pages.components.shared.wording import counted, plain

RENEW_SECONDS = 30.0
"""How often a desk renews; a reservation lasts three times as long."""
FRESH_SECONDS = 25.0
IDLE_SECONDS = 600.0
"""After this time without a press the photo is free for others, although it is still on the desk."""
LOOK_SECONDS = 3.0


@dataclass
class PhotoHold:
    """The reservations of one tab's desk; they end by themselves where nobody renews them."""

    project_id: int
    boxless: bool = False  # hand out photos without a box; else those without a label
    held: tuple[int, ...] = ()
    renewed: float = float("-inf")  # seconds, as time.monotonic() tells them
    used: float = field(default_factory=time.monotonic)  # when somebody last pressed something

    def touch(self) -> None:
        """Note that somebody is at the desk."""
        self.used = time.monotonic()

    @property
    def idle(self) -> bool:
        """Whether somebody seems to have left the desk."""
        return time.monotonic() - self.used > IDLE_SECONDS

    @property
    def lapsed(self) -> bool:
        """Whether others may have taken the photos."""
        return not has_reservations(self.project_id) or time.monotonic() - self.renewed > 2 * RENEW_SECONDS

    def free(self, skip: Collection[int]) -> int | None:
        """Return a photo that is still to do and on nobody else's desk, without reserving it."""
        return frame.store().next_free(self.project_id, frame.who(), None, skip, (), self.boxless)

    def next(self, after: int | None, skip: Collection[int], order: Sequence[int] = ()) -> int | None:
        """Reserve the next free photo, and the one on the desk (``after``), and return its id; None if none is free."""
        store, who = frame.store(), frame.who()
        if self.idle:
            return store.next_free(self.project_id, who, after, skip, order, self.boxless)
        keep = [] if after is None else [after]
        found = store.hand_out(self.project_id, who, keep, after, skip, order, self.boxless)
        self._note([*keep, *([] if found is None else [found])])
        return found

    def keep(self, *photos: int | None) -> None:
        """Reserve these photos, unless that was done just now or somebody has left the desk."""
        wanted = tuple(one for one in photos if one is not None)
        fresh = time.monotonic() - self.renewed < FRESH_SECONDS and has_reservations(self.project_id)
        if not wanted or self.idle or (fresh and wanted == self.held):
            return
        frame.store().reserve(self.project_id, frame.who(), wanted)
        self._note(wanted)

    def _note(self, photos: Sequence[int]) -> None:
        self.held, self.renewed = tuple(photos), time.monotonic()
        if photos:
            note_reservations(self.project_id)


@frame.fragment(run_every=RENEW_SECONDS)
def renew(hold: PhotoHold) -> None:
    """Renew the reservations while the desk is on screen; draws nothing."""
    hold.keep(*hold.held)


def say_who_has_it(others: dict[int, Reservation], image_id: int) -> None:
    """Say that somebody else has this photo on the desk, too."""
    if image_id in others:
        st.info(f"{plain(name_of(others[image_id]))} is labelling this photo.", icon=":material/group:")


def offer_last_photos(hold: PhotoHold, others: Collection[Reservation], skip: Collection[int]) -> bool:
    """Say who is labelling the last photos, and return whether this person wants to label them too.

    Redraws the page when one of the photos becomes free.
    """
    names = list(dict.fromkeys(plain(name_of(one)) for one in others))
    shown = ", ".join(names[:3]) + (f" and {counted(len(names) - 3, 'other')}" if len(names) > 3 else "")
    last = "the last photo" if len(others) == 1 else f"the last {len(others):,} photos"
    frame.empty_state(
        "All remaining photos are being labelled",
        f"{shown} {'has' if len(names) == 1 else 'have'} {last} on screen. You get one when somebody leaves.",
    )
    _until_free(hold, set(skip))
    with st.container(horizontal=True, horizontal_alignment="center"):
        return st.button("Label them too", key="label-too", icon=":material/group:")


@frame.fragment(run_every=LOOK_SECONDS)
def _until_free(hold: PhotoHold, skip: set[int]) -> None:
    if hold.free(skip) is not None:
        st.rerun()


def name_of(one: Reservation) -> str:
    """Return who has reserved a photo, as it is said in a sentence."""
    return "Somebody" if one.who == NAMELESS else one.who
