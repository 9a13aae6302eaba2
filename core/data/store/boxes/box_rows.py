"""The rows of the table of boxes: reading and writing them, also in the form of the history."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, delete, false, insert, select, true, update

from core.data.store.records import BoxRow
from core.data.store.schema import boxes, classes, images

Stored = list[Any]
"""One box as the history stores it: class number, x, y, width, height, who, when as text."""
_CHUNK = 5000


def boxes_of(conn: Connection, project_id: int, image_ids: Iterable[int] | None = None) -> dict[int, list[BoxRow]]:
    """Return the boxes of images of a project (None: of all) in their order; images without any are left out."""
    if image_ids is None:
        return _boxes(conn, project_id, true())
    found: dict[int, list[BoxRow]] = {}
    numbers = list(image_ids)
    for start in range(0, len(numbers), _CHUNK):
        found |= _boxes(conn, project_id, boxes.c.image_id.in_(numbers[start : start + _CHUNK]))
    return found


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
    """Return the boxes of images as the history stores them; images without any have an empty list."""
    numbers = list(image_ids)
    found: dict[int, list[Stored]] = {number: [] for number in numbers}
    columns = (boxes.c.image_id, boxes.c.class_id, *_SIDES, boxes.c.made_by, boxes.c.made_at)
    for start in range(0, len(numbers), _CHUNK):
        query = select(*columns).where(boxes.c.image_id.in_(numbers[start : start + _CHUNK]))
        for image_id, *box, made_at in conn.execute(query.order_by(boxes.c.image_id, boxes.c.position)):
            found[image_id].append([*box, made_at.isoformat()])
    return found


def images_with_class(conn: Connection, class_id: int) -> list[int]:
    """Return the images that have a box of a class, including removed images."""
    query = select(boxes.c.image_id).where(boxes.c.class_id == class_id).distinct().order_by(boxes.c.image_id)
    return list(conn.execute(query).scalars())


def write_boxes(conn: Connection, rows: Sequence[tuple[int, Sequence[Stored]]]) -> None:
    """Replace the boxes of the images by these."""
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
    """Return the class of the largest box (the first of equals), None without boxes."""
    return max(stored, key=lambda one: one[3] * one[4])[0] if stored else None


def toggle_boxes(
    conn: Connection, project_id: int, moves: Sequence[tuple[int, dict[str, Any], dict[str, Any]]]
) -> None:
    """Undo or redo changes of boxes: (image, boxes expected now, boxes wanted).

    Boxes that somebody has changed since stay. They are not counted, because the image they belong to is.
    """
    current = stored_boxes(conn, (image_id for image_id, _, _ in moves))
    in_use = select(classes.c.id).where(classes.c.project_id == project_id, classes.c.removed == false())
    known = set(conn.execute(in_use).scalars())
    writes: dict[int, list[Any]] = {}
    for image_id, expected, wanted in moves:
        if current[image_id] == expected["boxes"] and all(box[0] in known for box in wanted["boxes"]):
            current[image_id] = writes[image_id] = wanted["boxes"]
    write_boxes(conn, list(writes.items()))


def images_with_boxes(conn: Connection, image_ids: Iterable[int]) -> set[int]:
    """Return those of the images that have a box."""
    numbers, found = list(image_ids), set()
    for start in range(0, len(numbers), _CHUNK):
        some = boxes.c.image_id.in_(numbers[start : start + _CHUNK])
        found |= set(conn.execute(select(boxes.c.image_id).where(some).distinct()).scalars())
    return found


def set_classes_from_boxes(conn: Connection, image_ids: Iterable[int]) -> None:
    """Give images the class of their largest box, where undoing left them another one."""
    found = {number: largest_class(stored) for number, stored in stored_boxes(conn, image_ids).items() if stored}
    numbers, wrong = list(found), []
    for start in range(0, len(numbers), _CHUNK):
        some = images.c.id.in_(numbers[start : start + _CHUNK])
        for number, class_id in conn.execute(select(images.c.id, images.c.class_id).where(some)):
            if class_id != found[number]:
                wrong.append({"image": number, "class": found[number]})
    if wrong:
        statement = update(images).where(images.c.id == bindparam("image"))
        conn.execute(statement.values(class_id=bindparam("class")), wrong)


_NAMES = ("class_id", "x", "y", "width", "height", "made_by", "made_at")
_SIDES = (boxes.c.x, boxes.c.y, boxes.c.width, boxes.c.height)
