"""The queue of runs that wait for a device, and the lock that lets one of them train on it."""

import os

from filelock import FileLock

from core.errors import RunError
from core.runs.folder import RunFolder, list_runs
from core.runs.process import process_fields
from core.runs.status import Status, now, read_status
from core.workspace import Workspace


def runs_ahead(workspace: Workspace, run: RunFolder) -> list[RunFolder]:
    """Return the live runs ahead of this one in its queue, the run that is training first."""
    own = run.status()
    found: list[tuple[Status, RunFolder]] = []
    for other in list_runs(workspace):
        status = other.status()
        if other == run or not status.live or status.line != own.line:
            continue
        if status.state != "queued" or _order(status, other) < _order(own, run):
            found.append((status, other))
    found.sort(key=lambda pair: (pair[0].state == "queued", _order(*pair)))
    return [other for _, other in found]


def device_lock(workspace: Workspace, run: RunFolder) -> FileLock:
    """Return the lock that a training of this run's queue holds; the system frees it however the process ends."""
    folder = workspace.runs / ".locks"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"The folder {folder} cannot be created ({error.strerror}), so no run can start.") from error
    # Windows allows no colon in a file's name.
    return FileLock(folder / f"{run.status().line.replace(':', '-')}.lock")


def join_queue(run: RunFolder) -> bool:
    """Put a run at the end of its queue, with this process as its owner; returns False if the run is already live.

    Raises RunError for a run that has finished.
    """
    with run.locked():
        status = read_status(run.status_path)
        if (status.live or status.lost_state) and run.lives(status):
            return False
        if status.state == "finished":
            raise RunError(f"The run {run.id} has finished all its epochs, so there is nothing to resume.")
        run.replace_status(
            status,
            state="queued",
            queued=now(),
            phase="waiting in the queue",
            stop_requested=False,
            **process_fields(os.getpid()),
        )
    return True


def _order(status: Status, run: RunFolder) -> tuple[float, str]:
    return ((status.queued or status.created).timestamp(), run.id)
