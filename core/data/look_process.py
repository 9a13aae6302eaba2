"""The process that looks at a project's pictures: started by whoever needs the measures, it outlives the page.

Progress is read from what is kept, so whoever asks sees the same, also after a restart of the server. A picture that
cannot be read is left out and named in the log.
"""

import logging
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from PIL import Image

from core.data.looks import Look, Looks, look_at
from core.data.store import Store
from core.workspace import REPOSITORY, Workspace, open_workspace

KEPT_AT_ONCE = 25
NICE = 15  # the pages go first
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class State:
    """How far the looking is."""

    done: int
    total: int
    running: bool


def state(workspace: Workspace, hashes: Sequence[str]) -> State:
    """How many of the pictures were looked at, and whether a process is at it."""
    return State(len(Looks(workspace).known(hashes)), len(hashes), _running(workspace))


def start(workspace: Workspace, project_id: int) -> "subprocess.Popen[bytes]":
    """Starts a process that looks at what is missing; it ends at once where another one is at work."""
    command = [sys.executable, "-m", "core.data.look_process", str(workspace.root), str(project_id)]
    with (workspace.cache / "looks.log").open("ab") as told:
        return subprocess.Popen(
            command, cwd=REPOSITORY, stdin=subprocess.DEVNULL, stdout=told, stderr=told, start_new_session=True
        )


def look_at_project(store: Store, project_id: int, patience_seconds: float = 0) -> int:
    """Looks at the project's pictures that are missing; how many could be read. Raises Timeout where one is at it."""
    with FileLock(_lock(store.workspace), timeout=patience_seconds):
        looks, done = Looks(store.workspace), 0
        hashes = [row.hash for row in store.image_labels(project_id)]
        known = looks.known(hashes)
        found: list[tuple[str, Look]] = []
        for content_hash in hashes:
            if content_hash in known:
                continue
            try:
                with Image.open(store.thumbnail_path(content_hash)) as image:
                    found.append((content_hash, look_at(image)))
            except OSError as error:
                log.warning("The thumbnail of %s cannot be read: %s", content_hash, error)
                continue
            if len(found) == KEPT_AT_ONCE:
                looks.add(found)
                done += len(found)
                found.clear()
        looks.add(found)
        return done + len(found)


def _lock(workspace: Workspace) -> Path:
    return workspace.cache / "looks.lock"


def _running(workspace: Workspace) -> bool:
    try:
        with FileLock(_lock(workspace), timeout=0):
            return False
    except Timeout:
        return True


if __name__ == "__main__":
    if hasattr(os, "nice"):  # not on Windows
        os.nice(NICE)
    try:
        # Whoever asks whether one is at work holds the lock for a moment.
        look_at_project(Store(open_workspace(Path(sys.argv[1]))), int(sys.argv[2]), patience_seconds=5)
    except Timeout:
        sys.exit(0)
