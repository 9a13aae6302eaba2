"""Where one browser tab stands in its labelling: the photo it shows, those before it, those it skipped."""

from collections import deque
from dataclasses import dataclass, field

import streamlit as st

from core.data.store.store import ImageFilter, ImageRow, Project
from core.errors import DataError
from pages.components.annotate.suggest_state import refit, suggestions_of
from pages.components.shared import frame
from pages.components.shared.wording import moment, plain, undone_words

IN_ORDER = "added"
REMEMBERED = 20


@dataclass
class Desk:
    """The state of one tab. Photos are held by id, so that two tabs never mix up what they show."""

    project_id: int
    label: str | None  # go through the photos of this class ...
    unlabelled: bool  # ... or through those without one; neither: through all
    current: int | None = None
    seen: int | None = None  # the photo that was looked at last ...
    shown_label: str | None = None  # ... and what its label was at first sight, or when its change was told
    trail: list[int] = field(default_factory=list)  # shown before the current one, the newest last
    skipped: set[int] = field(default_factory=set)
    queue: list[int] = field(default_factory=list)  # all photos to go through, where it is not "unlabelled"
    order: str = IN_ORDER  # of photos without a label: as they were added, or an order of the instant model
    order_class: str | None = None  # the class that the order "class" asks for
    upcoming: int | None = None  # which photo was named as the next one, and is in the browser already
    suggested: tuple[int, str, float] | None = None  # photo, class and probability, as they were shown
    agreed: deque[bool] = field(default_factory=lambda: deque(maxlen=REMEMBERED))  # were the last suggestions right?
    message: str = ""

    def follower(self, after: int | None) -> ImageRow | None:
        """The photo that comes next, or None when all are done. It stays the same until the desk moves on."""
        if self.upcoming is not None:
            named = self._still_open(self.upcoming, after)
            if named is not None:
                return named
        found = self._search(after)
        self.upcoming = found.id if found else None
        return found

    def _still_open(self, image_id: int, after: int | None) -> ImageRow | None:
        """The photo, where it is still to be gone through."""
        if image_id == after or image_id in self.skipped:
            return None
        try:
            row = frame.store().image(self.project_id, image_id)
        except DataError:  # removed meanwhile
            return None
        return row if row.label is None or not self.unlabelled else None

    def _search(self, after: int | None) -> ImageRow | None:
        store = frame.store()
        if self.unlabelled:
            found = suggestions_of(self.project_id) if self.order != IN_ORDER else None
            for image_id in found.ranking(self.order, self.order_class) if found else ():
                row = self._still_open(int(image_id), after)
                if row is not None:
                    return row
            passed = self.skipped | ({after} if after is not None else set())
            return store.next_unlabelled(self.project_id, after, passed)
        place = self.queue.index(after) + 1 if after in self.queue else 0
        for image_id in self.queue[place:]:
            try:
                return store.image(self.project_id, image_id)
            except DataError:  # removed meanwhile: the next one then
                continue
        return None

    def show(self, image_id: int | None) -> None:
        """Put a photo on the desk, and remember the one that lay there."""
        if self.current is not None and self.current != image_id:
            self.trail.append(self.current)
        self.current = image_id
        self.seen = None
        self.upcoming = None

    def suggest(self, row: ImageRow) -> tuple[str, float] | None:
        """The class suggested for the photo on the desk, and its probability. What was shown once stays as it was.

        So nobody accepts a class that took another's place between the look and the key.
        """
        if self.suggested is None or self.suggested[0] != row.id:
            found = suggestions_of(self.project_id)
            best = found.of(row.id) if found else None
            if best is None:
                return None
            self.suggested = (row.id, *best)
        return self.suggested[1:]

    def look_at(self, row: ImageRow) -> None:
        """Note the label at first sight: what somebody else gives it while it is looked at is a change to be told."""
        if self.seen != row.id:
            self.seen, self.shown_label = row.id, row.label

    def begin(self) -> None:
        """Start over at the first photo."""
        self.trail.clear()
        self.skipped.clear()
        self.current = self.upcoming = None
        if not self.unlabelled:
            where = ImageFilter(label=self.label)
            self.queue = [row.id for row in frame.store().images(self.project_id, where)]
        first = self.follower(None)
        self.show(first.id if first else None)

    def row(self) -> ImageRow | None:
        """The photo on the desk as it is stored now; one that was removed meanwhile makes room for the next."""
        if self.current is None and self.unlabelled and not self.skipped:
            # Photos may have come since the desk was cleared.
            self.begin()
        while self.current is not None:
            try:
                return frame.store().image(self.project_id, self.current)
            except DataError:
                follower = self.follower(self.current)
                self.current = follower.id if follower else None
        return None


