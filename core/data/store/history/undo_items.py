"""Undo and redo what changes did to single images, their boxes, tags and classes.

An image or class that was changed again since keeps its later value. The same holds where restoring would break a rule:
a class that is now in use stays, a class whose name is now taken stays removed.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, exists, false, or_, select, update

from core.data.store.boxes.box_rows import toggle_boxes
from core.data.store.class_rows import write_classes
from core.data.store.grouping.tag_rows import toggle_tags
from core.data.store.history.changes import CHUNK, Values, current_values, values_from_json, write_images
from core.data.store.history.label_revision import count_label_change
from core.data.store.insert_image import resolve_name_conflicts
from core.data.store.schema import boxes, classes, images
from core.data.tables.names import class_key

Move = tuple[int, Values, Values]
"""An image or class, the values that it is expected to have, and those that it is to get."""


def toggle_items(conn: Connection, project_id: int, items: Iterable[Row[*tuple[Any, ...]]], undone: bool) -> int:
    """Undo or redo items, in this order; return how many kept their later value."""
    steps = []
    for item in items:
        before, after = values_from_json(item.before), values_from_json(item.after)
        steps.append((item.entity, item.entity_id, after if undone else before, before if undone else after))
    count_label_change(conn, project_id, ((entity, here, then) for entity, _, here, then in steps))
    kept = 0
    for entity, group in groupby(steps, key=lambda step: step[0]):
        moves = [step[1:] for step in group]
        if entity == "image":
            kept += _toggle_images(conn, project_id, moves)
        elif entity == "boxes":
            toggle_boxes(conn, project_id, moves)
        elif entity == "tags":
            kept += toggle_tags(conn, project_id, moves)
        else:
            kept += _toggle_classes(conn, project_id, moves)
    return kept


def _toggle_images(conn: Connection, project_id: int, moves: Sequence[Move]) -> int:
    current = current_values(conn, project_id, (image_id for image_id, _, _ in moves))
    in_use = set(
        conn.execute(
            select(classes.c.id).where(classes.c.project_id == project_id, classes.c.removed == false())
        ).scalars()
    )
    away = {image_id for image_id, values in current.items() if values["removed"]}
    writes: dict[int, Values] = defaultdict(dict)
    kept = 0
    for image_id, expected, wanted in moves:
        same = all(current[image_id][column] == value for column, value in expected.items())
        label = wanted.get("class_id")
        if not same or (label is not None and label not in in_use):
            kept += 1
            continue
        # An image may come more than once, if several changes are undone: each starts where the previous one ended.
        current[image_id].update(wanted)
        writes[image_id].update(wanted)
    restored = [image_id for image_id in writes if image_id in away and not current[image_id]["removed"]]
    if restored:
        resolve_name_conflicts(conn, project_id, restored)
    write_images(conn, list(writes.items()))
    return kept


def _toggle_classes(conn: Connection, project_id: int, moves: Sequence[Move]) -> int:
    query = select(classes).where(classes.c.project_id == project_id)
    current: dict[int, Values] = {row["id"]: dict(row) for row in conn.execute(query).mappings()}
    carried = _carried(conn, {class_id for class_id, _, wanted in moves if wanted.get("removed")})
    holders = {row["name_key"]: class_id for class_id, row in current.items() if row["name_key"] is not None}
    writes: dict[int, Values] = defaultdict(dict)
    kept = 0
    for class_id, expected, wanted in moves:
        row = current[class_id]
        after = {**row, **wanted}
        after["name_key"] = None if after["removed"] else class_key(after["name"])
        same = all(row[column] == value for column, value in expected.items())
        in_use = after["removed"] and class_id in carried
        if not same or in_use or holders.get(after["name_key"], class_id) != class_id:
            kept += 1
            continue
        holders.pop(row["name_key"], None)
        if after["name_key"] is not None:
            holders[after["name_key"]] = class_id
        current[class_id] = after
        writes[class_id].update(wanted)
    # Two classes may swap their names: neither may hold one while the other gets it.
    numbers = [*writes]
    for start in range(0, len(numbers), CHUNK):
        conn.execute(update(classes).where(classes.c.id.in_(numbers[start : start + CHUNK])).values(name_key=None))
    write_classes(conn, list(writes.items()))
    return kept


def _carried(conn: Connection, class_ids: Collection[int]) -> set[int]:
    """Return those of the classes that an image or a box has, removed images included."""
    numbers, found = list(class_ids), set()
    carrier = or_(exists().where(images.c.class_id == classes.c.id), exists().where(boxes.c.class_id == classes.c.id))
    for start in range(0, len(numbers), CHUNK):
        some = select(classes.c.id).where(classes.c.id.in_(numbers[start : start + CHUNK]), carrier)
        found |= set(conn.execute(some).scalars())
    return found
