"""What the register knows about somebody, without hashes of cards and tokens."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from core.people.groups import groups_of
from core.people.records import Person
from core.people.register import Register
from core.people.schema import accounts, people, shared, visits
from core.people.sharing.attempts import attempts_by
from core.people.teaching.lesson_record import last_lesson
from core.workspace import PEOPLE_FOLDER, Workspace


def known_of_person(register: Register, person: Person) -> dict[str, Any]:
    """Return it as JSON values; times are ISO 8601, UTC. Raises PeopleError if the class was deleted."""
    with register.transaction() as connection:
        created = connection.execute(select(people.c.created).where(people.c.id == person.id)).scalar()
        rows = connection.execute(
            select(visits.c.created, visits.c.seen, visits.c.allowed)
            .where(visits.c.person_id == person.id)
            .order_by(visits.c.created)
        ).all()
        signed_in = connection.execute(
            select(accounts.c.issuer, accounts.c.subject).where(accounts.c.person_id == person.id)
        ).all()
        things = connection.execute(
            select(shared.c.kind, shared.c.name, shared.c.note, shared.c.created).where(shared.c.person_id == person.id)
        ).all()
    return {
        "name": person.name,
        "class": register.classroom(person.class_id or 0).name,
        "added_to_the_class": _moment(created),
        "has_joined": person.joined,
        "last_seen": _moment(person.seen),
        "lesson_opened_last": last_lesson(Workspace(register.server / PEOPLE_FOLDER / person.folder)) or None,
        "browsers": [
            {"joined": _moment(row.created), "last_seen": _moment(row.seen), "let_in": bool(row.allowed)}
            for row in rows
        ],
        "accounts": [dict(row._mapping) for row in signed_in],
        "groups": [group.name for group in groups_of(register, person.id)],
        "shared_with_the_class": [{**row._mapping, "created": _moment(row.created)} for row in things],
        "tries_of_the_game": [
            {
                "model": one.model,
                "photo_shows": one.truth or "none of its classes",
                "answer": one.answer,
                "probability": one.probability,
                "outcome": one.outcome,
                "state": one.state,
                "photo": f"game/{one.id}.jpg" if one.photo.is_file() else None,
            }
            for one in attempts_by(register, person)
        ],
    }


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
