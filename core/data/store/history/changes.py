"""Changes: each records what it did to every image and class, so that undo and redo restore it exactly.

The same code applies and records a change in the same transaction, so the two cannot disagree.

Several people may work at the same time, and each browser tab undoes its own changes: a change carries the tab of the
connection that made it (`Store.in_tab`). One made without a tab, by a command, belongs to the name.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Literal

from sqlalchemy import Connection, Row, Select, and_, bindparam, delete, false, insert, select, true, update

from core.data.store.boxes.box_rows import write_boxes
from core.data.store.class_rows import write_classes
from core.data.store.database import inserted
from core.data.store.grouping.tag_rows import write_tags
from core.data.store.history.label_revision import count_label_change
from core.data.store.records import Change, Touched
from core.data.store.schema import change_items, changes, classes, images
from core.errors import DataError

Values = dict[str, Any]
LABEL_COLUMNS = (images.c.class_id, images.c.annotated_by, images.c.annotated_at, images.c.label_source)
IMAGE_COLUMNS = (*LABEL_COLUMNS, images.c.split, images.c.removed, images.c.group_name)
CHUNK = 5000  # rows a statement: below every database's limit on parameters


@dataclass(frozen=True)
class ChangeItem:
    """What one change does to one image, its boxes, its tags or a class: the changed values, before and after."""

    entity: Literal["image", "class", "boxes", "tags"]  # boxes, tags: those of one image, by the image's number
    entity_id: int
    before: Values
    after: Values


def now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)


def tab_of(conn: Connection) -> str | None:
    """Return the browser tab that this connection acts for."""
    tab: str | None = conn.get_execution_options().get("tab")
    return tab


def apply_change(
    conn: Connection, project_id: int, kind: str, text: str, who: str, items: Sequence[ChangeItem], extends: int = 0
) -> int:
    """Apply a change and record it; return its number.

    ``extends`` is an earlier part of the same change, which is undone together with it, unless it has been undone.
    """
    for entity, group in groupby(items, key=lambda item: item.entity):
        if entity == "image":
            write_images(conn, [(item.entity_id, item.after) for item in group])
        elif entity == "boxes":
            write_boxes(conn, [(item.entity_id, item.after["boxes"]) for item in group])
        elif entity == "tags":
            write_tags(conn, project_id, [(item.entity_id, item.after["tags"]) for item in group])
        else:
            write_classes(conn, [(item.entity_id, item.after) for item in group])
    count_label_change(conn, project_id, ((item.entity, item.before, item.after) for item in items))
    tab = tab_of(conn)
    # A new change ends the redo of the tab's earlier ones; without a tab, of that person's.
    mine = changes.c.tab == tab if tab else and_(changes.c.tab.is_(None), changes.c.who == who)
    conn.execute(
        update(changes)
        .where(changes.c.project_id == project_id, changes.c.redoable == true(), mine)
        .values(redoable=False)
    )
    row = {"project_id": project_id, "kind": kind, "text": text, "who": who, "at": now(), "tab": tab}
    # Not one that is being undone, either: what it has got by then would stay.
    standing = select(changes.c.id).where(
        changes.c.id == extends, changes.c.undone == false(), changes.c.reached.is_(None)
    )
    change_id = conn.execute(standing).scalar() if extends else None
    if change_id is None:
        change_id = inserted(conn, changes, {**row, "undone": False, "redoable": False})
    rows = [
        {
            "change_id": change_id,
            "entity": item.entity,
            "entity_id": item.entity_id,
            "before": _to_json(item.before),
            "after": _to_json(item.after),
        }
        for item in items
    ]
    for start in range(0, len(rows), CHUNK):
        conn.execute(insert(change_items), rows[start : start + CHUNK])
    return change_id


def newest_change(
    conn: Connection, project_id: int, who: str | None = None, tab: str | None = None, without: Collection[str] = ()
) -> Change | None:
    """Return the newest change that stands, of that person or tab if given, and of none of the kinds ``without``."""
    row = newest_row(conn, project_id, who, tab, without)
    return None if row is None else change_of(row)


def history(
    conn: Connection,
    project_id: int,
    limit: int = 50,
    before_id: int | None = None,
    who: str | None = None,
    tab: str | None = None,
) -> list[Change]:
    """Return the newest changes first, including undone ones: those before one, of one person, of one tab, if given."""
    query = select(changes).where(changes.c.project_id == project_id)
    if before_id is not None:
        query = query.where(changes.c.id < before_id)
    query = made_by(query, who, tab).order_by(changes.c.id.desc()).limit(limit)
    return [change_of(row) for row in conn.execute(query)]


def people_in(conn: Connection, project_id: int) -> list[str]:
    """Return everybody who has changed anything, in alphabetical order."""
    query = select(changes.c.who).where(changes.c.project_id == project_id).distinct()
    return sorted(conn.execute(query).scalars(), key=str.casefold)


def touched(conn: Connection, project_id: int, change_id: int, limit: int = 60) -> list[Touched]:
    """Return what a change did to the first images that it changed."""
    query = (
        select(change_items.c.before, change_items.c.after, images.c.id, images.c.hash, images.c.filename)
        .join(changes, changes.c.id == change_items.c.change_id)
        .join(images, images.c.id == change_items.c.entity_id)
        .where(changes.c.project_id == project_id, changes.c.id == change_id)
        .where(change_items.c.entity.in_(("image", "tags")))
        .order_by(change_items.c.id)
        .limit(limit)
    )
    rows = conn.execute(query).all()
    query_names = select(classes.c.id, classes.c.name).where(classes.c.project_id == project_id)
    names: dict[int | None, str] = {row.id: row.name for row in conn.execute(query_names)}
    found: dict[int, Touched] = {}
    for row in rows:
        if row.id in found:  # its tags, after its label
            found[row.id] = replace(found[row.id], tags=row.after.get("tags", {}))
            continue
        found[row.id] = Touched(
            row.id,
            row.hash,
            row.filename,
            names.get(row.before.get("class_id")),
            names.get(row.after.get("class_id")),
            row.before.get("split"),
            row.after.get("split"),
            row.before.get("removed", False),
            row.after.get("removed", False),
            row.before.get("group_name"),
            row.after.get("group_name"),
            row.after.get("tags", {}),
        )
    return list(found.values())


def touched_images(conn: Connection, project_id: int, change_id: int) -> list[int]:
    """Return the numbers of the images that a change changed, including removed ones."""
    query = (
        select(change_items.c.entity_id)
        .join(changes)
        .where(changes.c.project_id == project_id, changes.c.id == change_id)
        .where(change_items.c.entity.in_(("image", "tags")))
        .order_by(change_items.c.id)
    )
    return list(dict.fromkeys(conn.execute(query).scalars()))


def forget(conn: Connection, project_id: int) -> None:
    """Delete a project's history, when the project is deleted."""
    mine = select(changes.c.id).where(changes.c.project_id == project_id)
    conn.execute(delete(change_items).where(change_items.c.change_id.in_(mine)))
    conn.execute(delete(changes).where(changes.c.project_id == project_id))


