"""What a teacher sees of each pupil: photos, labels, runs, the best validation figure, disk."""

import time
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock

from core.data.store.records import ImageFilter
from core.data.store.store import Store
from core.people.door import folder_of
from core.people.records import Person
from core.people.teaching.lesson_record import last_lesson
from core.quota import bytes_below
from core.runs.folder import list_runs
from core.runs.table import row_of
from core.workspace import Workspace

_MOST_OPEN = 64
_SIZE_SECONDS = 60
_stores: "OrderedDict[Path, Store]" = OrderedDict()
_lock = Lock()


@dataclass(frozen=True)
class Overview:
    """What somebody has made so far."""

    person: Person
    projects: int = 0
    photos: int = 0
    labelled: int = 0
    """Photos with a class; in a localization project, with a box."""
    runs: int = 0
    training: bool = False
    waiting: int = 0
    """Runs in the queue."""
    best: float | None = None
    """The best validation figure of a classification run, 0 to 1; of others the best mean IoU."""
    best_project: str = ""
    megabytes: float = 0.0
    """On disk, without what can be computed again."""
    lesson: str = ""
    """The lesson that they opened last, a key of ``core.lessons.titles.LESSONS``."""


def overview(person: Person) -> Overview:
    """Return what somebody has made; nothing is created. Raises WorkspaceError if their database cannot be read."""
    workspace = Workspace(folder_of(person))
    lesson = last_lesson(workspace)
    if not (workspace.root / "studio.db").exists():
        return Overview(person, lesson=lesson)
    with _lock:
        store = _open(workspace)
        photos = labelled = 0
        projects = store.projects()
        for project in projects:
            boxed = project.task == "localization"
            without = ImageFilter(boxless=True) if boxed else ImageFilter(unlabelled=True)
            count = store.count(project.id)
            photos, labelled = photos + count, labelled + count - store.count(project.id, without)
    rows = [row_of(run) for run in list_runs(workspace)]
    scored = [row for row in rows if row.value is not None]
    best = max(scored, key=lambda row: row.value or 0.0, default=None)
    return Overview(
        person,
        projects=len(projects),
        photos=photos,
        labelled=labelled,
        runs=len(rows),
        training=any(row.state in ("preparing", "running") for row in rows),
        waiting=sum(row.state == "queued" for row in rows),
        best=best.value if best else None,
        best_project=(best.project or "") if best else "",
        megabytes=_bytes_below(workspace.root, int(time.time() / _SIZE_SECONDS)) / 1e6,
        lesson=lesson,
    )


def close_store(folder: Path) -> None:
    """Close the database of a workspace that is about to be deleted."""
    with _lock:
        if (store := _stores.pop(folder, None)) is not None:
            store.close()


def _open(workspace: Workspace) -> Store:
    if (store := _stores.pop(workspace.root, None)) is None:
        store = Store(workspace)
    _stores[workspace.root] = store
    while len(_stores) > _MOST_OPEN:
        _stores.popitem(last=False)[1].close()
    return store


@lru_cache(maxsize=1024)
def _bytes_below(root: Path, moment: int) -> int:
    """Return the size of photos and runs; looked up again only at another ``moment``, since it reads every file."""
    return bytes_below(root / "images", root / "runs")
