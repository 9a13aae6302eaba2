"""The door: from the token in a browser's cookie to the one workspace that its person may open.

Every page and every route comes through here. A workspace is a folder of its own with its own database, so that a
number or an address of somebody else's photo, run or project finds nothing in it.
"""

import os
import time
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

_limited: set[tuple[Path, str]] = set()


@lru_cache(maxsize=4)
def register_of(server: Path) -> Register:
    """Return a server's register, opened once for all threads."""
    return Register(server)


_MOST_OPENED = 1_000
_SURE_SECONDS = 10.0
_opened: dict[tuple[Path, str], tuple[float, Workspace]] = {}
"""When a workspace was opened last, by the server's folder and the person's below it."""


def open_register() -> Register:
    """Return this server's register. Raises WorkspaceError."""
    return register_of(_opened_at(_server()).root)


def _server() -> Path:
    return _folder_named(os.environ.get("RESNET_STUDIO_HOME"))


@lru_cache(maxsize=4)
def _folder_named(named: str | None) -> Path:
    """Return the server's folder; its links are followed once, because a page asks a hundred times a run."""
    return workspace_folder()


def _opened_at(server: Path, folder: str = "") -> Workspace:
    """Open a workspace, from memory for some seconds.

    Each look at the disk lets other threads run, and while thirty pages work, it takes milliseconds to come back.
    """
    now = time.monotonic()
    moment, workspace = _opened.get((server, folder), (0.0, None))
    if workspace is None or now - moment > _SURE_SECONDS:
        workspace = open_workspace(server / PEOPLE_FOLDER / folder if folder else server)
        if len(_opened) >= _MOST_OPENED:
            _opened.clear()
        _opened[server, folder] = now, workspace
    return workspace


def forget_opened() -> None:
    """Look at the disk again: folders were deleted."""
    _opened.clear()


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

    A pupil's gets the limits of the class, and the lock of its exam, when this process opens it first: it may be new,
    or from a backup.
    """
    server = _server()
    if person is None or person.teaches:
        return _opened_at(server)
    first = (server, person.folder) not in _limited
    if first and not folder_of(person).exists():
        register = open_register()
        carry_to_new_workspace(register, person, locked=rules_of(register, person.class_id).exam_locked)
    workspace = _opened_at(server, person.folder)
    if first:
        save_quota(open_register(), person, workspace.root)
        _limited.add((server, person.folder))
    return workspace


def folder_of(person: Person | None) -> Path:
    """Return the folder of somebody's workspace; it need not exist yet."""
    server = _server()
    return server if person is None or person.teaches else server / PEOPLE_FOLDER / person.folder
