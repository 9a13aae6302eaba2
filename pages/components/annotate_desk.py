"""Where one browser tab stands in its labelling: the photo it shows, those before it, those it skipped."""

from dataclasses import dataclass, field

import streamlit as st

from core.data.store import ImageFilter, ImageRow, Project
from core.errors import DataError
from pages.components import frame
from pages.components.wording import moment, plain, undone_words


@dataclass
class Desk:
    """The state of one tab. Photos are held by id, so that two tabs never mix up what they show."""

    project_id: int
    label: str | None  # go through the photos of this class ...
    unlabelled: bool  # ... or through those without one; neither: through all
    current: int | None = None
    shown_label: str | None = None  # what the shown photo's label was when it was shown
    trail: list[int] = field(default_factory=list)  # shown before the current one, the newest last
    skipped: set[int] = field(default_factory=set)
    queue: list[int] = field(default_factory=list)  # all photos to go through, where it is not "unlabelled"
    message: str = ""

    def follower(self, after: int | None) -> ImageRow | None:
        """The photo that comes next, or None when all are done."""
        store = frame.store()
        if self.unlabelled:
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
        self.shown_label = None

    def begin(self) -> None:
        """Start over at the first photo."""
        self.trail.clear()
        self.skipped.clear()
        self.current = None
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


def desk_of(project: Project, label: str | None, unlabelled: bool) -> Desk:
    """This tab's desk for these photos; another choice of photos starts another desk."""
    desk: Desk | None = st.session_state.get("desk")
    if desk is None or (desk.project_id, desk.label, desk.unlabelled) != (project.id, label, unlabelled):
        desk = Desk(project.id, label, unlabelled)
        desk.begin()
        st.session_state["desk"] = desk
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
    _advance(desk)


@frame.action
def skip(desk: Desk, image_id: int) -> None:
    """Leave the shown photo as it is and go on."""
    if desk.current != image_id:
        return
    desk.message = ""
    desk.skipped.add(image_id)
    _advance(desk)


@frame.action
def back(desk: Desk) -> None:
    """Show the photo before this one again."""
    desk.message = ""
    if desk.trail:
        desk.current = desk.trail.pop()
        desk.shown_label = None


@frame.action
def undo(desk: Desk) -> None:
    """Take back this person's newest change and show the photo that it was about."""
    store = frame.store()
    change = store.undo(desk.project_id, frame.who())
    if change is None:
        frame.notify("There is nothing of yours to undo.")
        return
    desk.message = ""
    frame.notify(undone_words(change))
    touched = store.changed_images(desk.project_id, change.id)
    if len(touched) == 1:
        if touched[0] in desk.trail:
            desk.trail = desk.trail[: desk.trail.index(touched[0])]
        desk.current = touched[0]
        desk.shown_label = None


@frame.action
def show_skipped(desk: Desk) -> None:
    """Go through the skipped photos after all."""
    desk.begin()


def _advance(desk: Desk) -> None:
    follower = desk.follower(desk.current)
    desk.show(follower.id if follower else None)
