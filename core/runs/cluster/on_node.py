"""Trains a run on the machine of a cluster that was given to it; called in a process of Ray there."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import RunError
from core.runs.cluster.dispatch import MOST_LOSSES, lost_too_often
from core.runs.folder import RunFolder
from core.runs.status import now, read_status
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.runs.worker import Together

_LOCK_SECONDS = 180.0
"""A file server frees the locks of a machine that is gone after a minute or two."""
_AGAIN_SECONDS = 5.0


def train_on_node(folder: Path, root: Path, node: str, together: "Together | None" = None) -> str:
    """Train the run in this folder from its start or last finished epoch, and return the state that it ends in.

    Does nothing for a run that has ended meanwhile. A run that is found in the middle of its training was on a machine
    that is lost; its log says so. ``together`` is as in ``core.runs.worker.train``.
    """
    run = RunFolder(folder)
    try:
        status = read_status(run.status_path)
    except RunError:  # deleted
        return "gone"
    if not status.live and status.lost_state is None:
        return status.state
    if status.started is not None and status.state != "queued":
        if status.another_loss["losses"] > MOST_LOSSES:
            run.write_status(state="failed", message=lost_too_often(status), ended=now(), phase="", seconds_left=None)
            return "failed"
        run.append_log(f"the training on {status.node} was lost; it goes on on {node}")
        run.write_status(state="preparing", node=node, phase="resuming on another machine", **status.another_loss)
    else:
        run.append_log(f"on {node}")
    return _train(run, Workspace(root), node, together)


def _train(run: RunFolder, workspace: Workspace, node: str, together: "Together | None") -> str:
    from core.runs.worker import work

    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            return work(run, workspace, own_process=True, node=node, together=together).state
        except RunError as error:  # a lock of the lost process
            if not run.status_path.exists():
                return "gone"
            if time.monotonic() > deadline:
                run.write_status(state="failed", message=str(error), ended=now(), phase="", seconds_left=None)
                return "failed"
            time.sleep(_AGAIN_SECONDS)
