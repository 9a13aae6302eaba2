"""Gives the machines of a cluster to the waiting runs in fair turn, and queues again what a lost machine leaves.

Ray starts a run where there is room, and starts it again elsewhere when its machine is gone. It knows no people, so
their turns are kept here: of each queue one run at a time waits inside Ray, all others with us. A run that was broken
off (its machine was shut down, or the whole cluster was started anew) joins its queue again by itself.
"""

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from core.errors import RunError, StudioError
from core.runs.cluster.setting import CPU_LINE, GPU_LINE
from core.runs.folder import RunFolder
from core.runs.queueing.queue import next_waiting
from core.runs.status import WAITING, Status, now, read_status
from core.workspace import Workspace, server_workspaces

MOST_LOSSES = 10
"""A run whose machines were lost more often in one epoch is probably the reason itself: it needs too much memory."""
STOPPED = "Stopped before the first epoch ended, so there is no model."
PLACED = "waiting for a free machine of the cluster"

_TICK_SECONDS = 1.0
_IDLE_SECONDS = 10.0


class Cluster(Protocol):
    """What the dispatcher asks of Ray."""

    def knows(self, run: RunFolder) -> bool:
        """Return whether the cluster holds this run: it waits for a machine, trains, or is being moved to another.

        Raises RunError if it could not be started on the machine that it got.
        """

    def place(self, run: RunFolder, workspace: Workspace) -> None:
        """Let the run train on the next machine with room. Raises RunError, half a sentence, if none ever will."""

    def remove(self, run: RunFolder) -> None:
        """End the run's process at once, or forget that it waits."""


def work_left(server: Workspace) -> bool:
    """Return whether any run of the server waits for the cluster, trains there, or was broken off there."""
    return any(True for _ in _runs(server))


def note_trouble(server: Workspace, text: str) -> None:
    """Show on all waiting runs why none of them starts."""
    for _, run, status in _runs(server):
        if status.state == "queued":
            _note(run, status, text)


def dispatch_until_done(server: Workspace, cluster: Cluster, parent: int) -> None:
    """Serve the runs until none is left for a while, or until the parent process has ended."""
    idle = time.monotonic()
    while os.getppid() == parent and time.monotonic() - idle < _IDLE_SECONDS:
        if dispatch(server, cluster):
            idle = time.monotonic()
        time.sleep(_TICK_SECONDS)


def dispatch(server: Workspace, cluster: Cluster) -> bool:
    """Look at all runs of the cluster once, and do what is due; returns whether there are any."""
    inside = set()
    found = list(_runs(server))
    for _, run, status in found:
        # Deleted meanwhile, or a full disk, which the run's own page reports.
        with contextlib.suppress(OSError, StudioError):
            try:
                # Of hundreds that wait here, Ray is not asked.
                asked = status.state != "queued" or status.phase != WAITING
                known = asked and cluster.knows(run)
            except RunError as problem:
                _end(run, "failed", str(problem))
                continue
            if status.stop_requested and (status.state == "queued" or not known):
                cluster.remove(run)
                _end(run, "stopped", "Stopped." if run.finished else STOPPED)
            elif status.state == "queued":
                if known:
                    inside.add(status.line)
            elif not run.lives(status) or (status.state == "interrupted" and not known):
                _queue_again(run, status, known)
                if known:  # Ray has no other machine for it yet
                    inside.add(status.line)
    for line in {CPU_LINE, GPU_LINE} - inside:
        if (first := next_waiting(server, line)) is not None:
            _place(first, cluster)
    return bool(found)


def _runs(server: Workspace) -> Iterator[tuple[Workspace, RunFolder, Status]]:
    """Yield the runs that are the cluster's business, with their status as it is written."""
    for workspace in server_workspaces(server):
        for path in workspace.runs.glob("[!.]*/status.json"):
            with contextlib.suppress(RunError):
                status = read_status(path)
                # An interruption is never a person's wish: they stop a run. Its machine was shut down, or is lost.
                if status.on_cluster and (status.live or status.state == "interrupted"):
                    yield workspace, RunFolder(path.parent), status


def _place(run: RunFolder, cluster: Cluster) -> None:
    with contextlib.suppress(OSError, StudioError):
        status = read_status(run.status_path)
        try:
            cluster.place(run, Workspace(run.path.parent.parent))
        except RunError as problem:
            _note(run, status, str(problem))
        else:
            _note(run, status, PLACED)


def _queue_again(run: RunFolder, seen: Status, known: bool) -> None:
    with run.locked():
        status = read_status(run.status_path)
        if status != seen:
            return  # it has written something: it lives
        if status.another_loss["losses"] > MOST_LOSSES:
            said = f"{lost_too_often(status)} Try a smaller batch size or network, or resume it to try again."
            run.replace_status(status, state="failed", message=said, ended=now(), phase="", seconds_left=None)
            return
        run.replace_status(
            status, state="queued", phase=PLACED if known else WAITING, seconds_left=None, **status.another_loss
        )
    run.append_log(f"its process on {status.node} has ended; it waits for another machine")


def lost_too_often(status: Status) -> str:
    """Return why a run fails whose machines were lost too often."""
    return (
        f"Its process was lost {status.losses + 1} times without finishing another epoch, the last time on "
        f"{status.node}. Perhaps it needs more memory than a machine has."
    )


def _note(run: RunFolder, seen: Status, phase: str) -> None:
    """Show what a waiting run waits for."""
    if seen.phase != phase:
        with contextlib.suppress(OSError, StudioError), run.locked():
            status = read_status(run.status_path)
            if status.state == "queued":
                run.replace_status(status, phase=phase)


def _end(run: RunFolder, state: str, message: str) -> None:
    run.write_status(state=state, message=message, ended=now(), phase="", seconds_left=None, stop_requested=False)


if __name__ == "__main__":
    from core.runs.cluster.ray_cluster import RayCluster

    dispatch_until_done(Workspace(Path(sys.argv[1])), RayCluster(), int(sys.argv[2]))
