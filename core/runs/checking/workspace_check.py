"""Check a whole workspace: its database, photos, thumbnails, caches and runs; repair what can be repaired."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from core.data.pictures.stored_files import hashes_in_runs
from core.data.store.checking.database_check import check_database
from core.data.store.checking.derived_files import check_caches, check_thumbnails
from core.data.store.checking.finding import Finding, counted, is_leftover, repairable
from core.data.store.checking.photo_check import check_photos, stored_files_of
from core.data.store.store import Store
from core.errors import DatabaseLost, WorkspaceError
from core.progress import CountCallback
from core.runs.checking.recover_photos import recover_photos
from core.runs.checking.run_check import check_runs
from core.workspace import Workspace

StepCallback = Callable[[str], CountCallback]
"""Returns the progress function of a step, such as "checking the photos"."""

_DATABASE = "The database"


@dataclass(frozen=True)
class CheckResult:
    """What a check found, and how much it looked at."""

    findings: tuple[Finding, ...]
    photos: int
    runs: int

    @property
    def open(self) -> tuple[Finding, ...]:
        """The problems that are still there."""
        return tuple(one for one in self.findings if not one.repaired)


def check_workspace(workspace: Workspace, repair: bool, step: StepCallback) -> CheckResult:
    """Check everything; without ``repair`` nothing is moved, deleted or added."""
    found = check_database(workspace, repair)
    readable = all(one.repaired for one in found)
    store, lost = _open(workspace, repair, found) if readable else (None, False)
    try:
        known = store.known_photos() if store and not lost else None
        photos, sound = check_photos(workspace, known, repair, step("checking the photos"))
        found += photos
        unknown = sound if lost else _unknown(workspace, sound, known) if known is not None else []
        if unknown:
            found.append(_recover(store if repair else None, unknown, step("adding photos to a project")))
        found += check_thumbnails(workspace, repair, step("checking the thumbnails"))
        found += check_caches(workspace, repair)
        of_runs, runs = check_runs(workspace, repair, step("checking the runs"))
        return CheckResult((*found, *of_runs), sum(1 for _ in stored_files_of(workspace)), runs)
    finally:
        if store:
            store.close()


def _open(workspace: Workspace, repair: bool, found: list[Finding]) -> tuple[Store | None, bool]:
    """Open the store, and return whether the database of the photos is lost; then the repair makes a new one."""
    try:
        return Store(workspace), False
    except DatabaseLost:
        would = "Restore it from a backup. Without one, the repair creates a new one with the photos that are left."
        problem = "is missing or empty, but there are stored photos"
        found.append(repairable("database", _DATABASE, problem, would, "A new one was created.", repair))
        return Store(workspace, start_anew=True) if repair else None, True
    except WorkspaceError as error:
        advice = "Photos and runs were checked without it."
        found.append(Finding("database", _DATABASE, f"cannot be opened ({str(error).rstrip('.')})", advice))
        return None, False


def _unknown(workspace: Workspace, sound: list[Path], known: Collection[str]) -> list[Path]:
    """Return the files that neither the database nor a run knows; an import that is running has only just made them."""
    in_use = {*known, *hashes_in_runs(workspace)}
    return [path for path in sound if path.stem not in in_use and is_leftover(path)]


def _recover(store: Store | None, files: list[Path], progress: CountCallback) -> Finding:
    subject, were = counted(len(files), "stored photo", "was")
    would = "The repair adds such photos to a project, with the names and labels that runs know."
    made = recover_photos(store, files, progress) if store else []
    projects = ", ".join(f'{count:,} to the project "{project.name}"' for project, count in made)
    did = f"Added {projects}."
    return repairable("photos", subject, f"{were} in no project", would, did, store is not None)
