"""A run's status: the contents of status.json, checked when it is read."""

import math
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from core.errors import RunError
from core.runs.cluster.setting import CPU_LINE, GPU_LINE
from core.runs.run_files import read_limited

RunState = Literal["queued", "preparing", "running", "finished", "stopped", "failed", "interrupted"]
STATES: tuple[RunState, ...] = get_args(RunState)
LIVE: frozenset[RunState] = frozenset({"queued", "preparing", "running"})
"""States in which a process is working; all others are final until the run is resumed."""

WAITING = "waiting in the queue"
"""The phase of a run that waits for its turn."""
NOTE_LETTERS = 2_000
_STATUS_BYTES = 200_000
_SHOWN_LETTERS = 200

# Bounds within which no reader fails: dates can be shown in any time zone, and numbers stay numbers.
_Moment = Annotated[AwareDatetime, Field(ge=datetime(1970, 1, 1, tzinfo=UTC), le=datetime(9000, 1, 1, tzinfo=UTC))]
_Count = Annotated[int, Field(ge=0, le=10**9)]
_Amount = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
_Title = Annotated[str, Field(max_length=500)]


def now() -> datetime:
    return datetime.now(UTC)


class Status(BaseModel):
    """The state of a run at one moment; frozen, all times with their zone."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    state: RunState
    title: _Title = ""
    note: Annotated[str, Field(max_length=NOTE_LETTERS)] = ""  # a person's own words about the run
    project_id: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    project: _Title | None = None
    once: _Title | None = None  # the token of the submitted form: a second click finds the run of the first
    # The sweep that it is a run of: several seeds or recipes, started together to be compared on the validation photos.
    sweep: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,99}$")] | None = None
    sweep_title: _Title | None = None
    # The id of the run whose labels were corrected before this one was trained with the same recipe.
    corrected_from: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    created: _Moment
    # The name of its queue; runs in it wait for the same device. It is also the name of a lock file.
    line: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,40}(:[0-9]{1,6})?$")] = "cpu"
    queued: _Moment | None = None  # when it last joined the queue; decides the order of waiting runs
    started: _Moment | None = None
    ended: _Moment | None = None
    heartbeat: _Moment | None = None  # only to be looked at: the clock may be wrong
    # The three that decide whether its process is alive: see core.runs.process.
    pid: Annotated[int, Field(gt=0, lt=2**31)] | None = None
    process_started: _Amount | None = None  # seconds since 1970
    process_identity: Annotated[str, Field(max_length=100)] | None = None
    # The live state in which a reader found no process. Cleared when the process is seen alive after all.
    lost_state: Literal["queued", "preparing", "running"] | None = None
    device: Annotated[str, Field(max_length=100)] | None = None
    node: Annotated[str, Field(max_length=100)] | None = None  # the machine of a cluster that trains it, or did last
    losses: _Count = 0  # how many times its machine was lost since it last came further than at a loss before
    loss_epoch: _Count = 0  # the latest epoch in which its machine was lost
    precision: Annotated[str, Field(max_length=100)] | None = None
    epoch: _Count = 0  # the current epoch, counted from 1; 0 before the first
    epochs: _Count = 0
    solved: bool = False  # its epochs are the iterations of a solver
    batch: _Count = 0
    batches: _Count = 0
    images_per_second: _Amount | None = None
    seconds_left: _Amount | None = None  # to the end of the run, with its evaluation
    phase: _Title = ""  # such as "reading the photos" or "epoch 2 of 5"
    message: Annotated[str, Field(max_length=10_000)] = ""  # a sentence about how the run ended
    stop_requested: bool = False

    @property
    def live(self) -> bool:
        return self.state in LIVE

    @property
    def on_cluster(self) -> bool:
        """Whether it waits for, or was trained on, a machine of a Ray cluster: see core.runs.cluster."""
        return self.line in (CPU_LINE, GPU_LINE)

    @property
    def another_loss(self) -> dict[str, int]:
        """The fields that count another loss of its machine: from one again if it is in a later epoch than before."""
        further = self.epoch > self.loss_epoch
        return {"losses": 1 if further else self.losses + 1, "loss_epoch": max(self.epoch, self.loss_epoch)}

    @property
    def resumable(self) -> bool:
        return self.state in ("interrupted", "stopped", "failed")

    def changed(self, **changes: Any) -> Self:
        """Return the status with these fields changed. Texts that are too long are cut.

        A live state removes the message and the time of an earlier end.
        """
        if "state" in changes:
            ended = {"message": "", "ended": None} if changes["state"] in LIVE else {}
            changes = {"lost_state": None, **ended, **changes}
        fitting = {name: _fitting(name, value) for name, value in changes.items()}
        return type(self).model_validate({**self.model_dump(), **fitting})


def _fitting(name: str, value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if not isinstance(value, str):
        return value
    text = value.encode(errors="replace").decode()  # names of files need not be Unicode
    most = _LONGEST.get(name, len(text))
    return text if len(text) <= most else f"{text[: most - 1]}…"


_LONGEST = {"title": 500, "sweep_title": 500, "project": 500, "phase": 500, "message": 10_000, "note": NOTE_LETTERS}


def read_status(path: Path) -> Status:
    """Read status.json; it is parsed again only if it has changed. Raises RunError with the reason."""
    try:
        stat = path.stat()
        return _parsed(path, stat.st_ino, stat.st_size, stat.st_mtime_ns)
    except FileNotFoundError as error:
        raise RunError(f"{path.parent} has no status.json, so it is not a complete run.") from error
    except (OSError, ValidationError) as error:
        raise RunError(f"{path} cannot be read: {_reason(error)}.") from error


# The last arguments identify the content: the file is replaced, or changes its size.
@lru_cache(maxsize=4096)
def _parsed(path: Path, inode: int, size: int, changed: int) -> Status:
    return Status.model_validate_json(read_limited(path, _STATUS_BYTES))


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    assert isinstance(error, ValidationError)
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'the file'}: {first['msg'][:_SHOWN_LETTERS]}"
