"""Creates the folder of a new run."""

import os
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import RunError
from core.file_replacement import replace_patiently
from core.runs.folder import RunFolder
from core.runs.process import process_fields
from core.runs.queueing.device_queue import queue_name
from core.runs.status import WAITING, Status, now
from core.storage_errors import storage_error

if TYPE_CHECKING:
    from core.data.snapshot import Snapshot
    from core.training.recipe import Recipe


def create_run(
    folder: Path,
    snapshot: "Snapshot",
    recipe: "Recipe",
    *,
    title: str,
    project_id: int | None = None,
    project: str | None = None,
    once: str | None = None,
    sweep: str | None = None,
    sweep_title: str | None = None,
    corrected_from: str | None = None,
    line: str | None = None,
) -> RunFolder:
    """Create a run in the state queued; the folder appears with all its files or not at all.

    ``corrected_from`` is the id of the run whose labels were corrected for this one.
    ``sweep`` is the id of the sweep that it belongs to. ``line`` is its queue; without one, that of its device here.

    Raises RunError if the folder is not empty or cannot be written, StorageError if the disk is full.
    """
    run = RunFolder(folder)
    require_empty(run.path, "the run")
    moment = now()
    status = Status(state="queued", created=moment).changed(
        title=title,
        project_id=project_id,
        project=project,
        once=once,
        sweep=sweep,
        sweep_title=sweep_title,
        corrected_from=corrected_from,
        queued=moment,
        epochs=0 if recipe.train == "automatic" else recipe.epochs,  # an automatic training decides it phase by phase
        solved=recipe.solves_head(snapshot.task),
        line=line or queue_name(recipe.device),
        phase=WAITING,
        **process_fields(os.getpid()),
    )
    building = RunFolder(run.path.with_name(f".new-{secrets.token_hex(4)}"))
    try:
        building.path.mkdir(parents=True)
        snapshot.write(building.path / "snapshot.csv")
        (building.path / "recipe.json").write_text(recipe.model_dump_json(indent=2), encoding="utf-8")
        building.replace_status(status)
        building.append_log(f"created: {title}")
        replace_patiently(building.path, run.path)
    except OSError as error:
        known = storage_error(error, f"the run folder {run.path} could not be created")
        raise known or RunError(
            f"The run folder {run.path} cannot be created ({error.strerror}). "
            "Free some disk space, or choose a folder that you can write to."
        ) from error
    finally:
        shutil.rmtree(building.path, ignore_errors=True)
    return run


def require_empty(path: Path, what: str) -> None:
    """Raise RunError if ``path`` is not empty, so that writing ``what`` would replace files or mix with them."""
    if not (any(path.iterdir()) if path.is_dir() else path.exists() and path.stat().st_size):
        return
    run = RunFolder(path)
    if (path / "status.json").is_file() and not run.begun and not run.status().live:
        raise RunError(
            f"{path} is not empty: it holds a run that ended before its first epoch. Restart that run with "
            f"python -m core resume {path}, choose another path for {what}, or delete the folder first."
        )
    raise RunError(f"{path} already exists and is not empty. Choose another path for {what}, or delete it first.")
