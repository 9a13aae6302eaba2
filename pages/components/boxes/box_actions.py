"""What the buttons and keys of the box desk do: each first takes what the mouse has drawn, then acts."""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Concatenate, ParamSpec

from core.data.store.store import BoxRow
from pages.components.boxes.box_state import BoxDesk, add_drag, take_drawn
from pages.components.boxes.boxes_input import hand_now
from pages.components.boxes.canvas import box_at, drawn_on
from pages.components.shared import frame
from pages.components.shared.wording import undone_words

P = ParamSpec("P")


def settle(desk: BoxDesk) -> None:
    """Takes what the browser has reported: drawings first, then the box that was selected, then steps by keys."""
    take_drawn(desk)
    now = hand_now()
    if now.token != desk.token:
        return
    before, desk.hand = desk.hand, now
    if now.drags > before.drags:
        add_drag(desk, now.drag_on, now.drag)
    sheet = desk.sheets.get(now.pick_on)
    if now.picks > before.picks and sheet is not None and sheet.image_id == desk.current:
        drawn, _ = drawn_on(sheet) or (list(sheet.begun), 0)
        held = drawn.index(desk.shown[desk.at]) if desk.shown and desk.shown[desk.at] in drawn else 0
        number = box_at(sheet, drawn, held, now.pick)
        if number is not None and drawn[number] in desk.shown:
            desk.at = desk.shown.index(drawn[number])
    right, down, wider, higher = (new - old for new, old in zip(now.steps, before.steps, strict=True))
    if right or down or wider or higher:
        shift(desk, (right, down), (wider, higher))


def _action(do: Callable[Concatenate[BoxDesk, P], None]) -> Callable[Concatenate[BoxDesk, P], None]:
    """A widget's callback. Streamlit calls it before it says that the canvas has news: so the news is fetched here."""

    @frame.action
    @wraps(do)
    def settled(desk: BoxDesk, /, *args: P.args, **kwargs: P.kwargs) -> None:
        settle(desk)
        do(desk, *args, **kwargs)

    return settled


@frame.action
def report(desk: BoxDesk) -> None:
    """The browser's script has reported something."""
    settle(desk)


@frame.action
def take_late(desk: BoxDesk, key: str) -> None:
    """A canvas has news; the tab may show another photo by now."""
    sheet = desk.sheets.get(key)
    if sheet is not None:
        take_drawn(desk, sheet)


@_action
def choose_class(desk: BoxDesk, label: str, relabel: bool) -> None:
    """The class for the next boxes; with ``relabel`` also for the box that the keys act on."""
    desk.label = label
    if relabel and desk.shown:
        changed = replace(desk.shown[desk.at], label=label)
        desk.save([*desk.shown[: desk.at], changed, *desk.shown[desk.at + 1 :]], at=changed)


@_action
def other_box(desk: BoxDesk) -> None:
    """Lets the keys act on the next box."""
    desk.at = (desk.at + 1) % max(1, len(desk.shown))
    if desk.hand.editing:
        desk.sheet = None  # a new canvas has nothing selected: Delete is about the box of the keys again


@_action
def delete_box(desk: BoxDesk) -> None:
    """Deletes the box that the keys act on."""
    desk.save([box for at, box in enumerate(desk.shown) if at != desk.at])


@_action
def shift_box(desk: BoxDesk, move: tuple[int, int], grow: tuple[int, int]) -> None:
    """Moves or resizes the box that the keys act on, by steps."""
    shift(desk, move, grow)


def shift(desk: BoxDesk, move: tuple[int, int], grow: tuple[int, int]) -> None:
    """Moves or resizes a box by steps of about one pixel of the screen, and never by less than one of the photo."""
    sheet = desk.newest_sheet()
    if not desk.shown or sheet is None:
        return
    (across, down), size = sheet.step(), sheet.size
    box = desk.shown[desk.at]
    x = min(max(0.0, box.x + move[0] * across), max(0.0, size[0] - box.width)) if move[0] else box.x
    y = min(max(0.0, box.y + move[1] * down), max(0.0, size[1] - box.height)) if move[1] else box.y
    width = max(1.0, min(box.width + grow[0] * across, size[0] - x)) if grow[0] else box.width
    height = max(1.0, min(box.height + grow[1] * down, size[1] - y)) if grow[1] else box.height
    changed = replace(box, x=x, y=y, width=width, height=height)
    if changed != box:
        desk.save([*desk.shown[: desk.at], changed, *desk.shown[desk.at + 1 :]], at=changed)


@_action
def new_box(desk: BoxDesk, size: tuple[int, int]) -> None:
    """Puts a box in the middle of the photo, for those who draw with keys."""
    box = BoxRow(desk.label, round(size[0] / 4), round(size[1] / 4), max(1, size[0] // 2), max(1, size[1] // 2))
    desk.save([*desk.shown, box], at=box)


@_action
def fit_inside(desk: BoxDesk, size: tuple[int, int]) -> None:
    """Cuts the boxes to the photo's edges, because somebody asked for it."""
    cut = []
    for box in desk.shown:
        x, y = max(0.0, box.x), max(0.0, box.y)
        right, bottom = min(float(size[0]), box.x + box.width), min(float(size[1]), box.y + box.height)
        cut.append(replace(box, x=x, y=y, width=right - x, height=bottom - y))
    desk.save(cut)


@_action
def go_on(desk: BoxDesk, image_id: int) -> None:
    """Shows the next photo; ``image_id`` is the one that the button was drawn for: a double press counts once."""
    if desk.current != image_id:
        return
    desk.message = ""
    desk.trail.append(image_id)
    if not desk.shown:
        desk.passed.add(image_id)
    desk.show(desk.follower(image_id))


@_action
def go_back(desk: BoxDesk) -> None:
    """Shows the photo before this one again."""
    desk.message = ""
    if desk.trail:
        desk.show(desk.trail.pop())


@_action
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


@_action
def start_again(desk: BoxDesk) -> None:
    """Goes through the photos from the first one."""
    desk.trail.clear()
    desk.passed.clear()
    desk.show(desk.follower(None))
