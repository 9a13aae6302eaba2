"""The door: from the token in a browser's cookie to the one workspace that its person may open.

Every page and every route comes through here. A workspace is a folder of its own with its own database, so that a
number or an address of somebody else's photo, run or project finds nothing in it.
"""

from functools import lru_cache
from pathlib import Path

from core.people.class_rules import rules_of
from core.people.mode import people_mode
from core.people.records import Person
from core.people.register import Register
from core.people.teaching.exam_lock import carry_to_new_workspace
from core.workspace import PEOPLE_FOLDER, Workspace, open_workspace, workspace_folder


@lru_cache(maxsize=4)
def register_of(server: Path) -> Register:
    """Return a server's register, opened once for all threads."""
    return Register(server)


def open_register() -> Register:
    """Return this server's register. Raises WorkspaceError."""
    return register_of(open_workspace(workspace_folder()).root)


def visitor(token: str) -> Person | None:
    """Return whose browser this is; None on a server for one person alone.

    Raises NotHere if nobody has joined in it, or the teacher has not let them in yet.
    """
    if people_mode() == "alone":
        return None
    return open_register().visitor(token)


def workspace_of(person: Person | None) -> Workspace:
    """Open the workspace of a person, or the server's own for None. Missing folders are created."""
    folder = folder_of(person)
    if person is not None and not person.teaches and not folder.exists():
        register = open_register()
        carry_to_new_workspace(register, person, locked=rules_of(register, person.class_id).exam_locked)
    return open_workspace(folder)


def folder_of(person: Person | None) -> Path:
    """Return the folder of somebody's workspace; it need not exist yet."""
    server = workspace_folder()
    return server if person is None or person.teaches else server / PEOPLE_FOLDER / person.folder
