"""The rows of the table of boxes: read, written as they stand in the history, and the largest of an image."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, false, insert, select, true, update

from core.data.store.records import BoxRow
from core.data.store.schema import boxes, classes, images

Stored = list[Any]
"""One box as the history keeps it: class number, x, y, width, height, who, when as text."""
_CHUNK = 5000


def boxes_of(conn: Connection, project_id: int, image_ids: Iterable[int]) -> dict[int, list[BoxRow]]:
    """The boxes of images of a project in their order; images without any are not in the answer."""
    found: dict[int, list[BoxRow]] = {}
    numbers = list(image_ids)
    for start in range(0, len(numbers), _CHUNK):
        found |= _boxes(conn, project_id, boxes.c.image_id.in_(numbers[start : start + _CHUNK]))
    return found


def all_boxes(conn: Connection, project_id: int) -> dict[int, list[BoxRow]]:
    """The boxes of all images of a project."""
    return _boxes(conn, project_id, true())


def _boxes(conn: Connection, project_id: int, which: ColumnElement[bool]) -> dict[int, list[BoxRow]]:
    query = (
        select(boxes.c.image_id, classes.c.name, *_SIDES, boxes.c.made_by, boxes.c.made_at)
        .join(classes, classes.c.id == boxes.c.class_id)
        .join(images, images.c.id == boxes.c.image_id)
        .where(images.c.project_id == project_id, images.c.removed == false(), which)
        .order_by(boxes.c.image_id, boxes.c.position)
    )
    found: dict[int, list[BoxRow]] = {}
    for image_id, *box in conn.execute(query):
        found.setdefault(image_id, []).append(BoxRow(*box))
    return found


def stored_boxes(conn: Connection, image_ids: Iterable[int]) -> dict[int, list[Stored]]:
    """The boxes of images as the history keeps them; every image is in the answer."""
    numbers = list(image_ids)
    found: dict[int, list[Stored]] = {number: [] for number in numbers}
    columns = (boxes.c.image_id, boxes.c.class_id, *_SIDES, boxes.c.made_by, boxes.c.made_at)
    for start in range(0, len(numbers), _CHUNK):
        query = select(*columns).where(boxes.c.image_id.in_(numbers[start : start + _CHUNK]))
        for image_id, *box, made_at in conn.execute(query.order_by(boxes.c.image_id, boxes.c.position)):
            found[image_id].append([*box, made_at.isoformat()])
    return found


def images_with_class(conn: Connection, class_id: int) -> list[int]:
    """The images that have a box of a class, removed ones too."""
    query = select(boxes.c.image_id).where(boxes.c.class_id == class_id).distinct().order_by(boxes.c.image_id)
    return list(conn.execute(query).scalars())


def write_boxes(conn: Connection, rows: Sequence[tuple[int, Sequence[Stored]]]) -> None:
    """Puts these boxes in the place of those that the images had."""
    numbers = [image_id for image_id, _ in rows]
    for start in range(0, len(numbers), _CHUNK):
        conn.execute(delete(boxes).where(boxes.c.image_id.in_(numbers[start : start + _CHUNK])))
    values = [
        {"image_id": image_id, "position": place, **dict(zip(_NAMES, one, strict=True))}
        for image_id, stored in rows
        for place, one in enumerate(stored)
    ]
    for one in values:
        one["made_at"] = datetime.fromisoformat(one["made_at"])
    for start in range(0, len(values), _CHUNK):
        conn.execute(insert(boxes), values[start : start + _CHUNK])


def largest_class(stored: Sequence[Stored]) -> int | None:
    """The class of the largest box, the first of equals; None without boxes."""
    return max(stored, key=lambda one: one[3] * one[4])[0] if stored else None


def turn_boxes(conn: Connection, project_id: int, moves: Sequence[tuple[int, dict[str, Any], dict[str, Any]]]) -> None:
    """Takes boxes back, or sets them again: (image, as they are to be now, as they shall be).

    Those that somebody changed since stay. How many is not said: the image that they belong to is counted.
    """
    current = stored_boxes(conn, (image_id for image_id, _, _ in moves))
    in_use = select(classes.c.id).where(classes.c.project_id == project_id, classes.c.removed == false())
    known = set(conn.execute(in_use).scalars())
    writes: dict[int, list[Any]] = {}
    for image_id, expected, wanted in moves:
        if current[image_id] == expected["boxes"] and all(box[0] in known for box in wanted["boxes"]):
            current[image_id] = writes[image_id] = wanted["boxes"]
    write_boxes(conn, list(writes.items()))


def settle_classes(conn: Connection, image_ids: Iterable[int]) -> None:
    """Gives images that have boxes the class of the largest, where undoing left them another one."""
    found = {number: largest_class(stored) for number, stored in stored_boxes(conn, image_ids).items() if stored}
    for number, class_id in found.items():
        wrong = (images.c.id == number) & (images.c.class_id.is_(None) | (images.c.class_id != class_id))
        conn.execute(update(images).where(wrong).values(class_id=class_id))


_NAMES = ("class_id", "x", "y", "width", "height", "made_by", "made_at")
_SIDES = (boxes.c.x, boxes.c.y, boxes.c.width, boxes.c.height)
