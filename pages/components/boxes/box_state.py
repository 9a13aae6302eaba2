"""Where one browser tab stands in drawing boxes: the photo, its boxes as shown, the class of the next box."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from threading import Lock

import streamlit as st

from core.data.store.boxes.box_checks import wrong_with
from core.data.store.store import BoxRow, ImageRow, Project
from core.data.tables.names import name_key
from core.errors import DataError
from pages.components.boxes.boxes_input import BoxesInput
from pages.components.boxes.canvas import Sheet, box_of, canvas_size, drawn_on
from pages.components.boxes.merge_boxes import merge
from pages.components.shared import frame
from pages.components.shared.wording import plain

# Between looking at what is stored and storing, no other tab of this server may store.
SAVING = Lock()
SHEETS_KEPT = 20  # a drawing that comes late is about one of the newest


@dataclass
class BoxDesk:
    """The state of one tab. Photos are held by their numbers, so that two tabs never mix up what they show."""

    project_id: int
    boxless: bool  # go through the photos without a box; else through all
    current: int | None = None
    trail: list[int] = field(default_factory=list)  # shown before the current one, the newest last
    passed: set[int] = field(default_factory=set)  # seen in this round, and left without a box
    label: str = ""  # the class of the next box
    at: int = 0  # the box that the keys act on
    shown: list[BoxRow] = field(default_factory=list)  # the boxes as this tab saved or loaded them last
    sheet: Sheet | None = None  # the canvas; without one, the next drawing makes a new one
    sheets: dict[str, Sheet] = field(default_factory=dict)  # the newest canvases, by key
    said: dict[str, list[BoxRow]] = field(default_factory=dict)  # what each canvas said last, by key
    token: str = field(default_factory=lambda: secrets.token_hex(4))  # no key of an older tab ever comes again
    number: int = 0  # of canvases so far
    hand: BoxesInput = field(default_factory=BoxesInput)  # what was taken of the browser's reports
    message: str = ""

    def follower(self, after: int | None) -> int | None:
        """The photo that comes next."""
        store = frame.store()
        if self.boxless:
            row = store.next_boxless(self.project_id, after, self.passed | ({after} if after is not None else set()))
            return row.id if row else None
        numbers = [one.id for one in store.image_labels(self.project_id)]
        return next((number for number in numbers if after is None or number > after), None)

    def show(self, image_id: int | None) -> None:
        """Puts a photo on the desk, with the boxes that it has."""
        self.current = image_id
        self.at = 0
        self.load()

    def load(self) -> None:
        """Takes the boxes from the store, and a new canvas for them."""
        self.shown = self.stored(self.current)
        self.sheet = None
        self.at = max(0, min(self.at, len(self.shown) - 1))

    def refresh(self) -> None:
        """Takes what somebody else stored meanwhile; the keys stay with their box."""
        if self.stored(self.current) == self.shown:
            return
        held = self.shown[self.at] if self.at < len(self.shown) else None
        self.load()
        if held in self.shown:
            self.at = self.shown.index(held)

    def stored(self, image_id: int | None) -> list[BoxRow]:
        """The boxes of a photo as the store has them, without who drew them."""
        found = frame.store().boxes(self.project_id, [image_id]) if image_id is not None else {}
        return [replace(box, made_by=None, made_at=None) for box in found.get(image_id or 0, [])]

    def row(self) -> ImageRow | None:
        """The photo on the desk as it is stored now; one that was removed meanwhile makes room for the next."""
        while self.current is not None:
            try:
                return frame.store().image(self.project_id, self.current)
            except DataError:
                self.show(self.follower(self.current))
        return None

    def sheet_for(self, row: ImageRow, most: tuple[int, int]) -> Sheet:
        """The canvas for this photo at this size: the one that is there, or a new one that begins with the boxes."""
        size = (row.width, row.height)
        canvas = canvas_size(size, most)
        if self.sheet is None or (self.sheet.image_id, self.sheet.canvas) != (row.id, canvas):
            self.number += 1
            key = f"boxes-canvas-{self.token}-{self.number}"
            self.sheet = Sheet(key, row.id, size, canvas, tuple(self.shown))
            self.sheets[key] = self.sheet
            for old in list(self.sheets)[:-SHEETS_KEPT]:
                del self.sheets[old]
                self.said.pop(old, None)
        return self.sheet

    def newest_sheet(self) -> Sheet | None:
        """The canvas of the photo on the desk that was drawn last, also where a new one is due."""
        return next((one for one in reversed(self.sheets.values()) if one.image_id == self.current), None)

    def save(self, boxes: Sequence[BoxRow], *, at: BoxRow | None = None) -> None:
        """Saves the photo's boxes at once, together with what somebody else did meanwhile, and makes a new canvas.

        The keys then act on ``at``.
        """
        if self.current is not None:
            self.store(self.current, self.shown, boxes, at=at)

    def store(
        self,
        image_id: int,
        base: Sequence[BoxRow],
        boxes: Sequence[BoxRow],
        *,
        at: BoxRow | None = None,
        on: Sheet | None = None,
    ) -> None:
        """Saves what was done to a photo, on the desk or not: from ``base`` to ``boxes``, on the canvas ``on``."""
        with SAVING:
            there = self.stored(image_id)
            merged = merge(base, boxes, there)
            frame.store().set_boxes(self.project_id, image_id, merged.boxes, frame.who())
        if image_id != self.current:
            return
        # Where this tab itself has stored in between, nobody else had a hand in it.
        self.message = merged.said if there != self.shown else ""
        self.shown = list(merged.boxes)
        if on is None or on is not self.sheet or self.shown != list(boxes):
            self.sheet = None
        self.at = self.shown.index(at) if at in self.shown else max(0, min(self.at, len(self.shown) - 1))


def desk_of(project: Project, boxless: bool) -> BoxDesk:
    """This tab's desk for these photos; another choice of photos starts another desk."""
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


