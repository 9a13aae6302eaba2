"""A sweep from the command line: one folder that holds its run folders, and sweep.json with its id.

OUT/sweep.json
OUT/seed-0/  OUT/seed-1/              with --seeds
OUT/recipe-01/  OUT/recipe-02/        with --grid
OUT/recipe-01-seed-0/ ...             with both
"""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import RunError
from core.runs.folder import RunFolder
from core.runs.new_run import create_run, require_empty
from core.runs.run_files import MB, read_limited, replace_file
from core.runs.sweeps.plan import PlannedRun, new_sweep_id
from core.runs.sweeps.results import SweepResult, sweep_of, workspace_sweep
from core.storage_errors import storage_error
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.data.snapshot import Snapshot

SWEEP_FILE = "sweep.json"
_VERSION = 1


def create_sweep(out: Path, snapshot: "Snapshot", planned: Sequence[PlannedRun], title: str) -> Path:
    """Create the folder of a sweep with all its runs, and return it.

    Raises RunError if the folder is not empty or cannot be written, StorageError if the disk is full.
    """
    folder = out.absolute()
    require_empty(folder, "the sweep")
    sweep_id = new_sweep_id()
    try:
        for one in planned:
            own = one.title(title)
            create_run(folder / one.folder, snapshot, one.recipe, title=own, sweep=sweep_id, sweep_title=title)
        replace_file(folder / SWEEP_FILE, json.dumps({"version": _VERSION, "id": sweep_id}, indent=2))
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        known = storage_error(error, f"the sweep {folder} could not be created") if isinstance(error, OSError) else None
        if known:
            raise known from error
        raise
    return folder


def is_sweep(path: Path) -> bool:
    """Return whether this is the folder of a sweep."""
    return (path / SWEEP_FILE).is_file()


def runs_of(folder: Path) -> list[RunFolder]:
    """Return the runs in a sweep's folder, in the order of the plan; those that were deleted are left out."""
    runs = [RunFolder(path.parent) for path in folder.absolute().glob("[!.]*/status.json")]
    return sorted(runs, key=lambda run: (run.status().created, run.id))


def open_sweep(reference: str, workspace: Workspace) -> SweepResult:
    """Return the sweep with this id in the workspace, or in the folder at this path. Raises RunError."""
    path = Path(reference).expanduser()
    if not is_sweep(path):
        if path.is_dir():
            raise RunError(f"{path} is a folder, but not a sweep: it has no {SWEEP_FILE}. Give the folder of a sweep.")
        return workspace_sweep(reference, workspace)
    try:
        found: Any = json.loads(read_limited(path / SWEEP_FILE, MB))
        version, sweep_id = int(found["version"]), str(found["id"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{path / SWEEP_FILE} cannot be read, so this sweep cannot be used.") from error
    if version > _VERSION:
        raise RunError(f"{path / SWEEP_FILE} is from a newer version of ResNet Studio. Update, then open it again.")
    return sweep_of(sweep_id, runs_of(path))
