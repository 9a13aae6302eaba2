"""Background processes: Python run in a session of its own, at low priority, one at a time, with a result file.

A process started here outlives the page and the server that started it. Only a lock tells whether one is running: the
system frees it when the process ends, however it ends.
"""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from filelock import FileLock, Timeout

from core.file_replacement import replace_patiently
from core.workspace import REPOSITORY

LOCK_SECONDS = 5.0
"""How long a process should wait for its lock: ``lock_is_held`` takes the lock for a moment in order to test it."""

TRAINING_STEPS, CLASS_STEPS = 10, 19
_NICE = 15
_AUTOGROUP = Path("/proc/self/autogroup")
_BELOW_NORMAL = 0x4000  # of Windows: psutil.BELOW_NORMAL_PRIORITY_CLASS, which exists only there
# Windows has no sessions. A process in a group of its own, without a console, gets no Ctrl-C either. 0 elsewhere.
_NEW_GROUP = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0) | getattr(subprocess, "CREATE_NO_WINDOW", 0)


def start_python(
    arguments: Sequence[str],
    *,
    stdout: int | IO[bytes],
    stderr: int | IO[bytes] | None = subprocess.STDOUT,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    environment: Mapping[str, str] | None = None,
) -> "subprocess.Popen[bytes]":
    """Start this Python with ``arguments`` in the repository, in a new session; Ctrl-C here does not reach it.

    ``environment`` adds to this process's variables or replaces them. The files may be closed afterwards.
    Raises OSError where the process cannot be started.
    """
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=REPOSITORY,
        env={**os.environ, **(environment or {})},
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
        creationflags=_NEW_GROUP,
    )


def lower_priority(steps: int = _NICE) -> None:
    """Give this process a low priority, so that pages come first. Where that is not allowed, nothing changes.

    With the default of 15 it gets what others leave. Somebody waits for the result of one with 5: it gets a third of
    what a page gets. A training has 10, a tenth of a page; in a class 19, because thirty of them may start at the same
    time, and would get three quarters of the processor.
    """
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            nice = os.nice(steps)
            # Where Linux groups processes by sessions, priorities count only within one, and each session has its own.
            # https://man7.org/linux/man-pages/man7/sched.7.html, "The autogroup feature"
            if _AUTOGROUP.exists() and hasattr(os, "getsid") and os.getsid(0) == os.getpid():
                _AUTOGROUP.write_text(str(nice), encoding="ascii")
        return
    import psutil  # only on Windows; Accelerate requires it everywhere

    with contextlib.suppress(OSError, psutil.Error):
        psutil.Process().nice(_BELOW_NORMAL)


def lock_is_held(lock: FileLock) -> bool:
    """Return whether a process holds the lock now."""
    try:
        with lock.acquire(timeout=0):
            return False
    except Timeout:
        return True


def write_result(path: Path, result: Any) -> None:
    """Write a result as JSON; readers see the whole file or none."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(result), encoding="utf-8")
    replace_patiently(part, path)


def read_result(path: Path) -> Any | None:
    """Return what ``write_result`` wrote, or None where there is no readable result."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
