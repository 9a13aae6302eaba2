"""The process that a status names: how it is recorded, and whether it is alive, whatever happens to the clock."""

from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock

from core.background_process import lock_is_held
from core.runs.cluster.setting import ray_address
from core.runs.status import Status, now

WORKER_LOCK = ".worker.lock"
"""Held in the run's folder by the process that trains it."""

SILENT_SECONDS = 120.0
"""A training on another machine that has written no heartbeat for so long is taken for dead."""

# Two processes with the same number are the same if they started at the same time, apart from rounding.
_SAME_START_SECONDS = 2.0


def process_fields(pid: int) -> dict[str, Any]:
    """Return the fields of a status that name this process."""
    return {"pid": pid, "process_started": process_start(pid), "process_identity": process_identity(pid)}


def process_start(pid: int) -> float | None:
    """Return when this process started, in seconds since 1970; None if it cannot be found out."""
    try:
        return psutil.Process(pid).create_time()
    except (psutil.Error, ValueError, OverflowError):
        return None


def process_identity(pid: int) -> str | None:
    """Return the boot and the tick of a process's start, which do not depend on the clock; None outside Linux.

    Linux counts start times from the boot (proc(5)). As a date, they shift when the clock is set. Other systems store
    the date of the start, which stays as it is.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        # The name in parentheses may contain spaces and parentheses itself; the start is the 22nd field.
        ticks = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
    except (OSError, UnicodeDecodeError, IndexError):
        return None
    return f"{boot}:{ticks}"


def process_lives(status: Status, folder: Path | None = None) -> bool:
    """Return whether the process named in the status still exists: same pid, same start, not a zombie.

    Where the starts cannot be compared, the lock in the run's ``folder`` decides. Of a run on a cluster, whose process
    is on another machine, its heartbeat decides; one that waits is alive as long as trainings go to a cluster.
    """
    if status.on_cluster:
        return _lives_on_cluster(status)
    if status.pid is None:
        return False
    try:
        process = psutil.Process(status.pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        started = process.create_time()
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True  # another user's process: it exists, and its start time is not readable
    identity = process_identity(status.pid)
    if status.process_identity is not None and identity is not None:
        return status.process_identity == identity
    if status.process_started is not None and abs(started - status.process_started) < _SAME_START_SECONDS:
        return True
    # Written by an earlier version, and the clock may have been set since then.
    lock = None if folder is None else folder / WORKER_LOCK
    return lock is not None and lock.is_file() and lock_is_held(FileLock(lock))


def _lives_on_cluster(status: Status) -> bool:
    if "queued" in (status.state, status.lost_state):
        return ray_address() is not None
    beat = status.heartbeat or status.started
    return beat is not None and abs((now() - beat).total_seconds()) < SILENT_SECONDS