def take_drawn(desk: BoxDesk, sheet: Sheet | None = None) -> None:
    """Saves what a canvas says, the present one or an older one, where it says anything new: to the photo it showed."""
    sheet = sheet or desk.sheet
    read = drawn_on(sheet) if sheet else None
    if sheet is None or read is None:
        return
    drawn, clicks = read
    if clicks and sheet is desk.sheet:  # they leave a dot on the canvas: a new one takes it away
        desk.sheet = None
    known = desk.said.get(sheet.key, list(sheet.begun))
    if drawn == known:
        return
    desk.said[sheet.key] = drawn
    good, said = checked(desk, drawn, sheet.size)
    if not said:
        changed = next((box for box in reversed(good) if box not in known), None)
        try:
            desk.store(sheet.image_id, known, good, at=changed, on=sheet if good == drawn else None)
        except DataError as error:
            said = str(error)
    if said and sheet.image_id == desk.current:
        desk.load()
        desk.message = said
    elif said:
        frame.notify(said)


def checked(desk: BoxDesk, drawn: Sequence[BoxRow], size: tuple[int, int]) -> tuple[list[BoxRow], str]:
    """The boxes with their classes as the project writes them; and what is wrong with those that cannot be."""
    classes = {name_key(one.name): one.name for one in frame.store().classes(desk.project_id)}
    good, said = [], []
    for box in drawn:
        label = classes.get(name_key(box.label))
        if label is None:
            said.append(f'There is no class "{plain(box.label)}". Its classes: {", ".join(classes.values())}.')
        elif wrong := wrong_with(box, *size):
            said.append(f"The box was not saved: {wrong}.")
        else:
            good.append(replace(box, label=label))
    return good, " ".join(dict.fromkeys(said))


def add_drag(desk: BoxDesk, key: str, corners: tuple[float, float, float, float]) -> None:
    """Saves a box whose canvas was replaced while the mouse drew on it: on the photo that it showed."""
    sheet = desk.sheets.get(key)
    if sheet is None:
        return
    left, top = min(corners[0], corners[2]), min(corners[1], corners[3])
    width, height = abs(corners[2] - corners[0]), abs(corners[3] - corners[1])
    good, said = checked(desk, [box_of(desk.label, (left, top, width, height), sheet.size, sheet.canvas)], sheet.size)
    if said:
        frame.notify(said)
        return
    there = desk.stored(sheet.image_id)
    desk.store(sheet.image_id, there, [*there, *good], at=good[0])


def take_table(desk: BoxDesk, boxes: list[BoxRow]) -> None:
    """Saves what somebody wrote into the table; a box that cannot be is said, and the table is as before."""
    try:
        desk.save(boxes)
    except DataError as error:
        desk.load()
        desk.message = str(error)
