"""The register: opens people.db and answers who is here.

The teacher works in the server's own workspace, and each pupil in one below people/. A browser holds a token in a
cookie. Everything a person may open follows from it, in ``core.people.door``.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Row, create_engine, delete, event, insert, or_, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from core.data.store.database_errors import plain_error
from core.data.tables.names import name_key
from core.errors import NotHere, PeopleError, WorkspaceError
from core.people import schema
from core.people.credentials import new_code, new_token, token_digest
from core.people.records import ClassRoom, Person, Visit
from core.people.rows import add_person, as_person, person_of, tidy_person
from core.people.schema import accounts, classes, people, visits

FILE = "people.db"
VISIT_SECONDS = 90 * 24 * 3600.0
"""A browser that has opened no page for so long must join again."""
_SEEN_EVERY = 30.0
_REMEMBERED_SECONDS = 2.0
_MOST_REMEMBERED = 2_000
T = TypeVar("T")
_BUSY_SECONDS = 10


class Register:
    """Classes and people of one server; may be shared between threads and processes."""

    def __init__(self, server: Path) -> None:
        """Open the register of this server's folder, which must exist. Raises WorkspaceError."""
        self.server = server
        self._remembered: dict[Hashable, tuple[float, Any]] = {}
        self._lock = threading.Lock()
        self._engine = create_engine(f"sqlite:///{server / FILE}", connect_args={"timeout": _BUSY_SECONDS})
        event.listen(self._engine, "connect", _set_up)
        try:
            with self._engine.begin() as connection:
                version = connection.execute(text("PRAGMA user_version")).scalar_one()
                if version > schema.VERSION:
                    raise WorkspaceError(
                        f"{server / FILE} was made by a newer ResNet Studio (version {version}; this one supports "
                        f"{schema.VERSION}). Update ResNet Studio."
                    )
                schema.metadata.create_all(connection)
                connection.execute(text(f"PRAGMA user_version = {schema.VERSION}"))
            (server / FILE).chmod(0o600)
        except DBAPIError as error:
            raise plain_error(error, "nobody can join") or WorkspaceError(
                f"{server / FILE} cannot be opened ({error.orig}). Check your permissions there."
            ) from error

    def close(self) -> None:
        self._engine.dispose()

    def forget(self) -> None:
        """Ask the database again who is here: somebody has left, was let in, moved or deleted."""
        with self._lock:
            self._remembered.clear()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Run statements that happen together or not at all. Raises WorkspaceError for what the disk refuses."""
        try:
            with self._engine.begin() as connection:
                yield connection
        except IntegrityError:
            raise
        except DBAPIError as error:
            raise plain_error(error, "nothing was changed") or error from error

    # Classes

    def classes(self) -> list[ClassRoom]:
        """Return all classes, the oldest first."""
        with self.transaction() as connection:
            return [_classroom(row) for row in connection.execute(select(classes).order_by(classes.c.id))]

    def classroom(self, class_id: int) -> ClassRoom:
        """Return a class. Raises PeopleError if it was deleted."""
        with self.transaction() as connection:
            row = connection.execute(select(classes).where(classes.c.id == class_id)).first()
        if row is None:
            raise PeopleError("This class was deleted.")
        return _classroom(row)

    def create_class(self, name: str) -> ClassRoom:
        """Create a class with a code of its own. Raises PeopleError for a bad name or one that exists."""
        tidy = tidy_person(name, "class")
        if any(name_key(one.name) == name_key(tidy) for one in self.classes()):
            raise PeopleError(f"There is already a class {tidy}. Choose another name.")
        with self.transaction() as connection:
            key = connection.execute(
                insert(classes).values(name=tidy, code=new_code(), open=True, created=time.time())
            ).inserted_primary_key
        return self.classroom(key[0] if key else 0)

    def new_class_code(self, class_id: int) -> ClassRoom:
        """Give the class a new code; the old one stops working, and those who are here stay."""
        with self.transaction() as connection:
            connection.execute(update(classes).where(classes.c.id == class_id).values(code=new_code()))
        return self.classroom(class_id)

    def admit_new_names(self, class_id: int, admitted: bool) -> None:
        """Choose whether names that are not on the class's list may join."""
        with self.transaction() as connection:
            connection.execute(update(classes).where(classes.c.id == class_id).values(open=admitted))

    # People

    def people(self, class_id: int) -> list[Person]:
        """Return the pupils of a class, by name."""
        chosen = select(people).where(people.c.class_id == class_id, people.c.role == "pupil").order_by(people.c.key)
        with self.transaction() as connection:
            return [as_person(row) for row in connection.execute(chosen)]

    def everybody(self, class_id: int) -> list[Person]:
        """Return the pupils and groups of a class: all whose workspaces follow its rules."""
        with self.transaction() as connection:
            return [as_person(row) for row in connection.execute(select(people).where(people.c.class_id == class_id))]

    def person(self, person_id: int) -> Person:
        """Return somebody. Raises PeopleError if they were deleted."""
        with self.transaction() as connection:
            row = connection.execute(select(people).where(people.c.id == person_id)).first()
        if row is None:
            raise PeopleError("This person was deleted.")
        return as_person(row)

    def add_people(self, class_id: int, names: list[str]) -> list[Person]:
        """Put names on the class's list and return those that were not on it. Raises PeopleError for a bad name."""
        tidied = [tidy_person(name, "pupil") for name in names if name.strip()]
        added = []
        with self.transaction() as connection:
            known = set(connection.execute(select(people.c.key).where(people.c.class_id == class_id)).scalars())
            for name in tidied:
                if name_key(name) not in known:
                    known.add(name_key(name))
                    added.append(add_person(connection, class_id, name))
        return added

    # Visits

    def visit(self, token: str) -> Visit:
        """Return the visit of the browser that holds this token. Raises NotHere."""
        if not token:
            raise NotHere("Nobody has joined in this browser. Join with your class code.")
        digest, now = token_digest(token), time.time()
        with self.transaction() as connection:
            row = connection.execute(
                select(visits, people).join(people, people.c.id == visits.c.person_id).where(visits.c.token == digest)
            ).first()
            if row is None or row.seen < now - VISIT_SECONDS:
                raise NotHere("This visit has ended. Join again with your class code.")
            found = row._mapping
            if found[visits.c.seen] < now - _SEEN_EVERY:
                connection.execute(update(visits).where(visits.c.token == digest).values(seen=now))
                if found[visits.c.allowed]:
                    connection.execute(update(people).where(people.c.id == found[people.c.id]).values(seen=now))
            return Visit(person_of(found), bool(found[visits.c.allowed]), found[visits.c.created])

    def visitor(self, token: str) -> Person:
        """Return whose browser this is, from memory for a moment: a page asks a hundred times a run. Raises NotHere."""

        def ask() -> Person:
            visit = self.visit(token)
            if not visit.allowed:
                raise NotHere("Your teacher has not let you in yet.")
            return visit.person

        return self.remembered(token_digest(token), ask)

    def remembered(self, key: Hashable, ask: Callable[[], T]) -> T:
        """Return the answer to a question that pages ask very often; asked anew after two seconds, and `forget`."""
        now = time.monotonic()
        with self._lock:
            moment, known = self._remembered.get(key, (-_REMEMBERED_SECONDS, None))
        if now - moment < _REMEMBERED_SECONDS:
            return cast(T, known)
        found = ask()
        with self._lock:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[key] = (now, found)
        return found

    def waiting(self, class_id: int) -> list[Visit]:
        """Return who waits to be let in under a name that is taken, the longest first."""
        chosen = (
            select(visits, people)
            .join(people, people.c.id == visits.c.person_id)
            .where(people.c.class_id == class_id, visits.c.allowed.is_(False))
            .order_by(visits.c.created)
        )
        with self.transaction() as connection:
            rows = connection.execute(chosen).mappings().all()
        return [Visit(person_of(row), False, row[visits.c.created]) for row in rows]

    def let_in(self, person_id: int) -> None:
        """Let in everybody who waits under this name."""
        with self.transaction() as connection:
            connection.execute(update(visits).where(visits.c.person_id == person_id).values(allowed=True))
            connection.execute(update(people).where(people.c.id == person_id).values(seen=time.time()))

    def turn_away(self, person_id: int) -> None:
        """Turn away everybody who waits under this name."""
        with self.transaction() as connection:
            connection.execute(delete(visits).where(visits.c.person_id == person_id, visits.c.allowed.is_(False)))

    def leave(self, token: str) -> None:
        """End the visit of one browser."""
        with self.transaction() as connection:
            connection.execute(delete(visits).where(visits.c.token == token_digest(token)))
        self.forget()

    def end_visits(self, person_id: int) -> None:
        """End the visits of somebody in all browsers; their work stays."""
        with self.transaction() as connection:
            connection.execute(delete(visits).where(visits.c.person_id == person_id))
            signed_out = update(accounts).where(accounts.c.person_id == person_id)
            connection.execute(signed_out.values(signed_out=time.time()))
        self.forget()

    def begin_visit(
        self, connection: Connection, person_id: int, *, allowed: bool = True, token: str | None = None
    ) -> str:
        """Begin a visit within a transaction and return its token, a new one unless the browser has one.

        Visits that have ended by themselves are forgotten on this occasion.
        """
        token, now = token or new_token(), time.time()
        ended = visits.c.seen < now - VISIT_SECONDS
        connection.execute(delete(visits).where(or_(visits.c.token == token_digest(token), ended)))
        connection.execute(
            insert(visits).values(
                token=token_digest(token), person_id=person_id, allowed=allowed, created=now, seen=now
            )
        )
        if allowed:
            connection.execute(update(people).where(people.c.id == person_id).values(seen=now))
        return token


def _classroom(row: Row[Any]) -> ClassRoom:
    return ClassRoom(row.id, row.name, row.code, bool(row.open))


def _set_up(connection: sqlite3.Connection, record: Any) -> None:
    for setting in ("journal_mode = WAL", "foreign_keys = ON", "synchronous = NORMAL"):
        connection.execute(f"PRAGMA {setting}")
