"""Photos of a camera's burst: one change gives them their class and their group, and its undo takes them out again."""

from collections.abc import Sequence

from sqlalchemy import Connection, func, select, update

from core.data.store.classes import class_called, images_in_words
from core.data.store.history.changes import ChangeItem, Values, apply_change, current_values, now
from core.data.store.records import PERSON
from core.data.store.schema import change_items, changes
from core.data.tables.names import tidy_name


def add_burst(
    conn: Connection, project_id: int, image_ids: Sequence[int], label: str, group: str, who: str, extends: int = 0
) -> int:
    """A change: give images that were added just now a class and a group; return the change's number.

    Unlike other changes, its undo also removes the images, and its redo brings them back: whoever undoes a burst does
    not want its photos without labels. ``extends`` is the number of an earlier part of the same burst.
    Raises DataError if the project has no such class.
    """
    class_id, label = class_called(conn, project_id, label)
    after: Values = {
        "class_id": class_id,
        "annotated_by": who,
        "annotated_at": now(),
        "label_source": PERSON,
        "group_name": tidy_name(group, "group"),
        "removed": False,
    }
    found = current_values(conn, project_id, dict.fromkeys(image_ids))
    items = [
        ChangeItem("image", number, {**{key: row[key] for key in after}, "removed": True}, after)
        for number, row in found.items()
    ]
    if not items:
        return 0
    change = apply_change(conn, project_id, "label", _text(len(items), label), who, items, extends)
    if change == extends:
        count = conn.execute(select(func.count()).where(change_items.c.change_id == change)).scalar_one()
        conn.execute(update(changes).where(changes.c.id == change).values(text=_text(count, label)))
    return change


def _text(count: int, label: str) -> str:
    return f"{images_in_words(count)} from the camera: {label}"
