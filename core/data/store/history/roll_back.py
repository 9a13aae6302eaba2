"""Rolling a project back to an earlier point in its history, and undoing that: many changes undone as one.

All later changes are undone, whoever made them, the newest first. Nothing is lost: they stay in the history and can be
redone together. As with a single undo, an image or class that was changed since keeps its later value.
"""

from sqlalchemy import ColumnElement, Connection, and_, false, func, or_, select, true

from core.data.store.database import inserted
from core.data.store.history.changes import now
from core.data.store.history.undo import Toggling, begin
from core.data.store.records import RollBack, RollBackReach
from core.data.store.schema import change_items, changes, roll_backs
from core.errors import DataError


def reach(conn: Connection, project_id: int, change_id: int) -> RollBackReach:
    """Return what rolling back to the point after a change would undo; 0 is the point before the first change."""
    return _reach(conn, and_(_changes_after(conn, project_id, change_id), _STANDING))


def roll_back(conn: Connection, project_id: int, change_id: int, who: str) -> Toggling[RollBackReach]:
    """Begin to undo all later changes, whoever made them. Raises DataError if there are none."""
    which = _changes_after(conn, project_id, change_id)
    found = _reach(conn, and_(which, _STANDING))
    if not found.changes:
        raise DataError("Nothing was changed after this point, or it is already undone. Reload the page.")
    row = {"project_id": project_id, "change_id": change_id, "who": who, "at": now()}
    number = inserted(conn, roll_backs, row)
    return begin(conn, project_id, found, which, True, {"redoable": False, "rewind_id": number})


def undo_roll_back(conn: Connection, project_id: int, roll_back_id: int) -> Toggling[RollBackReach]:
    """Begin to redo what a roll-back undid, the oldest change first. Raises DataError if nothing of it is left."""
    which = and_(changes.c.project_id == project_id, changes.c.rewind_id == roll_back_id)
    found = _reach(conn, and_(which, or_(changes.c.undone == true(), changes.c.reached.is_not(None))))
    if not found.changes:
        raise DataError("These changes have already been redone. Reload the page.")
    return begin(conn, project_id, found, which, False, {"redoable": False})


def roll_backs_of(conn: Connection, project_id: int) -> list[RollBack]:
    """Return the roll-backs that can be undone, the newest first."""
    query = (
        select(roll_backs, func.count().label("changes"))
        .join(changes, changes.c.rewind_id == roll_backs.c.id)
        .where(roll_backs.c.project_id == project_id, changes.c.undone == true())
        .group_by(*roll_backs.c)
        .order_by(roll_backs.c.id.desc())
    )
    return [RollBack(row.id, row.change_id, row.who, row.at, row.changes) for row in conn.execute(query)]


def _changes_after(conn: Connection, project_id: int, change_id: int) -> ColumnElement[bool]:
    if change_id:
        known = select(changes.c.id).where(changes.c.project_id == project_id, changes.c.id == change_id)
        if conn.execute(known).first() is None:
            raise DataError("This change is not in the project's history. Reload the page.")
    newest = conn.execute(select(func.max(changes.c.id)).where(changes.c.project_id == project_id)).scalar()
    # What others do while this goes on stays.
    return and_(changes.c.project_id == project_id, changes.c.id > change_id, changes.c.id <= (newest or 0))


def _reach(conn: Connection, which: ColumnElement[bool]) -> RollBackReach:
    people = conn.execute(select(changes.c.who).where(which).distinct()).scalars()
    counted = select(func.count(change_items.c.entity_id.distinct()))
    counted = counted.join(changes, changes.c.id == change_items.c.change_id).where(which)
    photos, classes = (
        conn.execute(counted.where(change_items.c.entity.in_(entities))).scalar_one()
        for entities in (("image", "tags"), ("class",))
    )
    number = conn.execute(select(func.count()).select_from(changes).where(which)).scalar_one()
    return RollBackReach(number, photos, classes, tuple(sorted(people, key=str.casefold)))


_STANDING = or_(changes.c.undone == false(), changes.c.reached.is_not(None))
