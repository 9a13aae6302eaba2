"""What the desk shows: the photo, the classes with their keys, the suggestion and what is said beside them."""

from typing import Any

from core.data.store.records import AroundDesk, Reservation
from core.data.store.store import ImageRow
from core.inspection.suggesting.suggestions import Suggestions
from pages.components.annotate.desk.labelling_desk import Desk
from pages.components.annotate.desk.photo_hold import name_of
from pages.components.annotate.suggest_accept import review_offer
from pages.components.annotate.suggest_state import RECOMPUTING, instant_model, suggestions_of
from pages.components.shared import frame
from pages.components.shared.class_keys import class_keys
from pages.components.shared.undo_line import NOT_BY_KEY, NOTHING
from pages.components.shared.wording import format_time

View = dict[str, Any]
_NAMED = 6
"""Classes that are named, of those that still need labels."""


def look(desk: Desk) -> View | None:
    """Return what the desk shows now, as the browser gets it; None if there is no photo to show."""
    state = state_of(desk)  # first, so that a change made meanwhile is seen by the next look
    row = desk.row()
    if row is None:
        desk.seen_state = None
        return None
    around = frame.store().around_desk(desk.project_id, frame.who(), without=NOT_BY_KEY)
    desk.look_at(row)
    follower = desk.follower(row.id)
    suggested = desk.suggest(row) if desk.suggesting else None
    if not desk.suggesting:
        desk.recomputing = False
    desk.hold.keep(row.id, follower.id if follower and desk.unlabelled else None)
    found = suggestions_of(desk.project_id)
    desk.seen_state = (state[0], _fit_of(found), *state[2:])
    desk.views += 1
    offer = review_offer(found) if found and desk.suggesting else None
    return {
        "version": desk.views,
        "photo": {"id": row.id, "src": _address(desk, row), "alt": f"The photo to label: {row.filename}"},
        "line": _line(row),
        "next": _address(desk, follower) if follower is not None else None,
        "beside": _who_has_it(around.others, row.id),
        "done": sum(one.count for one in around.classes),
        "of": around.photos,
        "classes": _classes(around),
        "chosen": row.label or (suggested and suggested.label),
        "suggestion": suggested
        and {"label": suggested.label, "words": f"Accept {suggested.label} · {percent(suggested.probability)}"},
        "waiting": RECOMPUTING if desk.recomputing else None,
        "message": desk.message,
        "back": bool(desk.trail),
        "undo": f"Undo: {around.newest.text}" if around.newest else None,
        "nothing": NOTHING,
        "hint": _hint(desk, found) if desk.suggesting else "",
        "review": offer and offer.words,
    }


def state_of(desk: Desk) -> tuple[Any, ...]:
    """Return what a view depends on beside the desk itself; reading it is far cheaper than a view."""
    model = instant_model(desk.project_id)
    found = model.suggestions if model is not None else None
    return frame.store().revision(desk.project_id), _fit_of(found), desk.suggesting


def _fit_of(found: Suggestions | None) -> tuple[int, int] | None:
    """Return what tells the suggestions of one fit from those of the next."""
    return (found.revision, len(found.ids)) if found is not None else None


def percent(probability: float) -> str:
    """Format a probability: "93%", and "99.7%" rather than "100%"."""
    return f"{min(99.9, probability * 100):.1f}%" if probability >= 0.99 else f"{probability * 100:.0f}%"


def _address(desk: Desk, row: ImageRow) -> str:
    """Return a picture's address, below that of the page; ``desk_routes`` serves it."""
    if row.hash not in {one.hash for one in desk.pictures}:
        desk.pictures.append(row)
    return f"desk/{desk.token}/{row.hash}"


def _classes(around: AroundDesk) -> list[dict[str, Any]]:
    keys = class_keys([one.name for one in around.classes])
    return [
        {"id": one.id, "name": one.name, "key": key.upper() if key else None}
        for one, key in zip(around.classes, keys, strict=True)
    ]


def _line(row: ImageRow) -> str:
    by = (
        f" · {row.label}, by {row.annotated_by}, {format_time(row.annotated_at)}"
        if (row.label and row.annotated_by and row.annotated_at)
        else ""
    )
    return f"{row.filename}{by}"


def _who_has_it(others: dict[int, Reservation], image_id: int) -> str:
    return f"{name_of(others[image_id])} is labelling this photo." if image_id in others else ""


def _hint(desk: Desk, found: Suggestions | None) -> str:
    """Say what the suggestions still need, or how often they were right."""
    if found is None:
        return ""
    if found.probabilities is None:
        more = ", ..." if len(found.lacking) > _NAMED else ""
        names = ", ".join(found.lacking[:_NAMED]) + more
        return f"Suggestions start after two labels per class. Still needed: {names}" if found.lacking else ""
    if desk.agreed:
        return f"The suggestion was right for {sum(desk.agreed)} of your last {len(desk.agreed)} photos."
    return ""
