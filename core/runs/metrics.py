"""metrics.jsonl: one line for each recorded step and epoch, appended while a run trains."""

import json
import math
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from core.runs.run_files import append_bytes, replace_file

# Imported only where a table is made, so that lists of runs and the command line's help stay fast.
if TYPE_CHECKING:
    import pandas as pd

MetricKind = Literal["step", "epoch"]

# Ten thousand epochs and a night of steps take less than a tenth of this.
_MOST_BYTES = 50_000_000
_LINE_BYTES = 10_000

_Count = Annotated[int, Field(ge=0, le=10**9)]
_Share = Annotated[float, Field(ge=0, le=1.001, allow_inf_nan=False)] | None  # float32 sums are rounded
_Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)] | None
_Number = Annotated[float, Field(allow_inf_nan=False)] | None


class _Line(BaseModel):
    """What both kinds of lines have in common; figures of later versions are numbers too."""

    model_config = ConfigDict(extra="allow", strict=True)
    __pydantic_extra__: dict[str, _Number | bool]

    epoch: Annotated[int, Field(ge=1, le=100_000)]
    learning_rate: _Amount = None
    images_per_second: _Amount = None
    seconds: _Amount = None


class StepLine(_Line):
    """A recorded step. null stands for a figure that was not a finite number."""

    kind: Literal["step"] = "step"
    batch: _Count = 0
    batches: _Count = 0
    loss: _Number = None
    accuracy: _Share = None


class EpochLine(_Line):
    """A recorded epoch; those of localization have three more figures."""

    kind: Literal["epoch"] = "epoch"
    epochs: _Count = 0
    train_loss: _Number = None
    train_accuracy: _Share = None
    val_loss: _Number = None
    val_accuracy: _Share = None
    val_n: _Count = 0
    best: bool = False
    train_iou: _Share = None
    val_iou: _Share = None
    val_found: _Share = None


_LINE: TypeAdapter[StepLine | EpochLine] = TypeAdapter(Annotated[StepLine | EpochLine, Field(discriminator="kind")])

COLUMNS: dict[MetricKind, list[str]] = {
    "step": ["epoch", "batch", "batches", "loss", "accuracy", "learning_rate", "images_per_second", "seconds"],
    "epoch": [
        "epoch",
        "epochs",
        "train_loss",
        "train_accuracy",
        "val_loss",
        "val_accuracy",
        "val_n",
        "learning_rate",
        "seconds",
        "images_per_second",
        "best",
    ],
}


def append(path: Path, kind: MetricKind, fields: Mapping[str, Any]) -> None:
    """Append one line. If the process is killed, at most this line is cut off, and ``read`` ignores it."""
    line = json.dumps({"kind": kind, **{name: _plain(value) for name, value in fields.items()}}) + "\n"
    append_bytes(path, line.encode())


def records(path: Path, kind: MetricKind) -> list[dict[str, Any]]:
    """Return the fields of the recorded steps or epochs in order, without damaged lines; does not import pandas."""
    found = [record for record in _content(path).records if record["kind"] == kind]
    if kind == "step":
        return found
    # If an epoch was recorded twice, the later line is the one that its checkpoint belongs to.
    return sorted({record["epoch"]: record for record in found}.values(), key=lambda record: record["epoch"])


def read(path: Path, kind: MetricKind) -> "pd.DataFrame":
    """Return the recorded steps or epochs in order; an empty table with all columns if there are none yet."""
    import pandas as pd

    frame = pd.DataFrame(records(path, kind))
    for name in frame.columns.drop("kind", errors="ignore"):
        if frame[name].dtype == object:  # null in every line; elsewhere pandas reads it as NaN
            frame[name] = pd.to_numeric(frame[name], errors="coerce")
    wanted = COLUMNS[kind]
    return frame.reindex(columns=wanted + [name for name in frame.columns if name not in (*wanted, "kind")])


def damaged_lines(path: Path) -> int:
    """Return how many lines could not be read, without the cut-off end of a killed run."""
    return _content(path).damaged


def rewind(path: Path, epoch: int) -> None:
    """Delete the lines of this epoch and later ones, and all damaged ones; a resumed run records them again.

    Raises OSError.
    """
    content = _content(path)
    kept = [record for record in content.records if record["epoch"] < epoch]
    if len(kept) < len(content.records) or content.damaged or content.cut_off:
        replace_file(path, "".join(json.dumps(record) + "\n" for record in kept))


@dataclass(frozen=True)
class _Content:
    records: tuple[dict[str, Any], ...] = ()
    """Callers must not modify the dicts."""
    damaged: int = 0
    cut_off: bool = False


def _content(path: Path) -> _Content:
    try:
        found = path.stat()
        # A device or a pipe could be read for ever.
        return _parsed(path, found.st_ino, found.st_size, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else _EMPTY
    except OSError:
        return _EMPTY


_EMPTY = _Content()


# Pages read it once a second, so a file is parsed only if it has changed.
@lru_cache(maxsize=64)
def _parsed(path: Path, inode: int, size: int, changed: int) -> _Content:
    with path.open("rb") as file:
        lines = file.read(_MOST_BYTES).split(b"\n")
    end = lines.pop()  # nothing after the last line break, or the cut-off end of a killed run
    found, damaged = [], int(size > _MOST_BYTES)
    for line in filter(None, lines):
        try:
            if len(line) > _LINE_BYTES:
                raise ValueError("too long for a line of metrics")
            found.append(_LINE.validate_json(line).model_dump(exclude_unset=True))
        except (ValidationError, ValueError):
            damaged += 1
    return _Content(tuple(found), damaged, cut_off=bool(end))


def _plain(value: Any) -> Any:
    """JSON has no NaN or infinity: a diverged loss is written as null and read back as NaN."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


class StepSampler:
    """Decides which steps are recorded: at most two a second, and fewer later, so that long runs stay readable.

    Up to 500 seconds one every half second, later at intervals of a thousandth of the elapsed time: ten hours make
    about five thousand lines.
    """

    def __init__(self) -> None:
        self._last = -math.inf

    def due(self, seconds: float) -> bool:
        """Return whether to record the step that ended at ``seconds`` since the start."""
        if seconds - self._last < max(0.5, seconds / 1000):
            return False
        self._last = seconds
        return True
