"""Tries to fool a shared model, as records, and the small photos that did."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Row, Select, select

from core.errors import PeopleError
from core.people.class_rules import rules_of
from core.people.records import Person
from core.people.register import Register
from core.people.schema import attempts, people, shared
from core.workspace import SHARED_FOLDER

Outcome = Literal["fooled", "right", "unsure", "not certain", "again"]
State = Literal["counts", "doubted", "rejected"]
_FOLDER = "fooled"


@dataclass(frozen=True)
class Attempt:
    """One try to fool a model."""

    id: int
    shared_id: int
    model: str
    owner: str
    player: str
    team: str
    """The group that the player played for, or the player."""
    truth: str
    answer: str
    probability: float
    outcome: Outcome
    state: State
    photo: Path
    """A small JPEG; only of a photo that has fooled the model."""

    @property
    def counts(self) -> bool:
        """Whether it has fooled the model, and nobody has found that it does not show what it should."""
        return self.outcome == "fooled" and self.state != "rejected"


def check_game(register: Register, viewer: Person, class_id: int) -> None:
    """Raise PeopleError for a pupil of another class, and for all pupils if the game is switched off."""
    if viewer.teaches:
        return
    if viewer.class_id != class_id:
        raise PeopleError("This is another class.")
    if not rules_of(register, class_id).game:
        raise PeopleError("Your teacher has switched the game off.")


def attempts_of_class(register: Register, viewer: Person, class_id: int) -> list[Attempt]:
    """Return all tries of a class, the newest first. Raises PeopleError for another class, or if the game is off."""
    check_game(register, viewer, class_id)
    with register.transaction() as connection:
        return [as_attempt(register, row) for row in connection.execute(chosen(shared.c.class_id == class_id))]


def attempts_by(register: Register, person: Person) -> list[Attempt]:
    """Return all tries of one pupil, the newest first."""
    with register.transaction() as connection:
        return [as_attempt(register, row) for row in connection.execute(chosen(attempts.c.person_id == person.id))]


def chosen(where: ColumnElement[bool]) -> Select[Any]:
    """Return the query of tries, the newest first, with the names of models, owners, players and teams."""
    owner, player, team = people.alias(), people.alias(), people.alias()
    return (
        select(
            attempts,
            shared.c.name.label("model"),
            shared.c.folder,
            shared.c.class_id,
            owner.c.name.label("owner"),
            player.c.name.label("player"),
            team.c.name.label("team"),
        )
        .join(shared, shared.c.id == attempts.c.shared_id)
        .join(owner, owner.c.id == shared.c.person_id)
        .join(player, player.c.id == attempts.c.person_id)
        .join(team, team.c.id == attempts.c.team_id, isouter=True)
        .where(where)
        .order_by(attempts.c.id.desc())
    )


def as_attempt(register: Register, row: Row[Any]) -> Attempt:
    """Return a row of this query as a record."""
    assert row.outcome in get_args(Outcome) and row.state in get_args(State)
    return Attempt(
        id=row.id,
        shared_id=row.shared_id,
        model=row.model,
        owner=row.owner,
        player=row.player,
        team=row.team or row.player,
        truth=row.truth,
        answer=row.answer,
        probability=row.probability,
        outcome=row.outcome,
        state=row.state,
        photo=register.server / SHARED_FOLDER / row.folder / _FOLDER / f"{row.id}.jpg",
    )
