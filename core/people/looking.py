"""Look at somebody's work in a copy of it, so that looking can change nothing."""

import contextlib
import os
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from core.backup.database_copies import copy_database
from core.data.project_copy import link_or_copy
from core.errors import DataError, PeopleError
from core.people.door import folder_of
from core.people.records import Person
from core.storage_errors import storage_error
from core.workspace import LOOKS_FOLDER, Workspace, workspace_folder

_NEVER_CHANGED = (".safetensors", ".npy", ".onnx", ".jpg", ".jpeg", ".png")
"""Files that are replaced, never written to: a second name for them is as good as a copy."""


@dataclass(frozen=True)
class Look:
    """A copy of somebody's workspace."""

    person: Person
    folder: str
    """Its name below looks/; another for each copy, since a database that is open must not be replaced."""
    taken: float
    """When, in seconds since 1970."""


def take_look(person: Person) -> Look:
    """Copy somebody's workspace as it is now; an earlier copy is deleted.

    Photos and weights are linked, so that it takes a second and hardly any room. Raises PeopleError if they have made
    nothing yet, and StorageError.
    """
    source = folder_of(person)
    if not (source / "studio.db").exists():
        raise PeopleError(f"{person.name} has made nothing yet.")
    end_look(person)
    look = Look(person, f"{person.folder}-{secrets.token_hex(4)}", time.time())
    folder = _looks() / look.folder
    part = folder.with_name(f".{folder.name}.part")
    try:
        for name in ("images", "thumbnails", "runs"):
            _copy_folder(source / name, part / name)
        (part / "cache").mkdir()
        copy_database(source / "studio.db", part / "studio.db")
        part.rename(folder)
    except OSError as error:
        raise storage_error(error, "the copy could not be made") or PeopleError(
            f"The copy could not be made ({error.strerror})."
        ) from error
    return look


def look_workspace(look: Look) -> Workspace:
    """Return the copy's workspace. Raises PeopleError if it was deleted, or replaced by a newer one."""
    folder = _looks() / look.folder
    if not folder.is_dir():
        raise PeopleError("This copy is gone. Look again from the page Class.")
    return Workspace(folder)


def end_look(person: Person) -> None:
    """Delete the copies of somebody's work, if there are any."""
    for name in (f"{person.folder}-*", f".{person.folder}-*"):
        for folder in _looks().glob(name):
            shutil.rmtree(folder, ignore_errors=True)


def _looks() -> Path:
    return workspace_folder() / LOOKS_FOLDER


def _copy_folder(source: Path, target: Path) -> None:
    target.mkdir(parents=True)
    for at, folders, names in os.walk(source):
        folders[:] = [name for name in folders if not name.startswith(".")]  # locks, and what is half done
        for name in names:
            if name.endswith((".lock", ".part")):
                continue
            old, new = Path(at) / name, target / Path(at).relative_to(source) / name
            with contextlib.suppress(FileNotFoundError, DataError):  # replaced or deleted meanwhile
                if old.suffix.lower() in _NEVER_CHANGED:
                    link_or_copy(old, new)
                else:
                    new.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(old, new)
