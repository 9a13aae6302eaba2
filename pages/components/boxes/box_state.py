"""The state of one browser tab at the box desk: its photo, the boxes shown, the class of the next box."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from threading import Lock

import streamlit as st

from core.data.store.store import BoxRow, ImageRow, Project
from core.errors import DataError
from pages.components.annotate.desk.photo_hold import PhotoHold
from pages.components.boxes.box_canvas import BoxEdit, from_numbers, last_report
from pages.components.boxes.merge_boxes import merge
from pages.components.shared import frame
from pages.components.shared.wording import plain

# Between reading what is stored and storing, no other tab of this server may store.
SAVING = Lock()


@dataclass
class Taken:
    """Which edits of this tab's browser have been taken."""

    token: str = field(default_factory=lambda: secrets.token_hex(4))  # the report of an older tab has another one
    number: int = 0  # of the newest edit taken


@dataclass
class BoxDesk:
    """The state of one tab. Photos are held by id, so that two tabs never mix up what they show."""

    project_id: int
    boxless: bool  # go through the photos without a box; else through all
    current: int | None = None
    trail: list[int] = field(default_factory=list)  # photos shown before the current one, the newest last
    passed: set[int] = field(default_factory=set)  # seen in this round, and left without a box
    label: str = ""  # the class of the next box
    at: int = 0  # the index of the selected box
    shown: list[BoxRow] = field(default_factory=list)  # the boxes as this tab last saved or loaded them
    loads: int = 0  # how often the boxes were loaded: each time the table starts afresh
    upcoming: int | None = None  # the photo without a box that is reserved as the next one
    sharing: bool = False  # show also photos that others have on their desks, when no other is left
    message: str = ""

    def __post_init__(self) -> None:
        self.hold = PhotoHold(self.project_id, boxless=True)

    def follower(self, after: int | None) -> int | None:
        """Return the id of the next photo."""
        store = frame.store()
        if self.boxless:
            if self.hold.lapsed or not self._still_open(self.upcoming, after):
                passed = self.passed | ({after} if after is not None else set())
                self.upcoming = self.hold.next(after, self.passed)
                if self.upcoming is None and self.sharing:
                    row = store.next_boxless(self.project_id, after, passed)
                    self.upcoming = row.id if row else None
            return self.upcoming
        numbers = [one.id for one in store.image_labels(self.project_id)]
        return next((number for number in numbers if after is None or number > after), None)

    def _still_open(self, image_id: int | None, after: int | None) -> bool:
        """Return whether the photo still has to be shown."""
        if image_id is None or image_id == after or image_id in self.passed:
            return False
        try:
            frame.store().image(self.project_id, image_id)
        except DataError:  # removed in the meantime
            return False
        return not self.stored(image_id)

    def show(self, image_id: int | None) -> None:
        """Show a photo with its stored boxes."""
        self.hold.touch()
        self.current, self.upcoming = image_id, None
        self.at = 0
        self.load()

    def load(self) -> None:
        """Load the boxes from the store."""
        self.shown = self.stored(self.current)
        self.loads += 1
        self.at = max(0, min(self.at, len(self.shown) - 1))

    def refresh(self) -> None:
        """Load what somebody else stored in the meantime; the same box stays selected."""
        if self.stored(self.current) == self.shown:
            return
        selected = self.shown[self.at] if self.at < len(self.shown) else None
        self.load()
        if selected in self.shown:
            self.at = self.shown.index(selected)

    def stored(self, image_id: int | None) -> list[BoxRow]:
        """Return a photo's boxes in the store, without who drew them."""
        found = frame.store().boxes(self.project_id, [image_id]) if image_id is not None else {}
        return [replace(box, made_by=None, made_at=None) for box in found.get(image_id or 0, [])]

    def row(self) -> ImageRow | None:
        """Return the photo as it is stored now; if it was removed in the meantime, go on to the next."""
        while self.current is not None:
            try:
                return frame.store().image(self.project_id, self.current)
            except DataError:
                self.show(self.follower(self.current))
        return None

    def save(self, boxes: Sequence[BoxRow], *, at: BoxRow | None = None) -> None:
        """Save the current photo's boxes and select ``at``."""
        if self.current is not None:
            self.store(self.current, self.shown, boxes, at=at)

    def store(
        self, image_id: int, base: Sequence[BoxRow], boxes: Sequence[BoxRow], *, at: BoxRow | None = None
    ) -> None:
        """Save a change of any photo, from ``base`` to ``boxes``, merged with what somebody else did since."""
        with SAVING:
            there = self.stored(image_id)
            merged = merge(base, boxes, there)
            frame.store().set_boxes(self.project_id, image_id, merged.boxes, frame.who())
        self.hold.touch()
        if image_id != self.current:
            return
        # If only this tab has stored since, nobody else was involved.
        self.message = merged.said if there != self.shown else ""
        self.shown = list(merged.boxes)
        self.at = self.shown.index(at) if at in self.shown else max(0, min(self.at, len(self.shown) - 1))


def desk_of(project: Project, boxless: bool) -> BoxDesk:
    """Return this tab's desk for these photos; another choice of photos starts another desk."""
    desk: BoxDesk | None = st.session_state.get("box-desk")
    if desk is None or (desk.project_id, desk.boxless) != (project.id, boxless):
        desk = BoxDesk(project.id, boxless)
        st.session_state["box-desk"] = desk
    if desk.current is None and not desk.passed:
        desk.show(desk.follower(None))
    names = [one.name for one in frame.store().classes(project.id)]
    if desk.label not in names:
        desk.label = names[0] if names else ""
    return desk


def taken_so_far() -> Taken:
    """Return this tab's count of edits; it goes on when the tab shows other photos or another project."""
    taken: Taken = st.session_state.setdefault("boxes-taken", Taken())
    return taken


def take_edits(desk: BoxDesk) -> None:
    """Save the edits that the browser has reported, each to the photo it was made on."""
    report, taken = last_report(), taken_so_far()
    if report.token != taken.token:
        return
    for edit in report.edits:
        if edit.number > taken.number:
            taken.number = edit.number
            # An edit of a project that the tab has left is only stored.
            _take(desk if edit.project == desk.project_id else BoxDesk(edit.project, False), edit)


def _take(desk: BoxDesk, edit: BoxEdit) -> None:
    before, boxes = from_numbers(edit.before), from_numbers(edit.boxes)
    at = boxes[edit.at] if edit.at is not None and 0 <= edit.at < len(boxes) else None
    if boxes == before:
        if edit.photo == desk.current and at in desk.shown:
            desk.at = desk.shown.index(at)
        return
    try:
        desk.store(edit.photo, before, boxes, at=at)
    except DataError as error:
        if edit.photo != desk.current:
            frame.notify(plain(str(error)))
            return
        desk.load()
        desk.message = str(error)


def take_table(desk: BoxDesk, boxes: list[BoxRow]) -> None:
    """Save the boxes that somebody entered in the table; if one is not possible, say so and restore the table."""
    try:
        desk.save(boxes)
    except DataError as error:
        desk.load()
        desk.message = str(error)
