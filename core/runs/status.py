"""A run's status: what status.json says, and whether the process that it names still lives."""

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
"""States in which a process is at work; all others are final until somebody resumes the run."""

# A process is the one that was written down if it started at that time. The clock may be corrected by a little.
_SAME_START_SECONDS = 2.0
# A clock that is set anew moves all start times. Whoever wrote a heartbeat this recently is alive all the same.
_FRESH_HEARTBEAT_SECONDS = 30.0


def now() -> datetime:
    return datetime.now(UTC)


class Status(BaseModel):
    """What is known of a run at this moment; frozen, all times in UTC."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    state: RunState
    title: str = ""
    project_id: int | None = None
    project: str | None = None
    once: str | None = None  # the token of the form that was submitted: a second click finds the run of the first
    created: datetime
    line: str = "cpu"  # the line of runs that wait for the same device
    queued: datetime | None = None  # when it last joined the line; the order of waiting runs
    started: datetime | None = None
    ended: datetime | None = None
    heartbeat: datetime | None = None  # information only: pid and process_started decide who is alive
    pid: int | None = None
    process_started: float | None = None  # seconds since 1970
    device: str | None = None
    precision: str | None = None
    epoch: int = 0  # the epoch at work, counted from 1; 0 before the first
    epochs: int = 0
    batch: int = 0
    batches: int = 0
    images_per_second: float | None = None
    seconds_left: float | None = None
    phase: str = ""  # plain words: "reading the photos", "epoch 2 of 5"
    message: str = ""  # how it ended: a sentence for failed, interrupted, stopped and finished runs
    stop_requested: bool = False

    @property
    def live(self) -> bool:
        return self.state in LIVE

    @property
    def resumable(self) -> bool:
        return self.state in ("interrupted", "stopped", "failed")


def process_start(pid: int) -> float | None:
    """When this process started, in seconds since 1970; None where there is no such process any more."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return None


def process_lives(status: Status) -> bool:
    """Whether the process that the status names is still there: the same pid with the same start, and no zombie."""
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
        return True  # another user's process: there, and nothing more can be learned
    if abs(started - status.process_started) < _SAME_START_SECONDS:
        return True
    return status.heartbeat is not None and abs((now() - status.heartbeat).total_seconds()) < _FRESH_HEARTBEAT_SECONDS


def read_status(path: Path) -> Status:
    """What status.json says; parsed again only when the file has changed. Raises RunError with the reason."""
    try:
        stat = path.stat()
        return _parsed(path, stat.st_ino, stat.st_size, stat.st_mtime_ns)
    except FileNotFoundError as error:
        raise RunError(f"{path.parent} holds no status.json, so it is no complete run.") from error
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise RunError(f"{path} cannot be read: {_reason(error)}.") from error


# The last arguments are the file's identity: a file is replaced, never changed in place, so they name its content.
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