def desk_of(
    project: Project, label: str | None, unlabelled: bool, order: str = IN_ORDER, order_class: str | None = None
) -> Desk:
    """This tab's desk for these photos; another choice of photos starts another desk, another order goes on with it."""
    desk: Desk | None = st.session_state.get("desk")
    if desk is None or (desk.project_id, desk.label, desk.unlabelled) != (project.id, label, unlabelled):
        desk = Desk(project.id, label, unlabelled, order=order, order_class=order_class)
        desk.begin()
        st.session_state["desk"] = desk
    elif (desk.order, desk.order_class) != (order, order_class):
        desk.order, desk.order_class, desk.upcoming = order, order_class, None
        first = desk.follower(None)
        if first is not None:
            desk.show(first.id)
    return desk


@frame.action
def press(desk: Desk, image_id: int, label: str) -> None:
    """Give the shown photo its class and go on.

    ``image_id`` is the photo that the button was drawn for. A second press that left the browser before the next photo
    came still names the first one and does nothing: nobody labels a photo that they have not seen.
    """
    if desk.current != image_id:
        return
    desk.message = ""
    row = frame.store().image(desk.project_id, image_id)
    if row.label not in (desk.shown_label, label):
        by = (
            f" by {plain(row.annotated_by)}, {moment(row.annotated_at)}"
            if row.annotated_by and row.annotated_at
            else ""
        )
        now = plain(row.label) if row.label else "no label"
        desk.message = (
            f'This photo was changed meanwhile{by}: it is "{now}" now, and stays so. '
            f'Press "{plain(label)}" once more to overrule, or skip it.'
        )
        desk.shown_label = row.label
        return
    frame.store().annotate(desk.project_id, [image_id], label, frame.who())
    desk.skipped.discard(image_id)
    if desk.suggested and desk.suggested[0] == image_id:
        desk.agreed.append(desk.suggested[1] == label)
    refit(desk.project_id)
    advance(desk)


@frame.action
def skip(desk: Desk, image_id: int) -> None:
    """Leave the shown photo as it is and go on."""
    if desk.current != image_id:
        return
    desk.message = ""
    desk.skipped.add(image_id)
    advance(desk)


@frame.action
def back(desk: Desk) -> None:
    """Show the photo before this one again."""
    desk.message = ""
    if desk.trail:
        desk.current = desk.trail.pop()
        desk.seen = desk.upcoming = None


@frame.action
def undo(desk: Desk) -> None:
    """Take back this person's newest change and show the photo that it was about."""
    store = frame.store()
    change = store.undo(desk.project_id, frame.who())
    if change is None:
        frame.notify("There is nothing of yours to undo.")
        return
    desk.message = ""
    desk.upcoming = None
    refit(desk.project_id)
    frame.notify(undone_words(change))
    touched = store.changed_images(desk.project_id, change.id)
    if len(touched) == 1:
        if touched[0] in desk.trail:
            desk.trail = desk.trail[: desk.trail.index(touched[0])]
        desk.current = touched[0]
        desk.seen = None


@frame.action
def show_skipped(desk: Desk) -> None:
    """Go through the skipped photos after all."""
    desk.begin()


def advance(desk: Desk) -> None:
    """Show the photo that comes next."""
    follower = desk.follower(desk.current)
    desk.show(follower.id if follower else None)
