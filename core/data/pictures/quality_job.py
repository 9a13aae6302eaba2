"""The process that looks at a project's pictures: started by whoever needs the measures, it outlives the page.

Progress is read from what is kept, so whoever asks sees the same, also after a restart of the server. A picture that
cannot be read is left out and named in the log.
"""

import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from PIL import Image

from core.data.pictures.image_quality import ImageQuality, QualityCache, measure_quality
from core.data.pictures.stored_files import thumbnail_of
from core.errors import ImageRefused
from core.workspace import REPOSITORY, Workspace, open_workspace

KEPT_AT_ONCE = 25
NICE = 15  # the pages go first
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class QualityProgress:
    """How far the looking is."""

    done: int
    total: int
    running: bool


def quality_progress(workspace: Workspace, hashes: Sequence[str]) -> QualityProgress:
    """How many of the pictures were looked at, and whether a process is at it."""
    return QualityProgress(len(QualityCache(workspace).known(hashes)), len(hashes), _running(workspace))


def start(workspace: Workspace, pictures: Mapping[str, Path]) -> "subprocess.Popen[bytes]":
    """Starts a process that looks at what is missing; it ends at once where another one is at work.

    ``pictures`` are the files of the pictures by content hash.
    """
    command = [sys.executable, "-m", "core.data.pictures.quality_job", str(workspace.root)]
    with (workspace.cache / "looks.log").open("ab") as told, tempfile.TemporaryFile() as listed:
        listed.write(json.dumps({content_hash: str(path) for content_hash, path in pictures.items()}).encode())
        listed.seek(0)
        return subprocess.Popen(command, cwd=REPOSITORY, stdin=listed, stdout=told, stderr=told, start_new_session=True)


def measure_all(workspace: Workspace, pictures: Mapping[str, Path], patience_seconds: float = 0) -> int:
    """Looks at the pictures that are missing; how many could be read. Raises Timeout where a process is at it."""
    with FileLock(_lock(workspace), timeout=patience_seconds):
        looks, done = QualityCache(workspace), 0
        known = looks.known([*pictures])
        found: list[tuple[str, ImageQuality]] = []
        for content_hash, path in pictures.items():
            if content_hash in known:
                continue
            try:
                with Image.open(thumbnail_of(workspace, content_hash, path)) as image:
                    found.append((content_hash, measure_quality(image)))
            except (OSError, ImageRefused) as error:
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
        wanted = {content_hash: Path(path) for content_hash, path in json.load(sys.stdin).items()}
        # Whoever asks whether one is at work holds the lock for a moment.
        measure_all(open_workspace(Path(sys.argv[1])), wanted, patience_seconds=5)
    except Timeout:
        sys.exit(0)
