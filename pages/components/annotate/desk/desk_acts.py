"""What somebody does at the desk: label the photo, accept its suggestion, skip it, go back, undo."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from pages.components.annotate.desk.labelling_desk import CHANGED, Desk, Suggested
from pages.components.annotate.suggest_state import refit, still_holds
from pages.components.shared import frame
from pages.components.shared.undo_line import undo_newest
from pages.components.shared.wording import format_time

LONGEST_NAME = 1_000


class Wish(BaseModel):
    """What the browser asks of a desk. It names the photo that was on the screen."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    do: Literal["look", "label", "accept", "skip", "back", "undo", "review"]
    photo: int | None = None
    label: str = Field("", max_length=LONGEST_NAME)
    """The class to give, or of the suggestion that is accepted."""


def act(desk: Desk, wish: Wish) -> None:
    """Do it; a user error becomes a message."""
    match wish.do:
        case "label":
            press(desk, wish.photo, wish.label)
        case "accept":
            accept(desk, wish.photo, wish.label)
        case "skip":
            skip(desk, wish.photo)
        case "back":
            back(desk)
        case "undo":
            undo(desk)
        case "review":
            desk.reviewing = True


def accept(desk: Desk, image_id: int | None, label: str) -> None:
    """Accept the suggestion that was shown; another one than that is never accepted."""
    suggested = desk.suggested
    if suggested is not None and (suggested.image_id, suggested.label) == (image_id, label):
        press(desk, image_id, label, suggested)


@frame.action
def press(desk: Desk, image_id: int | None, label: str, suggested: Suggested | None = None) -> None:
    """Label the photo and show the next one; ``suggested`` is the suggestion that this accepts.

    ``image_id`` is the photo the button was drawn for. A second press sent before the next photo arrived still names
    the first photo and does nothing, so nobody labels a photo they have not seen.
    """
    if image_id is None or desk.current != image_id:
        return
    desk.message = ""
    desk.hold.touch()
    if suggested and not still_holds(desk.project_id, suggested.revision):
        frame.notify(CHANGED)
        return
    row = frame.store().image(desk.project_id, image_id)
    if row.label not in (desk.shown_label, label):
        by = f" by {row.annotated_by}, {format_time(row.annotated_at)}" if row.annotated_by and row.annotated_at else ""
        now = row.label or "no label"
        desk.message = (
            f'This photo was changed{by}: it is now "{now}". Press "{label}" again to overwrite it, or skip the photo.'
        )
        desk.shown_label = row.label
        return
    kind = "accepted" if suggested else "label"
    frame.store().annotate(desk.project_id, [image_id], label, frame.who(), kind=kind)
    desk.skipped.discard(image_id)
    if desk.suggested and desk.suggested.image_id == image_id:
        desk.agreed.append(desk.suggested.label == label)
    refit(desk.project_id)
    advance(desk)


@frame.action
def skip(desk: Desk, image_id: int | None) -> None:
    """Leave the photo as it is and show the next one."""
    if image_id is None or desk.current != image_id:
        return
    desk.message = ""
    desk.skipped.add(image_id)
    advance(desk)


@frame.action
def back(desk: Desk) -> None:
    """Show the previous photo again."""
    desk.message = ""
    desk.hold.touch()
    if desk.trail:
        desk.current = desk.trail.pop()
        desk.seen = desk.upcoming = None


@frame.action
def undo(desk: Desk) -> None:
    """Undo this tab's newest change and show its photo."""
    change = undo_newest(desk.project_id)
    if change is None:
        return
    desk.message = ""
    desk.hold.touch()
    desk.upcoming = None
    refit(desk.project_id)
    touched = frame.store().changed_images(desk.project_id, change.id)
    if len(touched) == 1:
        if touched[0] in desk.trail:
            desk.trail = desk.trail[: desk.trail.index(touched[0])]
        desk.current = touched[0]
        desk.seen = None


@frame.action
def show_skipped(desk: Desk) -> None:
    """Go through the photos again, with those that were skipped."""
    desk.begin()


def share(desk: Desk) -> None:
    """Show also photos that others have on their desks."""
    desk.sharing = True
    desk.begin()


def advance(desk: Desk) -> None:
    """Show the next photo."""
    desk.hold.touch()
    follower = desk.follower(desk.current)
    desk.show(follower.id if follower else None)
