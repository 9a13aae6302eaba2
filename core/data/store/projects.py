"""Projects: listing, creating, renaming, deleting."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, exists, select, update

from core.data.pictures.stored_files import delete_files, hashes_in_runs
from core.data.store.annotations import first_classes
from core.data.store.database import inserted
from core.data.store.history.changes import CHUNK, forget, now
from core.data.store.records import TASKS, Project
from core.data.store.schema import aliases, classes, images, pictures, projects
from core.data.tables.names import name_key, tidy_name
from core.errors import DataError
from core.workspace import Workspace

# Statements of what pages read at every step are made once: making one costs as much as running it.
_THIS = projects.c.id == bindparam("project")
_PROJECT = select(projects).where(_THIS)
_PROJECT_LOCKED = _PROJECT.with_for_update()
_REVISION = select(projects.c.revision).where(_THIS)
_NEXT_REVISION = update(projects).where(_THIS).values(revision=projects.c.revision + 1)


def projects_in(conn: Connection) -> list[Project]:
    """Return all projects, the oldest first."""
    return [_project(row) for row in conn.execute(select(projects).order_by(projects.c.id))]


def project_of(conn: Connection, project_id: int, lock: bool = False) -> Project:
    """Return one project; ``lock`` makes other writers wait. Raises DataError if it does not exist."""
    # On SQLite the transaction has the whole database already, and locking adds nothing.
    row = conn.execute(_PROJECT_LOCKED if lock else _PROJECT, {"project": project_id}).first()
    if row is None:
        raise DataError("This project no longer exists. Go to the home page and choose another one.")
    return _project(row)


def find_project(conn: Connection, name: str) -> Project | None:
    """Return the project with that name, in any case, or None."""
    # Not by the column name_key: an older version may have stored other keys.
    key = name_key(name)
    return next((one for one in projects_in(conn) if name_key(one.name) == key), None)


def create_project(conn: Connection, name: str, task: str, class_names: Sequence[str]) -> Project:
    """Create a project. Raises DataError for a taken or empty name or an unknown task."""
    tidy = _free(conn, name)
    if task not in TASKS:
        raise DataError(f'There is no task "{task}". Use {" or ".join(TASKS)}.')
    row = {"name": tidy, "name_key": name_key(tidy), "task": task, "created": now()}
    number = inserted(conn, projects, row)
    first_classes(conn, number, class_names)
    return project_of(conn, number)


def revision_of(conn: Connection, project_id: int) -> int:
    """Return a number that grows with every write to the project, the cheapest sign of a change; 0 if it is gone."""
    return conn.execute(_REVISION, {"project": project_id}).scalar() or 0


def note_write(conn: Connection, project_id: int) -> None:
    """Count one more writing transaction."""
    conn.execute(_NEXT_REVISION, {"project": project_id})


def rename_project(conn: Connection, project_id: int, name: str) -> None:
    """Rename a project. Raises DataError for a taken or empty name."""
    tidy = _free(conn, name, except_id=project_id)
    conn.execute(update(projects).where(projects.c.id == project_id).values(name=tidy, name_key=name_key(tidy)))


def delete_project(conn: Connection, project_id: int, workspace: Workspace) -> None:
    """Delete a project and its pictures' files, except those that other projects or runs use.

    Files are deleted first, while this transaction keeps other writers out: a process that dies here leaves rows
    without files in a project that is being deleted, and deleting it again completes the work.
    """
    unlabelled = update(images).where(images.c.project_id == project_id).values(class_id=None)
    mine = list(conn.execute(select(images.c.hash).where(images.c.project_id == project_id)).scalars())
    forget(conn, project_id)
    conn.execute(unlabelled)
    for table in (aliases, images, classes):
        conn.execute(delete(table).where(table.c.project_id == project_id))
    conn.execute(delete(projects).where(projects.c.id == project_id))
    in_runs = hashes_in_runs(workspace)
    candidates = [content_hash for content_hash in mine if content_hash not in in_runs]
    for start in range(0, len(candidates), CHUNK):
        unused = pictures.c.hash.in_(candidates[start : start + CHUNK]) & ~exists().where(
            images.c.hash == pictures.c.hash
        )
        for row in conn.execute(select(pictures.c.hash, pictures.c.suffix).where(unused).with_for_update()):
            delete_files(workspace, row.hash, row.suffix)
        conn.execute(delete(pictures).where(unused))


def _free(conn: Connection, name: str, except_id: int | None = None) -> str:
    tidy = tidy_name(name, "project")
    other = find_project(conn, tidy)
    if other is not None and other.id != except_id:
        raise DataError(f'There is already a project "{other.name}". Open it, or choose another name.')
    return tidy


def _project(row: Row[*tuple[Any, ...]]) -> Project:
    return Project(row.id, row.name, row.task, row.created)
