"""What a teacher allows in a class: sharing, the game, the exam, how much each pupil may use."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import delete, insert, select

from core.errors import PeopleError
from core.people.records import Person
from core.people.register import Register
from core.people.schema import class_rules
from core.people.teaching.exam_lock import carry_to_class
from core.quota import Quota, write_quota
from core.storage_errors import storage_error
from core.workspace import PEOPLE_FOLDER


class ClassRules(BaseModel):
    """The rules of one class; a limit of None means that there is none."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    sharing: bool = True
    """Whether pupils may share projects and models with the class."""
    game: bool = True
    """Whether pupils may try to fool each other's models."""
    exam_locked: bool = False
    """Whether the test photos stay closed to pupils; ``core.runs.exams.locked`` enforces it."""
    most_photos: int | None = Field(default=None, ge=1)
    """Of one pupil, in all projects."""
    most_megabytes: int | None = Field(default=None, ge=1)
    """On disk, of one pupil."""
    most_runs: int | None = Field(default=None, ge=1)
    """Trainings of one pupil that run or wait at the same time."""
    most_minutes: int | None = Field(default=None, ge=1)
    """Of one training."""


def rules_of(register: Register, class_id: int | None) -> ClassRules:
    """Return the rules of a class; those of a new one for None, and for a class whose rules nobody has changed."""
    with register.transaction() as connection:
        kept = connection.execute(select(class_rules.c.rules).where(class_rules.c.class_id == class_id)).scalar()
    return ClassRules() if kept is None else ClassRules.model_validate_json(kept)


def change_rules(register: Register, class_id: int, **changes: Any) -> ClassRules:
    """Change some rules of a class and return all; its pupils and groups have the new limits at once.

    A lock of the exam is carried into their workspaces. Raises pydantic.ValidationError for a limit below 1,
    StorageError, and PeopleError where something cannot be saved.
    """
    rules = ClassRules.model_validate(rules_of(register, class_id).model_dump() | changes)
    with register.transaction() as connection:
        connection.execute(delete(class_rules).where(class_rules.c.class_id == class_id))
        connection.execute(insert(class_rules).values(class_id=class_id, rules=rules.model_dump_json()))
    for person in register.everybody(class_id):
        folder = register.server / PEOPLE_FOLDER / person.folder
        if folder.is_dir():  # the others get theirs with the folder, from core.people.door
            save_quota(register, person, folder)
    if "exam_locked" in changes:
        carry_to_class(register, class_id, lambda: rules_of(register, class_id).exam_locked)
    return rules


def quota_for(register: Register, person: Person) -> Quota:
    """Return the limits of a pupil or group; there are none for the teacher."""
    if person.teaches or person.class_id is None:
        return Quota()
    rules = rules_of(register, person.class_id)
    return Quota(
        whose=f"a {person.role} of {register.classroom(person.class_id).name}",
        photos=rules.most_photos,
        megabytes=rules.most_megabytes,
        runs=rules.most_runs,
        minutes=rules.most_minutes,
    )


def save_quota(register: Register, person: Person, folder: Path) -> None:
    """Write the limits of a pupil into their workspace. Raises StorageError and PeopleError."""
    try:
        write_quota(folder, quota_for(register, person))
    except OSError as error:
        raise storage_error(error, "the limits could not be saved") or PeopleError(
            f"The limits of {person.name} could not be saved ({error.strerror})."
        ) from error
