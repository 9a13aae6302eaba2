"""The queue of runs that wait for a device, and the lock that lets one of them train on it."""

import os
from pathlib import Path

from filelock import FileLock

from core.errors import RunError
from core.runs.cluster.setting import CPU_LINE, GPU_LINE
from core.runs.folder import RunFolder
from core.runs.process import process_fields
from core.runs.queueing.server_runs import runs_of_server
from core.runs.status import WAITING, Status, now, read_status
from core.workspace import Workspace

_Place = tuple[float, str]


def runs_ahead(workspace: Workspace, run: RunFolder, at_most_old: float = 0.0) -> list[RunFolder]:
    """Return the live runs ahead of this one in its queue, the run that is training first.

    The queue is that of the whole server. Its people take turns: next comes a run of whoever has waited longest since
    one of theirs was started, and of their runs the one that has waited longest. What is known of the other runs may be
    up to ``at_most_old`` seconds old.
    """
    status = run.status()
    training, waiting, served = _queue(workspace, status.line, at_most_old, without=run)
    if status.live and status.state != "queued":
        return training
    return _in_the_way(status.line, training) + _before(workspace.root, _order(status, run), waiting, served)


def ahead_of_new(workspace: Workspace, line: str, at_most_old: float = 0.0) -> list[RunFolder]:
    """Return the live runs of this queue that would be ahead of a run that joins it now; see ``runs_ahead``."""
    training, waiting, served = _queue(workspace, line, at_most_old)
    return _in_the_way(line, training) + _before(workspace.root, (now().timestamp(), ""), waiting, served)


def next_waiting(workspace: Workspace, line: str) -> RunFolder | None:
    """Return the run of this queue whose turn is next, or None if none waits."""
    _, waiting, served = _queue(workspace, line)
    first = {owner: min(places, key=lambda one: one[0]) for owner, places in waiting.items()}
    if not first:
        return None
    owner = min(first, key=lambda one: (served.get(one, 0.0), first[one][0]))
    return first[owner][1]


def _in_the_way(line: str, training: list[RunFolder]) -> list[RunFolder]:
    """Return those that a waiting run waits for: on a cluster, many train at the same time."""
    return [] if line in (CPU_LINE, GPU_LINE) else training


def _queue(
    workspace: Workspace, line: str, at_most_old: float = 0.0, without: RunFolder | None = None
) -> tuple[list[RunFolder], dict[Path, list[tuple[_Place, RunFolder]]], dict[Path, float]]:
    """Return who trains, who waits by workspace, and when a run of each workspace was last started."""
    training: list[tuple[_Place, RunFolder]] = []
    waiting: dict[Path, list[tuple[_Place, RunFolder]]] = {}
    served: dict[Path, float] = {}
    for root, run, status in runs_of_server(workspace, at_most_old):
        if status.line != line:
            continue
        if status.started is not None:
            served[root] = max(served.get(root, 0.0), status.started.timestamp())
        if status.live and run != without:
            which = waiting.setdefault(root, []) if status.state == "queued" else training
            which.append((_order(status, run), run))
    return [run for _, run in sorted(training, key=lambda one: one[0])], waiting, served


def _before(
    own: Path, own_place: _Place, waiting: dict[Path, list[tuple[_Place, RunFolder]]], served: dict[Path, float]
) -> list[RunFolder]:
    """Return the waiting runs whose turn comes before that of the workspace's run with this place, in their order."""
    queues: dict[Path, list[tuple[_Place, RunFolder | None]]] = {}
    for owner in {own, *waiting}:
        mine: list[tuple[_Place, RunFolder | None]] = [(own_place, None)] if owner == own else []
        queues[owner] = sorted([*waiting.get(owner, []), *mine], key=lambda one: one[0])
    found: list[RunFolder] = []
    turn = max(served.values(), default=0.0)
    while True:
        owner = min(queues, key=lambda one: (served.get(one, 0.0), queues[one][0][0]))
        _, following = queues[owner].pop(0)
        if following is None:
            return found
        found.append(following)
        turn += 1.0  # later than all turns so far
        served[owner] = turn
        if not queues[owner]:
            del queues[owner]


def device_lock(workspace: Workspace, run: RunFolder) -> FileLock:
    """Return the lock that a training of this run's queue holds; the system frees it however the process ends."""
    folder = Workspace(workspace.server).runs / ".locks"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"The folder {folder} cannot be created ({error.strerror}), so no run can start.") from error
    # Windows allows no colon in a file's name.
    return FileLock(folder / f"{run.status().line.replace(':', '-')}.lock")


def join_queue(run: RunFolder, line: str | None = None) -> bool:
    """Put a run at the end of its queue, with this process as its owner; returns False if the run is already live.

    ``line`` is another queue, if it is to change: from this machine to a cluster, or back.
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
            line=line or status.line,
            losses=0,
            loss_epoch=0,
            phase=WAITING,
            stop_requested=False,
            **process_fields(os.getpid()),
        )
    return True


def _order(status: Status, run: RunFolder) -> _Place:
    return ((status.queued or status.created).timestamp(), run.id)
