"""The door: from the token in a browser's cookie to the one workspace that its person may open.

Every page and every route comes through here. A workspace is a folder of its own with its own database, so that a
number or an address of somebody else's photo, run or project finds nothing in it.
"""

import os
from functools import lru_cache
from pathlib import Path

from core.data.store.database import ONE_DATABASE
from core.errors import NotHere, WorkspaceError
from core.people.class_rules import rules_of, save_quota
from core.people.mode import people_mode
from core.people.records import Person
from core.people.register import Register
from core.people.teaching.exam_lock import carry_to_new_workspace
from core.workspace import DATABASE_SETTING, PEOPLE_FOLDER, Workspace, open_workspace, workspace_folder

_limited: set[Path] = set()


@lru_cache(maxsize=4)
def register_of(server: Path) -> Register:
    """Return a server's register, opened once for all threads."""
    return Register(server)


def open_register() -> Register:
    """Return this server's register. Raises WorkspaceError."""
    return register_of(open_workspace(workspace_folder()).root)


def visitor(token: str) -> Person | None:
    """Return whose browser this is; None on a server for one person alone.

    Raises NotHere if nobody has joined in it, or the teacher has not let them in yet; WorkspaceError for a server of
    several people with a single database.
    """
    mode = people_mode()
    if mode == "alone":
        return None
    if os.environ.get(DATABASE_SETTING):
        raise WorkspaceError(ONE_DATABASE)
    try:
        return open_register().visitor(token)
    except NotHere as error:
        if mode == "accounts":
            raise NotHere("You are not signed in. Sign in with your account.") from error
        raise


def workspace_of(person: Person | None) -> Workspace:
    """Open the workspace of a person, or the server's own for None. Missing folders are created.

    A pupil's gets the limits of the class when this process opens it first: it may be new, or from a backup.
    """
    folder = folder_of(person)
    if person is None or person.teaches:
        return open_workspace(folder)
    if not folder.exists():
        register = open_register()
        carry_to_new_workspace(register, person, locked=rules_of(register, person.class_id).exam_locked)
    workspace = open_workspace(folder)
    if workspace.root not in _limited:
        save_quota(open_register(), person, workspace.root)
        _limited.add(workspace.root)
    return workspace


def folder_of(person: Person | None) -> Path:
    """Return the folder of somebody's workspace; it need not exist yet."""
    server = workspace_folder()
    return server if person is None or person.teaches else server / PEOPLE_FOLDER / person.folder