def current_values(conn: Connection, project_id: int, image_ids: Iterable[int]) -> dict[int, Values]:
    """Return the undoable columns of images, including removed ones; images of other projects are left out."""
    numbers, found = list(image_ids), {}
    for start in range(0, len(numbers), CHUNK):
        some = numbers[start : start + CHUNK]
        query = select(images.c.id, *IMAGE_COLUMNS).where(images.c.project_id == project_id, images.c.id.in_(some))
        for row in conn.execute(query).mappings():
            found[row["id"]] = {column.name: row[column] for column in IMAGE_COLUMNS}
    return found


def newest_row(
    conn: Connection, project_id: int, who: str | None, tab: str | None, without: Collection[str]
) -> Row[*tuple[Any, ...]] | None:
    """Return the row of what ``newest_change`` returns."""
    query = select(changes).where(changes.c.project_id == project_id, changes.c.undone == false())
    query = made_by(query, who, tab)
    if without:
        query = query.where(changes.c.kind.not_in(without))
    return conn.execute(query.order_by(changes.c.id.desc()).limit(1)).first()


def made_by(query: Select[*tuple[Any, ...]], who: str | None, tab: str | None) -> Select[*tuple[Any, ...]]:
    """Return the query for the changes of that person or tab, if given."""
    if who is not None:
        query = query.where(changes.c.who == who)
    return query if tab is None else query.where(changes.c.tab == tab)


def row_of(conn: Connection, project_id: int, change_id: int) -> Row[*tuple[Any, ...]]:
    """Return the row of a change. Raises DataError if the project does not have it."""
    row = conn.execute(select(changes).where(changes.c.project_id == project_id, changes.c.id == change_id)).first()
    if row is None:
        raise DataError("This change is not in the project's history. Reload the page.")
    return row


def write_images(conn: Connection, rows: Sequence[tuple[int, Values]]) -> None:
    """Write columns of images."""
    by_columns: dict[tuple[str, ...], list[Values]] = defaultdict(list)
    for image_id, values in rows:
        by_columns[tuple(values)].append({"row": image_id, **{f"new_{name}": value for name, value in values.items()}})
    for columns, parameters in by_columns.items():
        statement = update(images).where(images.c.id == bindparam("row"))
        statement = statement.values({name: bindparam(f"new_{name}") for name in columns})
        for start in range(0, len(parameters), CHUNK):
            conn.execute(statement, parameters[start : start + CHUNK])


def change_of(row: Row[*tuple[Any, ...]]) -> Change:
    """Return the change of a row."""
    roll_back = row.rewind_id if row.undone else None
    unfinished = row.reached is not None
    return Change(row.id, row.kind, row.text, row.who, row.at, row.undone, 0, roll_back, unfinished)


def _to_json(values: Values) -> Values:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


def values_from_json(values: Values) -> Values:
    """Return values of an image, a class or boxes as they were before they became JSON."""
    at = values.get("annotated_at")
    return {**values, "annotated_at": datetime.fromisoformat(at)} if at else values
