"""Delete what a pupil has made, or the pupil altogether: a school must be able to."""

import contextlib
import os
import secrets
import shutil
from pathlib import Path

import psutil
from sqlalchemy import delete, update

from core.errors import PeopleError, RunError
from core.people.door import folder_of, forget_opened
from core.people.looking import end_look
from core.people.overview import close_store
from core.people.records import Person
from core.people.register import Register
from core.people.schema import classes, people, visits
from core.people.sharing.break_it import delete_attempts_by
from core.people.sharing.gallery import delete_orphans, delete_shared_by, delete_shared_with
from core.runs import jobs
from core.runs.folder import list_runs
from core.storage_errors import storage_error
from core.workspace import Workspace

_KILL_SECONDS = 10.0


def start_afresh(register: Register, person: Person) -> None:
    """Delete everything that a pupil has made; their name and card stay. Raises PeopleError for the teacher."""
    _only_pupils(person)
    folder = folder_of(person)
    with register.transaction() as connection:  # whoever has a page open is in the new workspace from now on
        connection.execute(update(people).where(people.c.id == person.id).values(folder=secrets.token_hex(8)))
    register.forget()
    end_look(person)
    _delete_shared(register, person)
    _delete_folder(folder)


def delete_person(register: Register, person: Person) -> None:
    """Delete a pupil with everything they have made. Raises PeopleError for the teacher."""
    _only_pupils(person)
    _delete_shared(register, person)  # while the register still knows what that was
    with register.transaction() as connection:
        connection.execute(delete(visits).where(visits.c.person_id == person.id))
        connection.execute(delete(people).where(people.c.id == person.id))
    register.forget()
    end_look(person)
    _delete_folder(folder_of(person))


def delete_class(register: Register, class_id: int) -> None:
    """Delete a class with all its pupils and everything they have made."""
    for person in register.everybody(class_id):
        delete_person(register, person)
    delete_shared_with(register, class_id)  # by the teacher
    with register.transaction() as connection:
        connection.execute(delete(classes).where(classes.c.id == class_id))


def delete_leftovers(register: Register) -> None:
    """Delete what belongs to nobody because deleting or sharing was broken off; for the start of the server."""
    delete_orphans(register)
    for folder in (register.server / "people").glob(".deleted-*"):
        shutil.rmtree(folder, ignore_errors=True)


def _delete_shared(register: Register, person: Person) -> None:
    delete_attempts_by(register, person)
    delete_shared_by(register, person)


def _only_pupils(person: Person) -> None:
    if person.teaches:
        raise PeopleError("The teacher's workspace is that of the server. Delete its projects on the home page.")


def _end_processes(folder: Path) -> None:
    """Kill the background processes of a workspace: they would make its folder anew, and go on with its photos."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and process.environ().get("RESNET_STUDIO_HOME") == str(folder):
                process.kill()
                process.wait(_KILL_SECONDS)


def _delete_folder(folder: Path) -> None:
    if not folder.exists():
        return
    for run in list_runs(Workspace(folder)):
        if run.status().live:
            with contextlib.suppress(RunError):  # it ends by itself once its folder is gone
                jobs.delete(run)
    _end_processes(folder)
    close_store(folder)
    gone = folder.with_name(f".deleted-{secrets.token_hex(4)}")
    try:
        folder.rename(gone)
        forget_opened()
        shutil.rmtree(gone)
    except FileNotFoundError:
        return
    except OSError as error:
        raise storage_error(error, "some files could not be deleted") or PeopleError(
            f"Some files could not be deleted ({error.strerror}). The server tries again at its next start."
        ) from error
