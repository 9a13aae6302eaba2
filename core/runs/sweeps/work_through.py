"""The process of a sweep: it starts the sweep's waiting runs one after the other, each in a process of its own.

A run that is stopped while it waits ends here; one that is deleted is left out. The next one starts however the last
one ended. A second process for the same sweep, after some of its runs were resumed, waits until the first has ended.
"""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock

from core.background_process import lock_is_held, start_python
from core.errors import RunError, StudioError
from core.runs.folder import RunFolder
from core.runs.process import WORKER_LOCK, process_fields
from core.runs.status import Status, now, read_status
from core.workspace import Workspace

STOPPED = "Stopped before the first epoch ended, so there is no model."

_POLL_SECONDS = 0.25


def work_through(workspace: Workspace, sweep_id: str) -> None:
    """Train the waiting runs of a sweep, the first in the queue first; returns when none is left."""
    with FileLock(lock_path(workspace, sweep_id)):
        while waiting := sorted(_waiting(workspace, sweep_id), key=lambda pair: pair[0].queued or pair[0].created):
            _train(workspace, sweep_id, waiting[0][1])


def lock_path(workspace: Workspace, sweep_id: str) -> Path:
    """Return the lock that the process of this sweep holds."""
    folder = workspace.runs / ".locks"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"sweep-{sweep_id}.lock"


def _waiting(workspace: Workspace, sweep_id: str, but: RunFolder | None = None) -> Iterator[tuple[Status, RunFolder]]:
    """Yield the waiting runs, which become this process's, and end those that were stopped meanwhile."""
    for path in workspace.runs.glob("[!.]*/status.json"):
        run = RunFolder(path.parent)
        if run == but:  # its own process looks after it
            continue
        # A deleted folder, or a full disk: the run's own page reports it.
        with contextlib.suppress(OSError, StudioError):
            # Not through ``run.status()``, which asks for each of hundreds of runs whether its process lives.
            status = read_status(path)
            if status.sweep != sweep_id or "queued" not in (status.state, status.lost_state):
                continue
            if status.pid != os.getpid() or status.stop_requested:
                status = _claim_or_end(run)
            if status.state == "queued" and status.pid == os.getpid():
                yield status, run


def _claim_or_end(run: RunFolder) -> Status:
    with run.locked():
        status = read_status(run.status_path)
        if "queued" not in (status.state, status.lost_state) or lock_is_held(FileLock(run.path / WORKER_LOCK)):
            return status  # it was resumed on its own
        if status.stop_requested:
            return run.replace_status(
                status, state="stopped", message=STOPPED, ended=now(), phase="", stop_requested=False
            )
        return run.replace_status(status, state="queued", **process_fields(os.getpid()))


def _train(workspace: Workspace, sweep_id: str, run: RunFolder) -> None:
    """Train one run in a process of its own, and watch over the waiting ones meanwhile."""
    try:
        process = _process(workspace, run)
    except (OSError, RunError):  # deleted a moment ago, or the system has no room for a process
        _end_if_untouched(run)
        return
    while process.poll() is None:
        time.sleep(_POLL_SECONDS)
        for _ in _waiting(workspace, sweep_id, but=run):
            pass
    _end_if_untouched(run)


def _process(workspace: Workspace, run: RunFolder) -> "subprocess.Popen[bytes]":
    with run.log_path.open("ab") as log:
        return start_python(
            ["-m", "core", "train", "--run", str(run.path)],
            stdout=log,
            environment={"RESNET_STUDIO_HOME": str(workspace.root)},
        )


def _end_if_untouched(run: RunFolder) -> None:
    """Record that a run's process has ended before it took over the run; it would be started for ever."""
    with contextlib.suppress(OSError, StudioError), run.locked():
        status = read_status(run.status_path)
        if status.state == "queued" and status.pid == os.getpid():
            sentence = "Its process ended before the training began; see the log. Resume the run to try again."
            run.replace_status(status, state="failed", message=sentence, ended=now(), phase="")
