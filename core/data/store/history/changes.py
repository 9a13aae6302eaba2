"""Changes: each records what it did to every image and class, so that undo and redo restore it exactly.

The same code applies and records a change in the same transaction, so the two cannot disagree.

Several people may work at the same time, and each browser tab undoes its own changes: a change carries the tab of the
connection that made it (`Store.in_tab`). One made without a tab, by a command, belongs to the name. An image or class
that was changed again since keeps its later value; undo restores all others and says how many were kept. The same holds
where restoring would break a rule: a class that is now in use stays, a class whose name is now taken stays removed.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Literal

from sqlalchemy import Connection, Row, Select, and_, bindparam, delete, false, insert, select, true, update

from core.data.store.boxes.box_rows import set_classes_from_boxes, toggle_boxes, write_boxes
from core.data.store.class_rows import write_classes
from core.data.store.database import inserted
from core.data.store.history.label_revision import count_label_change
from core.data.store.insert_image import resolve_name_conflicts
from core.data.store.records import Change, Touched
from core.data.store.schema import boxes, change_items, changes, classes, images
from core.data.tables.names import name_key
from core.errors import DataError

Values = dict[str, Any]
LABEL_COLUMNS = (images.c.class_id, images.c.annotated_by, images.c.annotated_at, images.c.label_source)
IMAGE_COLUMNS = (*LABEL_COLUMNS, images.c.split, images.c.removed)
CHUNK = 5000  # rows a statement: below every database's limit on parameters


@dataclass(frozen=True)
class ChangeItem:
    """What one change does to one image, its boxes or a class: the changed columns' values, before and after."""

    entity: Literal["image", "class", "boxes"]  # boxes: all of one image, by the image's number
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
            _write_images(conn, [(item.entity_id, item.after) for item in group])
        elif entity == "boxes":
            write_boxes(conn, [(item.entity_id, item.after["boxes"]) for item in group])
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
    standing = select(changes.c.id).where(changes.c.id == extends, changes.c.undone == false())
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
    row = _newest(conn, project_id, who, tab, without)
    return None if row is None else _change(row)


def undo(
    conn: Connection, project_id: int, who: str | None = None, tab: str | None = None, without: Collection[str] = ()
) -> Change | None:
    """Undo what ``newest_change`` returns; None if there is none. See Change.kept."""
    row = _newest(conn, project_id, who, tab, without)
    return None if row is None else _toggle(conn, project_id, row, undone=True)


def redo(conn: Connection, project_id: int, who: str | None = None, tab: str | None = None) -> Change | None:
    """Redo the oldest undone change; None if none is left, or if the tab or person has made a new change since."""
    query = select(changes).where(changes.c.project_id == project_id, changes.c.redoable == true())
    row = conn.execute(_made_by(query, who, tab).order_by(changes.c.id).limit(1)).first()
    return None if row is None else _toggle(conn, project_id, row, undone=False)


def undo_one(conn: Connection, project_id: int, change_id: int) -> Change:
    """Undo any one change. Raises DataError if it does not exist or is already undone."""
    row = _row(conn, project_id, change_id)
    if row.undone:
        raise DataError(f'"{row.text}" is already undone. Reload the page to see the current state.')
    return _toggle(conn, project_id, row, undone=True)


def redo_one(conn: Connection, project_id: int, change_id: int) -> Change:
    """Redo any one change. Raises DataError if it does not exist or is not undone."""
    row = _row(conn, project_id, change_id)
    if not row.undone:
        raise DataError(f'"{row.text}" is not undone. Reload the page to see the current state.')
    return _toggle(conn, project_id, row, undone=False)


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
    query = _made_by(query, who, tab).order_by(changes.c.id.desc()).limit(limit)
    return [_change(row) for row in conn.execute(query)]


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
        .where(changes.c.project_id == project_id, changes.c.id == change_id, change_items.c.entity == "image")
        .order_by(change_items.c.id)
        .limit(limit)
    )
    rows = conn.execute(query).all()
    query_names = select(classes.c.id, classes.c.name).where(classes.c.project_id == project_id)
    names: dict[int | None, str] = {row.id: row.name for row in conn.execute(query_names)}
    return [
        Touched(
            row.id,
            row.hash,
            row.filename,
            names.get(row.before.get("class_id")),
            names.get(row.after.get("class_id")),
            row.before.get("split"),
            row.after.get("split"),
            row.before.get("removed", False),
            row.after.get("removed", False),
        )
        for row in rows
    ]


def touched_images(conn: Connection, project_id: int, change_id: int) -> list[int]:
    """Return the numbers of the images that a change changed, including removed ones."""
    query = (
        select(change_items.c.entity_id)
        .join(changes)
        .where(changes.c.project_id == project_id, changes.c.id == change_id, change_items.c.entity == "image")
        .order_by(change_items.c.id)
    )
    return list(conn.execute(query).scalars())


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


