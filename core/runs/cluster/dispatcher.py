"""The background process of a server that gives the cluster its runs: started when needed, and again if Ray ends it.

    a page or the command line    writes the run into its queue, and starts the dispatcher if none is there
    dispatcher (this module)      holds a lock in the shared folder, and keeps one process with Ray at work
    core.runs.cluster.dispatch    decides whose turn it is and what to do about lost machines; knows no Ray
    core.runs.cluster.ray_cluster the only module that talks to Ray
    core.runs.cluster.on_node     trains, on a machine of the cluster

The process with Ray is a child of its own, because Ray's library ends its process when the cluster's head is gone.
Trainings go on without either: they belong to the cluster. Several servers may share the folder; one of them has the
lock.
"""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from filelock import FileLock, Timeout

from core.background_process import lock_is_held, lower_priority, start_python
from core.errors import RunError
from core.runs.cluster.setting import ray_address
from core.workspace import REPOSITORY, Workspace

_AGAIN_SECONDS = 5.0


def dispatcher_lock(workspace: Workspace) -> FileLock:
    """Return the lock that the server's dispatcher holds, or that of another server with the same folder."""
    folder = Workspace(workspace.server).runs / ".locks"
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / "cluster.lock")


def start_dispatcher(workspace: Workspace) -> None:
    """Start the dispatcher, unless trainings stay on this machine or one is at work. Raises RunError."""
    if ray_address() is None or lock_is_held(dispatcher_lock(workspace)):
        return
    server = Workspace(workspace.server)
    try:
        with (server.runs / ".locks" / "cluster.log").open("ab") as log:
            process = start_python(
                ["-m", "core.runs.cluster.dispatcher", str(server.root)],
                stdout=log,
                environment={"RESNET_STUDIO_HOME": str(server.root), "RAY_USAGE_STATS_ENABLED": "0"},
            )
    except OSError as error:
        raise RunError(f"The runs wait, but nobody can send them to the cluster ({error.strerror}).") from error
    threading.Thread(target=process.wait, name="wait-dispatcher", daemon=True).start()


def main(root: Path) -> None:
    """Keep a process with Ray at work until no run is left for the cluster; returns at once if another has the lock."""
    from core.runs.cluster.dispatch import note_trouble, work_left

    server = Workspace(root)
    lower_priority()
    try:
        with dispatcher_lock(server).acquire(timeout=0):
            while work_left(server):
                subprocess.run(
                    [sys.executable, "-m", "core.runs.cluster.dispatch", str(root), str(os.getpid())],
                    cwd=REPOSITORY,
                    env={**os.environ, "RAY_USAGE_STATS_ENABLED": "0"},
                    check=False,
                )
                if work_left(server):
                    note_trouble(server, f"the Ray cluster at {ray_address()} does not answer; trying again")
                    time.sleep(_AGAIN_SECONDS)
    except Timeout:
        return


if __name__ == "__main__":
    main(Path(sys.argv[1]))
