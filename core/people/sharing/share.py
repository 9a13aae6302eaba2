"""Share a copy of a model or project with a class.

The copy lies below ``shared/`` of the server, as it is at that moment. Nobody reaches the workspace of whoever has
shared it, and what they do later is theirs alone.
"""

import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import func, insert, select

from core.data.project_copy import copy_project, link_or_copy
from core.data.store.records import ImageFilter
from core.data.store.store import Store
from core.errors import PeopleError
from core.models.bundle import complete_folder, read_info
from core.people.class_rules import rules_of
from core.people.records import Person
from core.people.register import Register
from core.people.schema import shared
from core.people.sharing.records import About, Kind, Shared
from core.people.sharing.shared_rows import as_shared, chosen
from core.runs.folder import RunFolder
from core.runs.table import row_of
from core.storage_errors import storage_error
from core.workspace import SHARED_FOLDER, open_workspace

MOST_SHARED = 20
"""By one pupil or group."""
LONGEST_NOTE, _LONGEST_NAME = 200, 80


def share_model(
    register: Register, owner: Person, class_id: int, run: RunFolder, *, note: str = "", copies: bool = True
) -> Shared:
    """Share the best model of a run that has ended; no photo goes with it.

    ``owner`` is a pupil or group of the class, or the teacher. Raises PeopleError, BundleError for a damaged model,
    and StorageError.
    """
    row = row_of(run)
    if run.status().live or not run.finished:
        raise PeopleError(f"{row.title} has no final model yet. Wait until the training ends.")
    bundle = complete_folder(run.best)
    about = About(
        task="localization" if row.figure == "mean_iou" else "classification",
        classes=tuple(read_info(bundle).classes),
        photos=int((run.snapshot().frame["split"] == "train").sum()),
        recipe=row.recipe,
        figure=row.figure,
        value=row.value,
        n=row.n,
        low=row.low,
        high=row.high,
    )
    with _new_folder(register, owner, class_id) as folder:
        for file in sorted(bundle.iterdir()):
            if not file.is_file() or file.name.startswith("."):
                continue
            if file.suffix == ".safetensors":  # replaced, never written to: a second name is as good as a copy
                link_or_copy(file, folder / file.name)
            else:
                shutil.copyfile(file, folder / file.name)
        return _entered(register, owner, class_id, "model", row.title, note, folder.name, copies, about)


def share_project(
    register: Register,
    owner: Person,
    class_id: int,
    source: Store,
    project_id: int,
    *,
    note: str = "",
    copies: bool = True,
) -> Shared:
    """Share a project with its photos, labels and splits; the photos are linked where the disk allows it.

    Raises PeopleError, DataError for lost photos, and StorageError.
    """
    project = source.project(project_id)
    count = source.count(project_id)
    if not count:
        raise PeopleError(f"{project.name} has no photos yet. Add some first.")
    bare = ImageFilter(boxless=True) if project.task == "localization" else ImageFilter(unlabelled=True)
    about = About(
        task="localization" if project.task == "localization" else "classification",
        classes=tuple(one.name for one in source.classes(project_id)),
        photos=count,
        labelled=count - source.count(project_id, bare),
    )
    with _new_folder(register, owner, class_id) as folder:
        target = Store(open_workspace(folder))
        try:
            for _ in copy_project(source, project_id, target):
                continue
        finally:
            target.close()
        return _entered(register, owner, class_id, "project", project.name, note, folder.name, copies, about)


def check_sharing(register: Register, owner: Person, class_id: int) -> None:
    """Raise PeopleError where somebody may not share anything more with this class."""
    if not owner.teaches and owner.class_id != class_id:
        raise PeopleError("You can share with your own class only.")
    if not owner.teaches and not rules_of(register, class_id).sharing:
        raise PeopleError("Your teacher has switched sharing off.")
    with register.transaction() as connection:
        asked = select(func.count()).select_from(shared).where(shared.c.person_id == owner.id)
        count = connection.execute(asked).scalar_one()
    if count >= MOST_SHARED:
        raise PeopleError(f"You share {count} projects and models, which is the most. Take one back first.")


@contextmanager
def _new_folder(register: Register, owner: Person, class_id: int) -> Iterator[Path]:
    """Create a folder below shared/, deleted again if what happens inside fails."""
    check_sharing(register, owner, class_id)
    folder = register.server / SHARED_FOLDER / secrets.token_hex(8)
    try:
        folder.mkdir(parents=True)
        yield folder
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError):
            raise storage_error(error, "nothing was shared") or PeopleError(
                f"Nothing was shared ({error.strerror})."
            ) from error
        raise


def _entered(
    register: Register,
    owner: Person,
    class_id: int,
    kind: Kind,
    name: str,
    note: str,
    folder: str,
    copies: bool,
    about: About,
) -> Shared:
    values = {
        "class_id": class_id,
        "person_id": owner.id,
        "kind": kind,
        "name": name[:_LONGEST_NAME],
        "note": " ".join(note.split())[:LONGEST_NOTE],
        "folder": folder,
        "copies": copies,
        "about": about.model_dump_json(),
        "created": time.time(),
    }
    with register.transaction() as connection:
        connection.execute(insert(shared).values(**values))
        return as_shared(connection.execute(chosen(shared.c.folder == folder)).one())
