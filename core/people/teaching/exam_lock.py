"""Carry the lock of a class's exam into the workspaces of its pupils, where ``core.runs`` reads it."""

from collections.abc import Callable

from filelock import FileLock

from core.errors import PeopleError
from core.people.records import Person
from core.people.register import Register
from core.runs.exams.locked import write_lock
from core.storage_errors import storage_error
from core.workspace import PEOPLE_FOLDER

_HELD = ".exam-lock.lock"


def carry_to_class(register: Register, class_id: int, locked: Callable[[], bool]) -> None:
    """Write into all workspaces of a class whether its exam is locked.

    ``locked`` reads the rule, and is called while no other process writes: of two teachers who press at the same
    moment, the later one counts everywhere. Raises PeopleError and StorageError.
    """
    with FileLock(register.server / _HELD):
        now = locked()
        for person in register.everybody(class_id):
            _write(register, person, locked=now, replace=True)


def carry_to_new_workspace(register: Register, person: Person, *, locked: bool) -> None:
    """Write it into a workspace that is made now, unless the rule was changed and carried meanwhile."""
    if locked:
        _write(register, person, locked=True, replace=False)


def _write(register: Register, person: Person, *, locked: bool, replace: bool) -> None:
    try:
        write_lock(register.server / PEOPLE_FOLDER / person.folder, locked=locked, replace=replace)
    except OSError as error:
        so = f"the exam of {person.name} could not be {'locked' if locked else 'unlocked'}"
        raise storage_error(error, so) or PeopleError(
            f"{so[0].upper()}{so[1:]} ({error.strerror}). Switch it off and on again."
        ) from error
