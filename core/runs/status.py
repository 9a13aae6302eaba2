"""A run's status: the contents of status.json, and whether the process it names is alive."""

from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

import psutil
from pydantic import BaseModel, ConfigDict, ValidationError

from core.errors import RunError

RunState = Literal["queued", "preparing", "running", "finished", "stopped", "failed", "interrupted"]
STATES: tuple[RunState, ...] = get_args(RunState)
LIVE: frozenset[RunState] = frozenset({"queued", "preparing", "running"})
"""States in which a process is working; all others are final until the run is resumed."""

# A process is the recorded one if it started at the recorded time, apart from small clock corrections.
_SAME_START_SECONDS = 2.0
# Setting the clock shifts all start times. A process with a heartbeat this recent is alive anyway.
_FRESH_HEARTBEAT_SECONDS = 30.0


def now() -> datetime:
    return datetime.now(UTC)


class Status(BaseModel):
    """The state of a run at one moment; frozen, all times in UTC."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    state: RunState
    title: str = ""
    project_id: int | None = None
    project: str | None = None
    once: str | None = None  # the token of the submitted form: a second click finds the run of the first
    created: datetime
    line: str = "cpu"  # the name of its queue; runs in it wait for the same device
    queued: datetime | None = None  # when it last joined the queue; decides the order of waiting runs
    started: datetime | None = None
    ended: datetime | None = None
    heartbeat: datetime | None = None  # pid and process_started decide whether it is alive
    pid: int | None = None
    process_started: float | None = None  # seconds since 1970
    device: str | None = None
    precision: str | None = None
    epoch: int = 0  # the current epoch, counted from 1; 0 before the first
    epochs: int = 0
    batch: int = 0
    batches: int = 0
    images_per_second: float | None = None
    seconds_left: float | None = None
    phase: str = ""  # such as "reading the photos" or "epoch 2 of 5"
    message: str = ""  # a sentence about how the run ended
    stop_requested: bool = False

    @property
    def live(self) -> bool:
        return self.state in LIVE

    @property
    def resumable(self) -> bool:
        return self.state in ("interrupted", "stopped", "failed")


def process_start(pid: int) -> float | None:
    """Return when this process started, in seconds since 1970; None if it no longer exists."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return None


def process_lives(status: Status) -> bool:
    """Return whether the process named in the status still exists: same pid, same start time, not a zombie."""
    if status.pid is None or status.process_started is None:
        return False
    try:
        process = psutil.Process(status.pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        started = process.create_time()
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True  # another user's process: it exists, and its start time is not readable
    if abs(started - status.process_started) < _SAME_START_SECONDS:
        return True
    return status.heartbeat is not None and abs((now() - status.heartbeat).total_seconds()) < _FRESH_HEARTBEAT_SECONDS


def read_status(path: Path) -> Status:
    """Read status.json; it is parsed again only if it has changed. Raises RunError with the reason."""
    try:
        stat = path.stat()
        return _parsed(path, stat.st_ino, stat.st_size, stat.st_mtime_ns)
    except FileNotFoundError as error:
        raise RunError(f"{path.parent} has no status.json, so it is not a complete run.") from error
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise RunError(f"{path} cannot be read: {_reason(error)}.") from error


# The last arguments identify the content: the file is always replaced, never changed in place.
@lru_cache(maxsize=4096)
def _parsed(path: Path, inode: int, size: int, changed: int) -> Status:
    return Status.model_validate_json(path.read_bytes())


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc'])) or 'the file'}: {first['msg']}"
    return "it is not UTF-8 text"
