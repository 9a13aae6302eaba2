"""Where one browser tab stands in drawing boxes: the photo, its boxes as shown, the class of the next box."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import streamlit as st

from core.data.box_checks import wrong_with
from core.data.names import name_key
from core.data.store import BoxRow, ImageRow, Project
from core.errors import DataError
from pages.components import frame
from pages.components.wording import plain, undone_words


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
    begun: list[BoxRow] = field(default_factory=list)  # those that the canvas began with
    version: int = 0  # a new number makes a new canvas
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
        found = frame.store().boxes(self.project_id, [self.current]) if self.current is not None else {}
        self.shown = [_bare(box) for box in found.get(self.current or 0, [])]
        self.begun = list(self.shown)
        self.version += 1
        self.at = max(0, min(self.at, len(self.shown) - 1))

    def row(self) -> ImageRow | None:
        """The photo on the desk as it is stored now; one that was removed meanwhile makes room for the next."""
        while self.current is not None:
            try:
                return frame.store().image(self.project_id, self.current)
            except DataError:
                self.show(self.follower(self.current))
        return None

    def save(self, boxes: Sequence[BoxRow], *, from_canvas: bool = False) -> None:
        """Saves the boxes at once; where somebody else changed them meanwhile, shows theirs instead."""
        if self.current is None:
            return
        store = frame.store()
        there = [_bare(box) for box in store.boxes(self.project_id, [self.current]).get(self.current, [])]
        if there != self.shown:
            self.load()
            self.message = (
                "Somebody changed the boxes of this photo meanwhile. You see theirs now; yours was not saved."
            )
            return
        self.message = ""
        store.set_boxes(self.project_id, self.current, boxes, frame.who())
        self.shown = list(boxes)
        if not from_canvas:
            self.begun = list(boxes)
            self.version += 1
        self.at = max(0, min(self.at, len(self.shown) - 1))


def _bare(box: BoxRow) -> BoxRow:
    return replace(box, made_by=None, made_at=None)


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


def take_drawn(desk: BoxDesk, row: ImageRow, drawn: list[BoxRow], clicks: int) -> None:
    """Saves what the canvas says, where it says anything new."""
    if clicks:  # they leave a dot on the canvas: a new one takes it away
        desk.begun = list(drawn)
        desk.version += 1
    if drawn == desk.shown:
        return
    classes = {name_key(one.name): one.name for one in frame.store().classes(desk.project_id)}
    good, said = [], []
    for box in drawn:
        label = classes.get(name_key(box.label))
        if label is None:
            said.append(f'There is no class "{plain(box.label)}". Its classes: {", ".join(classes.values())}.')
        elif wrong := wrong_with(box, row.width, row.height):
            said.append(f"The box was not saved: {wrong}.")
        else:
            good.append(replace(box, label=label))
    if len(good) > len(desk.shown):
        desk.at = len(good) - 1
    if not said:
        if good != desk.shown:
            desk.save(good, from_canvas=good == drawn)
        return
    desk.load()
    desk.message = " ".join(dict.fromkeys(said))


def take_table(desk: BoxDesk, boxes: list[BoxRow]) -> None:
    """Saves what somebody wrote into the table; a box that cannot be is said, and the table is as before."""
    try:
        desk.save(boxes)
    except DataError as error:
        desk.load()
        desk.message = str(error)


@frame.action
def choose_class(desk: BoxDesk, label: str, relabel: bool) -> None:
    """The class for the next boxes; with ``relabel`` also for the box that the keys act on."""
    desk.label = label
    if relabel and desk.shown:
        desk.save([replace(box, label=label) if at == desk.at else box for at, box in enumerate(desk.shown)])


@frame.action
def other_box(desk: BoxDesk) -> None:
    """Lets the keys act on the next box."""
    desk.at = (desk.at + 1) % max(1, len(desk.shown))


@frame.action
def delete_box(desk: BoxDesk) -> None:
    """Deletes the box that the keys act on."""
    desk.save([box for at, box in enumerate(desk.shown) if at != desk.at])


@frame.action
def shift_box(desk: BoxDesk, size: tuple[int, int], move: tuple[int, int], grow: tuple[int, int]) -> None:
    """Moves or resizes the box that the keys act on, by a hundredth of the photo."""
    if not desk.shown:
        return
    across, down = max(1, round(size[0] / 100)), max(1, round(size[1] / 100))
    box = desk.shown[desk.at]
    x = min(max(0.0, box.x + move[0] * across), max(0.0, size[0] - box.width)) if move[0] else box.x
    y = min(max(0.0, box.y + move[1] * down), max(0.0, size[1] - box.height)) if move[1] else box.y
    width = max(1.0, min(box.width + grow[0] * across, size[0] - x)) if grow[0] else box.width
    height = max(1.0, min(box.height + grow[1] * down, size[1] - y)) if grow[1] else box.height
    changed = replace(box, x=x, y=y, width=width, height=height)
    desk.save([changed if at == desk.at else one for at, one in enumerate(desk.shown)])


@frame.action
def new_box(desk: BoxDesk, size: tuple[int, int]) -> None:
    """Puts a box in the middle of the photo, for those who draw with keys."""
    box = BoxRow(desk.label, round(size[0] / 4), round(size[1] / 4), max(1, size[0] // 2), max(1, size[1] // 2))
    desk.at = len(desk.shown)
    desk.save([*desk.shown, box])


@frame.action
def fit_inside(desk: BoxDesk, size: tuple[int, int]) -> None:
    """Cuts the boxes to the photo's edges, because somebody asked for it."""
    cut = []
    for box in desk.shown:
        x, y = max(0.0, box.x), max(0.0, box.y)
        right, bottom = min(float(size[0]), box.x + box.width), min(float(size[1]), box.y + box.height)
        cut.append(replace(box, x=x, y=y, width=right - x, height=bottom - y))
    desk.save(cut)


@frame.action
def go_on(desk: BoxDesk, image_id: int) -> None:
    """Shows the next photo; ``image_id`` is the one that the button was drawn for: a double press counts once."""
    if desk.current != image_id:
        return
    desk.message = ""
    desk.trail.append(image_id)
    if not desk.shown:
        desk.passed.add(image_id)
    desk.show(desk.follower(image_id))


@frame.action
def go_back(desk: BoxDesk) -> None:
    """Shows the photo before this one again."""
    desk.message = ""
    if desk.trail:
        desk.show(desk.trail.pop())


@frame.action
def undo(desk: BoxDesk) -> None:
    """Takes back this person's newest change, and shows the photo that it was about."""
    change = frame.store().undo(desk.project_id, frame.who())
    if change is None:
        frame.notify("There is nothing of yours to undo.")
        return
    desk.message = ""
    frame.notify(undone_words(change))
    touched = frame.store().changed_images(desk.project_id, change.id)
    if len(touched) == 1 and touched[0] != desk.current:
        if touched[0] in desk.trail:
            desk.trail = desk.trail[: desk.trail.index(touched[0])]
        desk.show(touched[0])
    else:
        desk.load()


@frame.action
def start_again(desk: BoxDesk) -> None:
    """Goes through the photos from the first one."""
    desk.trail.clear()
    desk.passed.clear()
    desk.show(desk.follower(None))
