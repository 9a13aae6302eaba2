"""Rows of what is shared, as records."""

from typing import Any

from sqlalchemy import ColumnElement, Row, Select, select

from core.people.schema import people, shared
from core.people.sharing.records import About, Shared


def chosen(where: ColumnElement[bool]) -> Select[Any]:
    """Return the query of what is shared, the newest first, with the names of those who have shared it."""
    joined = select(shared, people.c.name.label("owner")).join(people, people.c.id == shared.c.person_id)
    return joined.where(where).order_by(shared.c.created.desc(), shared.c.id.desc())


def as_shared(row: Row[Any]) -> Shared:
    """Return a row of this query as a record."""
    found = row._mapping
    return Shared(
        id=found["id"],
        class_id=found["class_id"],
        owner_id=found["person_id"],
        owner=found["owner"],
        kind=found["kind"],
        name=found["name"],
        note=found["note"],
        folder=found["folder"],
        copies=bool(found["copies"]),
        about=About.model_validate_json(found["about"]),
        created=found["created"],
    )
