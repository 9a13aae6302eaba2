"""Whose features are computed: on a server, those of one project at a time."""

from filelock import FileLock

from core.background_process import lock_is_held
from core.workspace import Workspace


def turn(workspace: Workspace) -> FileLock:
    """Return the lock of whoever computes: one on a server."""
    folder = Workspace(workspace.server).cache / "vectors"
    folder.mkdir(parents=True, exist_ok=True)
    return FileLock(folder / "computing.lock")


def waits(workspace: Workspace) -> bool:
    """Return whether a pupil has to wait, because somebody else's features are computed.

    No process is started meanwhile: in a class, thirty that wait would take gigabytes.
    """
    return workspace.server != workspace.root and lock_is_held(turn(workspace))
