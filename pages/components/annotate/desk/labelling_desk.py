"""The state of one browser tab while labelling: the photo shown, the ones before it, the ones skipped.

Both the page and the desk's own address (``desk_routes``) work on it, each under its lock.
"""

import secrets
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

import streamlit as st

from core.data.store.store import ImageFilter, ImageRow, Project
from core.errors import DataError
from pages.components.annotate.desk.photo_hold import PhotoHold
from pages.components.annotate.suggest_state import current_suggestions, still_holds, suggestions_of
from pages.components.shared import frame
from pages.components.shared.session import memory_of_tab

IN_ORDER = "added"
REMEMBERED = 20
QUIET_SECONDS = 0.6
"""Between a withdrawn suggestion and another one for the same photo: longer than a press that was under way."""
CHANGED = "The labels have changed since this suggestion was made. Look at the new one."
PICTURES = 8
"""How many pictures of a desk can be fetched: the one on it, the next, and some before for a slow network."""
_desks: "WeakValueDictionary[str, Desk]" = WeakValueDictionary()


class Queue(NamedTuple):
    """The chosen order of the photos, and whether suggestions are shown."""

    order: str = IN_ORDER
    label: str | None = None
    """The class if the order is "class"."""
    suggest: bool = True


class Suggested(NamedTuple):
    """A suggestion as it is shown."""

    image_id: int
    label: str
    probability: float
    revision: int  # of the labels that it answers to


