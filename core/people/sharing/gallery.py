"""The gallery of a class: find what others have shared, take a copy, take back what is one's own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import delete, select

from core.data.project_copy import copy_project
from core.data.store.store import Store
from core.errors import PeopleError
from core.people.class_rules import rules_of
from core.people.groups import groups_of
from core.people.records import Person
from core.people.register import Register
from core.people.schema import shared
from core.people.sharing.records import Shared
from core.people.sharing.shared_rows import as_shared, chosen
from core.workspace import SHARED_FOLDER, Workspace


def gallery(register: Register, viewer: Person, class_id: int) -> list[Shared]:
    """Return what is shared in a class, the newest first. Raises PeopleError for another class, or if it is off."""
    _check_viewer(register, viewer, class_id)
    with register.transaction() as connection:
        return [as_shared(row) for row in connection.execute(chosen(shared.c.class_id == class_id))]


def shared_item(register: Register, viewer: Person, shared_id: int) -> Shared:
    """Return something that is shared with the viewer's class. Raises PeopleError for everything else."""
    with register.transaction() as connection:
        row = connection.execute(chosen(shared.c.id == shared_id)).first()
    if row is None or not (viewer.teaches or row.class_id == viewer.class_id):
        raise PeopleError("This is no longer shared.")
    _check_viewer(register, viewer, row.class_id)
    return as_shared(row)


def place_of(register: Register, item: Shared) -> Path:
    """Return the folder of a shared model, or of the workspace that a shared project lies in."""
    return register.server / SHARED_FOLDER / item.folder


def is_own(register: Register, person: Person, item: Shared) -> bool:
    """Return whether somebody, or a group that they are in, has shared this."""
    return item.owner_id in {person.id, *(group.id for group in groups_of(register, person.id))}


def unshare(register: Register, viewer: Person, shared_id: int) -> None:
    """Take back what the viewer or a group of theirs has shared; the teacher may take back everything.

    Raises PeopleError for what somebody else has shared. It works while sharing is switched off, too.
    """
    with register.transaction() as connection:
        row = connection.execute(chosen(shared.c.id == shared_id)).first()
    if row is None:
        return
    item = as_shared(row)
    if not viewer.teaches and not is_own(register, viewer, item):
        raise PeopleError(f"{item.owner} has shared this. Only they and your teacher can take it back.")
    _delete(register, item)


def may_copy(register: Register, viewer: Person, item: Shared) -> bool:
    """Return whether somebody may take a copy, or only look."""
    return item.copies or viewer.teaches or is_own(register, viewer, item)


def copy_shared_project(register: Register, viewer: Person, shared_id: int, target: Store) -> Iterator[float]:
    """Copy a shared project into a workspace of the viewer's and yield the share that is done, 0 to 1.

    Raises PeopleError if it is not for copying, and DataError if there is a project of this name already.
    """
    item = shared_item(register, viewer, shared_id)
    if not may_copy(register, viewer, item):
        raise PeopleError(f"{item.owner} has shared {item.name} to look at, not to copy.")
    if item.kind != "project":
        raise PeopleError(f"{item.name} is a model. Try it on a photo, or download it.")
    source = Store(Workspace(place_of(register, item)))
    try:
        yield from copy_project(source, source.projects()[0].id, target)
    finally:
        source.close()


def delete_shared_by(register: Register, person: Person) -> None:
    """Delete what somebody has shared; for when all their work is deleted."""
    with register.transaction() as connection:
        rows = connection.execute(chosen(shared.c.person_id == person.id)).all()
    for row in rows:
        _delete(register, as_shared(row))


def delete_shared_with(register: Register, class_id: int) -> None:
    """Delete all that is shared with a class."""
    with register.transaction() as connection:
        rows = connection.execute(chosen(shared.c.class_id == class_id)).all()
    for row in rows:
        _delete(register, as_shared(row))


def delete_orphans(register: Register) -> None:
    """Delete what nobody shares: sharing or deleting was broken off. For the start of the server."""
    with register.transaction() as connection:
        known = set(connection.execute(select(shared.c.folder)).scalars())
    for folder in (register.server / SHARED_FOLDER).glob("*"):
        if folder.name not in known:
            shutil.rmtree(folder, ignore_errors=True)


def _delete(register: Register, item: Shared) -> None:
    with register.transaction() as connection:
        connection.execute(delete(shared).where(shared.c.id == item.id))
    shutil.rmtree(place_of(register, item), ignore_errors=True)


def _check_viewer(register: Register, viewer: Person, class_id: int) -> None:
    if viewer.teaches:
        return
    if viewer.class_id != class_id:
        raise PeopleError("This is another class.")
    if not rules_of(register, class_id).sharing:
        raise PeopleError("Your teacher has switched sharing off.")
