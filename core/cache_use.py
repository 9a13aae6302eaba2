"""Which folders of derived files are in use: a marker for the time of the last use, a lock for use right now.

Whoever reads or writes many files of such a folder marks it with ``mark_used``. Work that must not lose them, such as a
training, holds ``in_use``, or ``hold_until_exit`` in a process of its own. The system frees a lock however its process
ends.
"""

import atexit
import os
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from filelock import FileLock

from core.background_process import lock_is_held

MARKER = "used"
_LOCK_START = ".in-use-"
_MARK_EVERY = 60.0
_STALE_SECONDS = 3600.0
_held: set[Path] = set()
_until_exit = ExitStack()


def mark_used(folder: Path) -> None:
    """Record that the folder is used now; does nothing where it is missing or cannot be written."""
    marker = folder / MARKER
    with suppress(OSError):
        if time.time() - last_used(folder) > _MARK_EVERY:
            marker.touch()


def last_used(folder: Path) -> float:
    """Return the time of the last use, in seconds since 1970; 0 if it was never marked."""
    try:
        return (folder / MARKER).stat().st_mtime
    except OSError:
        return 0.0


@contextmanager
def in_use(folders: Sequence[Path]) -> Iterator[None]:
    """Keep the files of these folders from being cleaned away; a folder that cannot be written is not protected."""
    with ExitStack() as held:
        for folder in folders:
            with suppress(OSError):
                folder.mkdir(parents=True, exist_ok=True)
                path = folder / f"{_LOCK_START}{os.getpid()}-{uuid.uuid4().hex}.lock"
                held.callback(_remove, path)
                held.enter_context(FileLock(path).acquire(timeout=1))
                mark_used(folder)
        yield
        for folder in folders:
            mark_used(folder)


def hold_until_exit(folders: Sequence[Path]) -> None:
    """Keep the files of these folders from being cleaned away as long as this process lives."""
    new = [folder for folder in dict.fromkeys(folders) if folder not in _held]
    if not _held:
        atexit.register(_until_exit.close)
    _held.update(new)
    _until_exit.enter_context(in_use(new))


def is_in_use(folder: Path) -> bool:
    """Return whether a process holds ``in_use`` for this folder; removes the locks of processes that were killed."""
    for path in folder.glob(f"{_LOCK_START}*.lock"):
        try:
            age = time.time() - path.stat().st_mtime
            if lock_is_held(FileLock(path)):
                return True
        except OSError:  # removed meanwhile, or not ours to open: then it may be in use
            if path.exists():
                return True
            continue
        if age > _STALE_SECONDS:
            _remove(path)
    return False


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)
