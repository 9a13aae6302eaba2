"""The runs of all workspaces of a server, with their states: what the queue is made of.

Reading them takes some milliseconds for each run. In a class, thirty pages ask every few seconds, and thirty runs wait.
Whoever can do with a look that is a little old shares it with the others of this process.
"""

import threading
import time
from pathlib import Path
from typing import NamedTuple

from core.runs.folder import RunFolder, runs_with_status
from core.runs.status import Status
from core.workspace import Workspace, server_workspaces

_MOST_SERVERS = 8
_lock = threading.Lock()
_looks: dict[Path, tuple[float, list["ServerRun"]]] = {}


class ServerRun(NamedTuple):
    """A run, the workspace that it is in, and its state."""

    root: Path
    run: RunFolder
    status: Status


def runs_of_server(workspace: Workspace, at_most_old: float = 0.0) -> list[ServerRun]:
    """Return the runs of this workspace's server; the look may be up to ``at_most_old`` seconds old."""
    if at_most_old <= 0:
        return _look(workspace)
    with _lock:  # who comes while somebody looks waits for that look
        moment, seen = _looks.get(workspace.server, (float("-inf"), []))
        if time.monotonic() - moment > at_most_old:
            seen = _look(workspace)
            if len(_looks) >= _MOST_SERVERS:
                _looks.clear()
            _looks[workspace.server] = (time.monotonic(), seen)
    return seen


def _look(workspace: Workspace) -> list[ServerRun]:
    return [
        ServerRun(place.root, run, status)
        for place in server_workspaces(workspace)
        for run, status in runs_with_status(place)
    ]
