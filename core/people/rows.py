"""Rows of the table of people, within a transaction."""

import secrets
import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from core.data.tables.names import name_key, tidy_name
from core.errors import DataError, PeopleError
from core.people.records import Person
from core.people.schema import people

LONGEST_NAME = 40
MOST_PEOPLE = 500
"""In one class."""
_TEACHER = "Teacher"


def tidy_person(name: str, what: str) -> str:
    """Return the name of a class or person as it is kept. Raises PeopleError if it is empty, invisible or too long."""
    try:
        tidy = tidy_name(name[:1000], what)
    except DataError as error:
        raise PeopleError(str(error)) from error
    if len(tidy) > LONGEST_NAME:
        raise PeopleError(f"The name has {len(tidy)} characters; at most {LONGEST_NAME} are allowed. Shorten it.")
    return tidy


def person_row(connection: Connection, **wanted: Any) -> Row[Any] | None:
    """Return the row of ``people`` with these values, or None."""
    chosen = select(people).where(*(people.c[name] == value for name, value in wanted.items()))
    return connection.execute(chosen).first()


def as_person(row: Row[Any]) -> Person:
    """Return a row of ``people`` as a record."""
    return person_of(row._mapping)


def person_of(found: Mapping[Any, Any]) -> Person:
    """Return the columns of ``people`` in a row of several tables as a record."""
    return Person(
        found[people.c.id],
        found[people.c.name],
        found[people.c.role],
        found[people.c.class_id],
        found[people.c.folder],
        joined=found[people.c.card] is not None or found[people.c.role] != "pupil",
        seen=found[people.c.seen],
    )


def add_person(connection: Connection, class_id: int, name: str) -> Person:
    """Add a pupil. Raises PeopleError if the class is full."""
    count = connection.execute(
        select(func.count()).where(people.c.class_id == class_id, people.c.role == "pupil")
    ).scalar_one()
    if count >= MOST_PEOPLE:
        raise PeopleError(f"This class has {count} names, which is the most. Make another class.")
    values = {"class_id": class_id, "name": name, "key": name_key(name), "role": "pupil"}
    return _added(connection, values | {"folder": secrets.token_hex(8)})


def add_group(connection: Connection, class_id: int, name: str) -> Person:
    """Add a group of pupils, with a workspace of its own."""
    values = {"class_id": class_id, "name": name, "key": name_key(name), "role": "group"}
    return _added(connection, values | {"folder": secrets.token_hex(8)})


def add_teacher(connection: Connection) -> Person:
    """Add the teacher, whose workspace is the server's own."""
    values = {"class_id": None, "name": _TEACHER, "key": name_key(_TEACHER), "role": "teacher", "folder": ""}
    return _added(connection, values)


def _added(connection: Connection, values: Mapping[str, Any]) -> Person:
    connection.execute(insert(people).values(**values, created=time.time()))
    row = person_row(connection, folder=values["folder"])
    assert row is not None
    return as_person(row)
