"""The actions of the box desk's buttons and keys: each first saves the edits on the canvas, then acts."""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Concatenate, ParamSpec

from core.data.store.store import BoxRow
from pages.components.boxes.box_state import BoxDesk, take_edits
from pages.components.shared import frame
from pages.components.shared.undo_line import undo_newest

P = ParamSpec("P")


def _action(do: Callable[Concatenate[BoxDesk, P], None]) -> Callable[Concatenate[BoxDesk, P], None]:
    """Make a widget's callback that first saves the edits on the canvas.

    One message can carry both a press and an edit, and Streamlit may call the button's callback first.
    """

    @frame.action
    @wraps(do)
    def settled(desk: BoxDesk, /, *args: P.args, **kwargs: P.kwargs) -> None:
        take_edits(desk)
        do(desk, *args, **kwargs)

    return settled


@frame.action
def report(desk: BoxDesk) -> None:
    """The canvas has reported edits."""
    take_edits(desk)


@_action
def choose_class(desk: BoxDesk, label: str, relabel: bool) -> None:
    """Set the class of the next boxes; with ``relabel`` also of the selected box."""
    desk.label = label
    if relabel and desk.shown:
        changed = replace(desk.shown[desk.at], label=label)
        desk.save([*desk.shown[: desk.at], changed, *desk.shown[desk.at + 1 :]], at=changed)


@_action
def other_box(desk: BoxDesk) -> None:
    """Select the next box."""
    desk.at = (desk.at + 1) % max(1, len(desk.shown))


@_action
def delete_box(desk: BoxDesk) -> None:
    """Delete the selected box."""
    desk.save([box for at, box in enumerate(desk.shown) if at != desk.at])


@_action
def shift_box(
    desk: BoxDesk, move: tuple[int, int], grow: tuple[int, int], size: tuple[int, int], step: tuple[int, int]
) -> None:
    """Move or resize the selected box by one step, inside a photo of ``size``; it keeps at least one pixel."""
    if not desk.shown:
        return
    across, down = step
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
    """Add a box in the centre of the photo, for people who draw with keys."""
    box = BoxRow(desk.label, round(size[0] / 4), round(size[1] / 4), max(1, size[0] // 2), max(1, size[1] // 2))
    desk.save([*desk.shown, box], at=box)


@_action
def fit_inside(desk: BoxDesk, size: tuple[int, int]) -> None:
    """Crop the boxes to the photo. Only on request: boxes are never cropped silently."""
    cut = []
    for box in desk.shown:
        x, y = max(0.0, box.x), max(0.0, box.y)
        right, bottom = min(float(size[0]), box.x + box.width), min(float(size[1]), box.y + box.height)
        cut.append(replace(box, x=x, y=y, width=right - x, height=bottom - y))
    desk.save(cut)


@_action
def go_on(desk: BoxDesk, image_id: int) -> None:
    """Show the next photo. ``image_id`` is the photo the button was drawn for, so a double press counts once."""
    if desk.current != image_id:
        return
    desk.message = ""
    desk.trail.append(image_id)
    if not desk.shown:
        desk.passed.add(image_id)
    desk.show(desk.follower(image_id))


@_action
def go_back(desk: BoxDesk) -> None:
    """Show the previous photo again."""
    desk.message = ""
    if desk.trail:
        desk.show(desk.trail.pop())


@_action
def undo(desk: BoxDesk) -> None:
    """Undo this tab's newest change and show its photo."""
    change = undo_newest(desk.project_id)
    if change is None:
        return
    desk.message = ""
    touched = frame.store().changed_images(desk.project_id, change.id)
    if len(touched) == 1 and touched[0] != desk.current:
        if touched[0] in desk.trail:
            desk.trail = desk.trail[: desk.trail.index(touched[0])]
        desk.show(touched[0])
    else:
        desk.load()


@_action
def share(desk: BoxDesk) -> None:
    """Show also photos that others have on their desks."""
    desk.sharing = True
    desk.show(desk.follower(None))


@_action
def start_again(desk: BoxDesk) -> None:
    """Go through the photos again from the first."""
    desk.trail.clear()
    desk.passed.clear()
    desk.show(desk.follower(None))
