"""Measures the quality of a project's images in a background process.

Progress is read from the stored measurements, so every page sees the same, also after a restart of the server.
An image that cannot be read is skipped and named in the log.
"""

import json
import logging
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from PIL import Image

from core.background_process import LOCK_SECONDS, lock_is_held, lower_priority, start_python
from core.data.pictures.image_quality import ImageQuality, QualityCache, measure_quality
from core.data.pictures.stored_files import thumbnail_of
from core.errors import ImageRefused
from core.workspace import Workspace, open_workspace

SAVE_EVERY = 25
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class QualityProgress:
    """How many of the images are measured."""

    done: int
    total: int
    running: bool


def quality_progress(workspace: Workspace, hashes: Sequence[str]) -> QualityProgress:
    """Return how many of the images are measured, and whether a process is measuring the others."""
    return QualityProgress(len(QualityCache(workspace).known(hashes)), len(hashes), lock_is_held(_lock(workspace)))


def start(workspace: Workspace, pictures: Mapping[str, Path]) -> "subprocess.Popen[bytes]":
    """Start a process that measures the missing images; it ends immediately if another one is running.

    ``pictures`` maps content hashes to image files.
    """
    command = ["-m", "core.data.pictures.quality_job", str(workspace.root)]
    with (workspace.cache / "looks.log").open("ab") as log_file, tempfile.TemporaryFile() as listed:
        listed.write(json.dumps({content_hash: str(path) for content_hash, path in pictures.items()}).encode())
        listed.seek(0)
        return start_python(command, stdin=listed, stdout=log_file)


def measure_all(workspace: Workspace, pictures: Mapping[str, Path], patience_seconds: float = 0) -> int:
    """Measure the missing images; return how many could be read. Raises Timeout if another process is measuring."""
    with _lock(workspace).acquire(timeout=patience_seconds):
        cache, done = QualityCache(workspace), 0
        known = cache.known([*pictures])
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
            if len(found) == SAVE_EVERY:
                cache.add(found)
                done += len(found)
                found.clear()
        cache.add(found)
        return done + len(found)


def _lock(workspace: Workspace) -> FileLock:
    return FileLock(workspace.cache / "looks.lock")


if __name__ == "__main__":
    lower_priority()
    try:
        wanted = {content_hash: Path(path) for content_hash, path in json.load(sys.stdin).items()}
        measure_all(open_workspace(Path(sys.argv[1])), wanted, patience_seconds=LOCK_SECONDS)
    except Timeout:
        sys.exit(0)