@dataclass(eq=False)
class Desk:
    """The state of one tab. Photos are held by id, so that two tabs never mix up what they show."""

    project_id: int
    label: str | None  # go through the photos of this class,
    unlabelled: bool  # or through the unlabelled ones; with neither, through all
    current: int | None = None
    seen: int | None = None  # the photo shown last,
    shown_label: str | None = None  # and its label when it was first shown, or when its change was announced
    trail: list[int] = field(default_factory=list)  # photos shown before the current one, the newest last
    skipped: set[int] = field(default_factory=set)
    queue: list[int] = field(default_factory=list)  # the photos to go through, unless ``unlabelled``
    order: str = IN_ORDER  # of unlabelled photos: as added, or an order from the suggestion model
    order_class: str | None = None  # the class for the order "class"
    upcoming: int | None = None  # the photo announced as the next one; the browser has loaded it
    suggested: Suggested | None = None
    quiet_until: float = 0.0  # seconds, as time.monotonic() tells them
    recomputing: bool = False  # a suggestion for the photo is being computed from the labels as they are now
    suggesting: bool = True  # show suggestions
    sharing: bool = False  # show also photos that others have on their desks, when no other is left
    agreed: deque[bool] = field(default_factory=lambda: deque(maxlen=REMEMBERED))  # were the last suggestions right?
    reviewing: bool = False  # the page is to show the grid of suggestions instead
    message: str = ""
    notes: list[str] = field(default_factory=list)
    """Said as toasts when the page is drawn next; Markdown."""

    def __post_init__(self) -> None:
        self.hold = PhotoHold(self.project_id)
        self.token = secrets.token_urlsafe(12)
        """Names the desk in its address."""
        self.lock = threading.RLock()
        self.views = 0  # how often it was looked at: the browser keeps the newest view
        self.seen_state: tuple[Any, ...] | None = None  # of the project and the suggestions, in the newest view
        self.memory: dict[str, Any] = {}
        self.pictures: deque[ImageRow] = deque(maxlen=PICTURES)
        _desks[self.token] = self

    def follower(self, after: int | None) -> ImageRow | None:
        """Return the next photo, or None when all are done. It stays the same until the desk moves on."""
        if self.upcoming is not None and not (self.unlabelled and self.hold.lapsed):
            named = self._still_open(self.upcoming, after)
            if named is not None:
                return named
        found = self._search(after)
        self.upcoming = found.id if found else None
        return found

    def _still_open(self, image_id: int, after: int | None) -> ImageRow | None:
        """Return the photo if it still has to be shown."""
        if image_id == after or image_id in self.skipped:
            return None
        try:
            row = frame.store().image(self.project_id, image_id)
        except DataError:  # removed in the meantime
            return None
        return row if row.label is None or not self.unlabelled else None

    def _search(self, after: int | None) -> ImageRow | None:
        store = frame.store()
        if self.unlabelled:
            found = suggestions_of(self.project_id) if self.order != IN_ORDER else None
            order = [int(one) for one in found.ranking(self.order, self.order_class)] if found else []
            number = self.hold.next(after, self.skipped, order)
            if number is not None:
                return store.image(self.project_id, number)
            passed = self.skipped | ({after} if after is not None else set())
            return store.next_unlabelled(self.project_id, after, passed) if self.sharing else None
        place = self.queue.index(after) + 1 if after in self.queue else 0
        for image_id in self.queue[place:]:
            try:
                return store.image(self.project_id, image_id)
            except DataError:  # removed in the meantime: try the next one
                continue
        return None

    def show(self, image_id: int | None) -> None:
        """Show a photo, and remember the previous one."""
        if self.current is not None and self.current != image_id:
            self.trail.append(self.current)
        self.current = image_id
        self.seen = None
        self.upcoming = None
        self.quiet_until = 0.0

    def suggest(self, row: ImageRow) -> Suggested | None:
        """Return the suggestion for the photo; None if there is none, or while it is being recomputed.

        It stays while it answers to the labels as they are now. Another class never replaces it at once: somebody could
        accept it with a key press that was meant for the first one.
        """
        before = self.suggested if self.suggested and self.suggested.image_id == row.id else None
        self.suggested, self.recomputing = None, False
        if before and still_holds(self.project_id, before.revision):
            self.suggested = before
            return before
        shown_before = suggestions_of(self.project_id)
        found = current_suggestions(self.project_id)
        if found is None:
            self.recomputing = shown_before is not None and shown_before.of(row.id) is not None
            return None
        best = found.of(row.id)
        if best is None:
            return None
        if before and before.label != best[0]:
            self.quiet_until = time.monotonic() + QUIET_SECONDS
        if self.quiet:
            self.recomputing = True
            return None
        self.suggested = Suggested(row.id, *best, found.revision)
        return self.suggested

    @property
    def quiet(self) -> bool:
        """Whether a suggestion has just been withdrawn, and another one is not shown yet."""
        return time.monotonic() < self.quiet_until

    def look_at(self, row: ImageRow) -> None:
        """Note the label when the photo is first shown, to detect a change by somebody else while it is on screen."""
        if self.seen != row.id:
            self.seen, self.shown_label = row.id, row.label

    def begin(self) -> None:
        """Start again from the first photo."""
        self.hold.touch()
        self.trail.clear()
        self.skipped.clear()
        self.current = self.upcoming = None
        if not self.unlabelled:
            where = ImageFilter(label=self.label)
            self.queue = [row.id for row in frame.store().images(self.project_id, where)]
        first = self.follower(None)
        self.show(first.id if first else None)

    def row(self) -> ImageRow | None:
        """Return the photo as it is stored now; if it was removed in the meantime, go on to the next."""
        if self.current is None and self.unlabelled and not self.skipped:
            # Photos may have been added since the last one was labelled.
            self.begin()
        while self.current is not None:
            try:
                return frame.store().image(self.project_id, self.current)
            except DataError:
                follower = self.follower(self.current)
                self.current = follower.id if follower else None
        return None


def desk_of(project: Project, label: str | None, unlabelled: bool, queue: Queue) -> Desk:
    """Return this tab's desk. Another choice of photos starts a new one; another order keeps it."""
    desk: Desk | None = st.session_state.get("desk")
    if desk is None or (desk.project_id, desk.label, desk.unlabelled) != (project.id, label, unlabelled):
        desk = Desk(project.id, label, unlabelled, order=queue.order, order_class=queue.label)
        desk.begin()
        st.session_state["desk"] = desk
    with desk.lock:
        if (desk.order, desk.order_class) != (queue.order, queue.label):
            desk.order, desk.order_class, desk.upcoming = queue.order, queue.label, None
            first = desk.follower(None)
            if first is not None:
                desk.show(first.id)
        desk.suggesting = queue.suggest
        desk.memory = memory_of_tab()
    return desk


def desk_named(token: str) -> Desk | None:
    """Return the desk with this token; None where its tab is gone."""
    return _desks.get(token)
