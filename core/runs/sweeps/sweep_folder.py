"""A sweep from the command line: one folder that holds its run folders and sweep.json, the plan.

OUT/sweep.json
OUT/seed-0/  OUT/seed-1/              with --seeds
OUT/recipe-01/  OUT/recipe-02/        with --grid
OUT/recipe-01-seed-0/ ...             with both
"""

import json
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import RunError
from core.runs.folder import RunFolder
from core.runs.new_run import create_run, require_empty
from core.runs.run_files import MB, read_limited, replace_file
from core.runs.status import now
from core.runs.sweeps.plan import PlannedRun
from core.runs.sweeps.results import SweepResult, sweep_of, workspace_sweep
from core.storage_errors import storage_error
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.data.snapshot import Snapshot

PLAN_FILE = "sweep.json"
_VERSION = 1


def create_sweep(out: Path, snapshot: "Snapshot", planned: Sequence[PlannedRun], title: str) -> Path:
    """Create the folder of a sweep with all its runs, and return it.

    Raises RunError if the folder is not empty or cannot be written, StorageError if the disk is full.
    """
    folder = out.absolute()
    require_empty(folder, "the sweep")
    sweep_id = f"{now():%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
    plan = {
        "version": _VERSION,
        "id": sweep_id,
        "title": title,
        "created": now().isoformat(),
        "runs": [{"folder": one.folder, "seed": one.recipe.seed, "settings": dict(one.cell)} for one in planned],
    }
    try:
        for one in planned:
            own_title = f"{title} · {one.words}" if one.words else title
            create_run(folder / one.folder, snapshot, one.recipe, title=own_title, sweep=sweep_id, sweep_title=title)
        replace_file(folder / PLAN_FILE, json.dumps(plan, indent=2, ensure_ascii=False))
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        known = storage_error(error, f"the sweep {folder} could not be created") if isinstance(error, OSError) else None
        if known:
            raise known from error
        raise
    return folder


def is_sweep(path: Path) -> bool:
    """Return whether this is the folder of a sweep."""
    return (path / PLAN_FILE).is_file()


def runs_of(folder: Path) -> list[RunFolder]:
    """Return the runs in a sweep's folder, in the order of the plan; those that were deleted are left out."""
    runs = [RunFolder(path.parent) for path in folder.absolute().glob("[!.]*/status.json")]
    return sorted(runs, key=lambda run: (run.status().created, run.id))


def open_sweep(reference: str, workspace: Workspace) -> SweepResult:
    """Return the sweep with this id in the workspace, or in the folder at this path. Raises RunError."""
    path = Path(reference).expanduser()
    if not is_sweep(path):
        if path.is_dir():
            raise RunError(f"{path} is a folder, but not a sweep: it has no {PLAN_FILE}. Give the folder of a sweep.")
        return workspace_sweep(reference, workspace)
    try:
        plan: Any = json.loads(read_limited(path / PLAN_FILE, MB))
        sweep_id = str(plan["id"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{path / PLAN_FILE} cannot be read, so this sweep cannot be used.") from error
    return sweep_of(sweep_id, runs_of(path))
