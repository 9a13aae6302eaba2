"""Boxes of images as changes that can be undone; an image's class is always that of its largest box."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, select

from core.data.store.boxes.box_checks import invalid_reason
from core.data.store.boxes.box_rows import Stored, largest_class, stored_boxes
from core.data.store.classes import class_called
from core.data.store.history.changes import ChangeItem, apply_change, current_values, now
from core.data.store.records import PERSON, BoxRow
from core.data.store.schema import images, pictures
from core.errors import DataError


def set_boxes(conn: Connection, project_id: int, image_id: int, wanted: Sequence[BoxRow], who: str) -> int:
    """A change: replace the boxes of an image; its class becomes that of the largest.

    An unchanged box keeps its author and time, and nothing is ever clipped. Returns the change's number, 0 if all
    boxes are the same. Raises DataError for a missing image or class, and for an invalid box: see ``invalid_reason``.
    """
    query = (
        select(images.c.filename, pictures.c.width, pictures.c.height)
        .join(pictures, pictures.c.hash == images.c.hash)
        .where(images.c.project_id == project_id, images.c.id == image_id, images.c.removed.is_(False))
    )
    row = conn.execute(query).first()
    if row is None:
        raise DataError("This image is no longer in the project. Reload the page.")
    for number, box in enumerate(wanted, start=1):
        if wrong := invalid_reason(box, row.width, row.height):
            raise DataError(f"Box {number} of {row.filename} cannot be saved: {wrong}. Draw it again.")
    names = {box.label for box in wanted}
    numbers = {name: class_called(conn, project_id, name)[0] for name in names}
    items = box_items(conn, project_id, {image_id: wanted}, numbers, who)
    if not items:
        return 0
    many = {0: "no boxes", 1: "1 box"}.get(len(wanted), f"{len(wanted)} boxes")
    return apply_change(conn, project_id, "boxes", f"{row.filename}: {many}", who, items)


def box_items(
    conn: Connection,
    project_id: int,
    wanted: Mapping[int, Sequence[BoxRow]],
    numbers: Mapping[str, int],
    who: str,
    source: str = PERSON,
) -> list[ChangeItem]:
    """Return the items that give images these boxes, none for images that have exactly these.

    ``numbers`` holds the class of each label, ``source`` is one of LABEL_SOURCES.
    """
    before, current, time = stored_boxes(conn, wanted), current_values(conn, project_id, wanted), now()
    label_items, items = [], []
    for image_id, rows in wanted.items():
        known = {tuple(one[:5]): one for one in before[image_id]}
        after: list[Stored] = []
        for row in rows:
            key = (numbers[row.label], float(row.x), float(row.y), float(row.width), float(row.height))
            after.append(known.get(key) or [*key, who, time.isoformat()])
        if after == before[image_id]:
            continue
        values = {
            "class_id": largest_class(after),
            "annotated_by": who if after else None,
            "annotated_at": time if after else None,
            "label_source": source if after else None,
        }
        label_items.append(ChangeItem("image", image_id, {key: current[image_id][key] for key in values}, values))
        items.append(ChangeItem("boxes", image_id, {"boxes": before[image_id]}, {"boxes": after}))
    return [*label_items, *items]
