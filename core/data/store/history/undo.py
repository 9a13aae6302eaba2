"""Undo and redo of changes, in parts: others can label between two transactions, however large the change is.

A change that is being undone keeps, in ``changes.reached``, the last item that was; an undo that was interrupted goes
on from there, and can also be taken back. Nothing else tells parts from one large transaction.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, exists, or_, select, true, update

from core.data.store.boxes.box_rows import images_with_boxes, set_classes_from_boxes
from core.data.store.history.changes import Values, change_of, made_by, newest_row, row_of
from core.data.store.history.undo_items import toggle_items
from core.data.store.records import Change, RollBackReach
from core.data.store.schema import change_items, changes
from core.errors import DataError

ITEMS_AT_ONCE = 500  # in one transaction, of a few hundredths of a second
T = TypeVar("T", Change, RollBackReach)


@dataclass(frozen=True)
class Toggling(Generic[T]):
    """An undo or redo after its parts so far."""

    outcome: T
    which: ColumnElement[bool]  # the changes that it undoes or redoes
    undone: bool
    mark: Values  # the columns of those that are through
    more: bool  # whether `go_on` has anything left to do


def undo(
    conn: Connection, project_id: int, who: str | None = None, tab: str | None = None, without: Collection[str] = ()
) -> Toggling[Change] | None:
    """Begin to undo what ``newest_change`` returns; None if there is none. See Change.kept."""
    row = newest_row(conn, project_id, who, tab, without)
    return None if row is None else _toggle(conn, project_id, row, undone=True)


def redo(conn: Connection, project_id: int, who: str | None = None, tab: str | None = None) -> Toggling[Change] | None:
    """Begin to redo the oldest undone change; None if none is left, or if its maker has made a new change since."""
    query = select(changes).where(changes.c.project_id == project_id, changes.c.redoable == true())
    row = conn.execute(made_by(query, who, tab).order_by(changes.c.id).limit(1)).first()
    return None if row is None else _toggle(conn, project_id, row, undone=False)


def undo_one(conn: Connection, project_id: int, change_id: int) -> Toggling[Change]:
    """Begin to undo any one change. Raises DataError if it does not exist or is already undone."""
    row = row_of(conn, project_id, change_id)
    if row.undone and row.reached is None:
        raise DataError(f'"{row.text}" is already undone. Reload the page to see the current state.')
    return _toggle(conn, project_id, row, undone=True)


def redo_one(conn: Connection, project_id: int, change_id: int) -> Toggling[Change]:
    """Begin to redo any one change. Raises DataError if it does not exist or is not undone."""
    row = row_of(conn, project_id, change_id)
    if not row.undone and row.reached is None:
        raise DataError(f'"{row.text}" is not undone. Reload the page to see the current state.')
    return _toggle(conn, project_id, row, undone=False)


def begin(
    conn: Connection, project_id: int, outcome: T, which: ColumnElement[bool], undone: bool, mark: Values
) -> Toggling[T]:
    """Undo or redo the first part of what the changes ``which`` did."""
    # Of an undo that was interrupted, a redo takes back what was done, and the other way round.
    turned = changes.c.reached - 1 if not undone else changes.c.reached + 1
    halfway = and_(which, changes.c.undone == undone, changes.c.reached.is_not(None))
    conn.execute(update(changes).where(halfway).values(undone=not undone, reached=turned))
    return go_on(conn, project_id, Toggling(outcome, which, undone, mark, more=True))


def go_on(conn: Connection, project_id: int, so_far: Toggling[T]) -> Toggling[T]:
    """Undo or redo the next part."""
    undone = so_far.undone
    beyond = change_items.c.id < changes.c.reached if undone else change_items.c.id > changes.c.reached
    open_changes = and_(so_far.which, changes.c.undone != undone)
    waiting = and_(open_changes, or_(changes.c.reached.is_(None), beyond))
    order = change_items.c.id.desc() if undone else change_items.c.id
    query = select(change_items).join(changes, changes.c.id == change_items.c.change_id).where(waiting)
    items = conn.execute(query.order_by(order).limit(ITEMS_AT_ONCE + 1)).all()
    more, items = len(items) > ITEMS_AT_ONCE, items[:ITEMS_AT_ONCE]
    kept = toggle_items(conn, project_id, items, undone)
    through = open_changes
    boxed = images_with_boxes(conn, {item.entity_id for item in items if item.entity != "class"})
    if more:
        last = [{"change": number, "item": item} for number, item in {one.change_id: one.id for one in items}.items()]
        statement = update(changes).where(changes.c.id == bindparam("change"))
        conn.execute(statement.values(reached=bindparam("item"), **(so_far.mark if undone else {})), last)
        left = exists().where(change_items.c.change_id == changes.c.id, beyond)
        through = and_(open_changes, changes.c.id.in_([one["change"] for one in last]), ~left)
        if boxed:  # only those of which no part is still to come
            rest = select(change_items.c.entity_id).join(changes, changes.c.id == change_items.c.change_id)
            rest = rest.where(waiting, change_items.c.entity != "class", change_items.c.entity_id.in_(boxed))
            boxed -= set(conn.execute(rest).scalars())
    set_classes_from_boxes(conn, boxed)
    state = {"undone": undone, "redoable": undone, "rewind_id": None, "reached": None, **so_far.mark}
    conn.execute(update(changes).where(through).values(**state))
    return replace(so_far, outcome=replace(so_far.outcome, kept=so_far.outcome.kept + kept), more=more)


def _toggle(conn: Connection, project_id: int, row: Row[*tuple[Any, ...]], undone: bool) -> Toggling[Change]:
    which = and_(changes.c.project_id == project_id, changes.c.id == row.id)
    outcome = replace(change_of(row), undone=undone, unfinished=False, roll_back=row.rewind_id if undone else None)
    return begin(conn, project_id, outcome, which, undone, {})
