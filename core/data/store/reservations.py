"""Reservations: photos are handed out, so that many people label one project without meeting at the same photo.

A browser tab reserves the photo on its desk and the next one for a short time, renews that while the photo stays
there, and gives it back when it leaves. A tab that is gone keeps nobody waiting: its reservation simply ends. It
reserves, it does not forbid: anybody may label any photo. Reserving is no change of the project, so it moves no
revision and makes no other page redraw.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, insert, or_, select, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import IntegrityError

from core.data.store.classes import classes_of
from core.data.store.history.changes import newest_change, now, tab_of
from core.data.store.queries import BOXED, LABELLED, count_of, next_without
from core.data.store.records import AroundDesk, Reservation
from core.data.store.schema import images, reservations

SECONDS = 90
"""How long a reservation lasts. A browser renews even in a hidden tab once a minute."""
_CHUNK = 400
_ATTEMPTS = 20


def next_free(
    conn: Connection,
    project_id: int,
    who: str,
    after_id: int | None = None,
    skip: Collection[int] = (),
    order: Sequence[int] = (),
    boxless: bool = False,
) -> int | None:
    """Return the next image without a label (``boxless``: without a box) that no other tab has reserved.

    First those in ``order``, then all others after ``after_id``, starting again at the first; never one of ``skip``.
    """
    done = or_(BOXED if boxless else LABELLED, _held_by_others(_tab(conn, who)))
    passed = set(skip) | ({after_id} if after_id is not None else set())
    wanted = [number for number in order if number not in passed]
    for start in range(0, len(wanted), _CHUNK):
        some = wanted[start : start + _CHUNK]
        query = select(images.c.id).where(
            images.c.project_id == project_id, images.c.id.in_(some), images.c.removed.is_(False), ~done
        )
        free = set(conn.execute(query).scalars())
        for number in some:
            if number in free:
                return number
    return next_without(done, conn, project_id, after_id, passed)


def hand_out(
    conn: Connection,
    project_id: int,
    who: str,
    keep: Collection[int] = (),
    after_id: int | None = None,
    skip: Collection[int] = (),
    order: Sequence[int] = (),
    boxless: bool = False,
) -> int | None:
    """Reserve what ``next_free`` returns, and ``keep``, for this tab; give back what else it has.

    None if there is no such image. An image of ``keep`` that another tab has stays with that tab.
    """
    tab = _tab(conn, who)
    _give_back(conn, project_id, tab, keep)
    _take(conn, project_id, keep, tab, who)
    passed = {*skip, *keep}
    for _ in range(_ATTEMPTS):
        found = next_free(conn, project_id, who, after_id, passed, order, boxless)
        if found is None or _take(conn, project_id, [found], tab, who):
            return found
        passed.add(found)  # somebody was faster (not on SQLite, where writers queue)
    return None


def reserve(conn: Connection, project_id: int, who: str, image_ids: Collection[int]) -> None:
    """Reserve these images for this tab, or renew them; give back what else it has. Others' reservations stay."""
    tab = _tab(conn, who)
    _give_back(conn, project_id, tab, image_ids)
    _take(conn, project_id, image_ids, tab, who)


def release(conn: Connection, project_id: int, who: str) -> None:
    """Give back all that this tab has reserved."""
    _give_back(conn, project_id, _tab(conn, who), ())


def reserved_by_others(conn: Connection, project_id: int, who: str) -> dict[int, Reservation]:
    """Return the images that are on other tabs' desks now."""
    query = select(reservations).where(
        reservations.c.project_id == project_id,
        reservations.c.tab != _tab(conn, who),
        reservations.c.until > now(),
    )
    rows = conn.execute(query.order_by(reservations.c.image_id))
    return {row.image_id: Reservation(row.image_id, row.who, row.until) for row in rows}


def around_desk(conn: Connection, project_id: int, who: str, without: Collection[str] = ()) -> AroundDesk:
    """Return what this tab's desk shows beside its photo, in one transaction; it is read at every key press.

    ``without`` are kinds of changes that Undo does not take back there.
    """
    return AroundDesk(
        classes_of(conn, project_id),
        count_of(conn, project_id),
        reserved_by_others(conn, project_id, who),
        newest_change(conn, project_id, tab=_tab(conn, who), without=without),
    )


def _tab(conn: Connection, who: str) -> str:
    return tab_of(conn) or f"name {who}"[:40]


def _held_by_others(tab: str) -> ColumnElement[bool]:
    return exists().where(
        reservations.c.image_id == images.c.id, reservations.c.tab != tab, reservations.c.until > now()
    )


def _give_back(conn: Connection, project_id: int, tab: str, keep: Collection[int]) -> None:
    """Delete this tab's other reservations, and all that have ended."""
    mine = and_(reservations.c.tab == tab, reservations.c.image_id.not_in(keep)) if keep else reservations.c.tab == tab
    ended = reservations.c.until <= now()
    conn.execute(delete(reservations).where(reservations.c.project_id == project_id, or_(mine, ended)))


def _take(conn: Connection, project_id: int, image_ids: Iterable[int], tab: str, who: str) -> bool:
    """Reserve images, or renew them; return whether all are this tab's now."""
    until = now() + timedelta(seconds=SECONDS)
    taken = [_take_one(conn, project_id, number, tab, who, until) for number in image_ids]
    return all(taken)


def _take_one(conn: Connection, project_id: int, image_id: int, tab: str, who: str, until: datetime) -> bool:
    values = {"tab": tab, "who": who, "until": until}
    if conn.dialect.name == "sqlite":
        return _take_on_sqlite(conn, {"image_id": image_id, "project_id": project_id, **values})
    one = reservations.c.image_id == image_id
    mine = or_(reservations.c.tab == tab, reservations.c.until <= now())
    if conn.execute(update(reservations).where(one, mine).values(**values)).rowcount:
        return True
    if conn.execute(select(reservations.c.image_id).where(one)).first():
        return False
    try:
        with conn.begin_nested():
            conn.execute(insert(reservations).values(image_id=image_id, project_id=project_id, **values))
    except IntegrityError:  # another server was faster, or the image was deleted
        return False
    return True


def _take_on_sqlite(conn: Connection, row: dict[str, Any]) -> bool:
    """Do the same in one statement."""
    statement = sqlite.insert(reservations).values(**row)
    free = or_(reservations.c.tab == row["tab"], reservations.c.until <= now())
    new = {name: row[name] for name in ("tab", "who", "until")}
    try:
        return bool(conn.execute(statement.on_conflict_do_update(["image_id"], set_=new, where=free)).rowcount)
    except IntegrityError:  # the image was deleted; only this statement is taken back
        return False
