"""What a desk's address answers: the newest view after a wish, or that nothing has changed."""

from typing import Any

from pages.components.annotate.desk.desk_acts import Wish, act
from pages.components.annotate.desk.desk_view import look, state_of
from pages.components.annotate.desk.labelling_desk import Desk
from pages.components.data.photo_details import display_bytes
from pages.components.shared import frame
from pages.components.shared.errors import NOTES


def answer(desk: Desk, wish: Wish) -> dict[str, Any]:
    """Do what is wished and return ``view``; with ``redraw`` where the page must be drawn for what it has to say.

    Call it within ``visit.acting`` and the desk's lock.
    """
    if wish.do == "look":
        desk.hold.keep(*desk.hold.held)
        if not desk.recomputing and desk.seen_state == state_of(desk):
            return {"same": True}
    act(desk, wish)
    desk.notes += desk.memory.pop(NOTES, ())
    view = None if desk.reviewing else look(desk)
    if view is None:
        return {"redraw": True}
    return {"view": view, "redraw": bool(desk.notes)}


def picture_of(desk: Desk, name: str) -> tuple[bytes, str] | None:
    """Return a picture of the desk and its media type; None if it is not one that the desk shows."""
    row = next((one for one in list(desk.pictures) if one.hash == name), None)
    if row is None:
        return None
    data = display_bytes(row.hash, str(frame.store().path_of(row)))
    return data, _kind(data)


def _kind(data: bytes) -> str:
    if data[:4] == b"RIFF":
        return "image/webp"
    if data[:3] == b"GIF":
        return "image/gif"
    return "image/png" if data[:4] == b"\x89PNG" else "image/jpeg"