def toggle_items(conn: Connection, project_id: int, items: Iterable[Row[*tuple[Any, ...]]], undone: bool) -> int:
    """Undo or redo items, in this order; return how many kept their later value."""
    steps = []
    for item in items:
        before, after = _from_json(item.before), _from_json(item.after)
        steps.append((item.entity, item.entity_id, after if undone else before, before if undone else after))
    count_label_change(conn, project_id, ((entity, here, then) for entity, _, here, then in steps))
    kept = 0
    for entity, group in groupby(steps, key=lambda step: step[0]):
        moves = [step[1:] for step in group]
        if entity == "image":
            kept += _toggle_images(conn, project_id, moves)
        elif entity == "boxes":
            toggle_boxes(conn, project_id, moves)
        else:
            kept += sum(not _toggle_class(conn, project_id, *move) for move in moves)
    set_classes_from_boxes(conn, {step[1] for step in steps if step[0] != "class"})
    return kept


def _toggle(conn: Connection, project_id: int, row: Row[*tuple[Any, ...]], undone: bool) -> Change:
    order = change_items.c.id.desc() if undone else change_items.c.id
    query = select(change_items).where(change_items.c.change_id == row.id).order_by(order)
    kept = toggle_items(conn, project_id, conn.execute(query).all(), undone)
    state = {"undone": undone, "redoable": undone, "rewind_id": None}
    conn.execute(update(changes).where(changes.c.id == row.id).values(**state))
    return _change(row, undone=undone, kept=kept)


def _newest(
    conn: Connection, project_id: int, who: str | None, tab: str | None, without: Collection[str]
) -> Row[*tuple[Any, ...]] | None:
    query = select(changes).where(changes.c.project_id == project_id, changes.c.undone == false())
    query = _made_by(query, who, tab)
    if without:
        query = query.where(changes.c.kind.not_in(without))
    return conn.execute(query.order_by(changes.c.id.desc()).limit(1)).first()


def _made_by(query: Select[*tuple[Any, ...]], who: str | None, tab: str | None) -> Select[*tuple[Any, ...]]:
    if who is not None:
        query = query.where(changes.c.who == who)
    return query if tab is None else query.where(changes.c.tab == tab)


def _row(conn: Connection, project_id: int, change_id: int) -> Row[*tuple[Any, ...]]:
    row = conn.execute(select(changes).where(changes.c.project_id == project_id, changes.c.id == change_id)).first()
    if row is None:
        raise DataError("This change is not in the project's history. Reload the page.")
    return row


def _toggle_images(conn: Connection, project_id: int, moves: list[tuple[int, Values, Values]]) -> int:
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
    _write_images(conn, list(writes.items()))
    return kept


def _toggle_class(conn: Connection, project_id: int, class_id: int, expected: Values, wanted: Values) -> bool:
    row = conn.execute(select(classes).where(classes.c.id == class_id)).mappings().one()
    if any(row[column] != value for column, value in expected.items()):
        return False
    after = {**row, **wanted}
    if after["removed"]:
        for carrier in (images, boxes):
            if conn.execute(select(carrier.c.id).where(carrier.c.class_id == class_id).limit(1)).first():
                return False
    else:
        holder = select(classes.c.id).where(
            classes.c.project_id == project_id,
            classes.c.name_key == name_key(after["name"]),
            classes.c.id != class_id,
        )
        if conn.execute(holder).first():
            return False
    write_classes(conn, [(class_id, wanted)])
    return True


def _write_images(conn: Connection, rows: Sequence[tuple[int, Values]]) -> None:
    by_columns: dict[tuple[str, ...], list[Values]] = defaultdict(list)
    for image_id, values in rows:
        by_columns[tuple(values)].append({"row": image_id, **{f"new_{name}": value for name, value in values.items()}})
    for columns, parameters in by_columns.items():
        statement = update(images).where(images.c.id == bindparam("row"))
        statement = statement.values({name: bindparam(f"new_{name}") for name in columns})
        for start in range(0, len(parameters), CHUNK):
            conn.execute(statement, parameters[start : start + CHUNK])


def _change(row: Row[*tuple[Any, ...]], undone: bool | None = None, kept: int = 0) -> Change:
    state = row.undone if undone is None else undone
    roll_back = row.rewind_id if state else None
    return Change(row.id, row.kind, row.text, row.who, row.at, state, kept, roll_back)


def _to_json(values: Values) -> Values:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


def _from_json(values: Values) -> Values:
    at = values.get("annotated_at")
    return {**values, "annotated_at": datetime.fromisoformat(at)} if at else values
