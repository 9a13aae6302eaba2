"""metrics.jsonl: one line for each recorded step and epoch, appended while a run trains."""

import json
import math
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

# Imported where a table is made: a list of runs, and the command line's help, should not wait for it.
if TYPE_CHECKING:
    import pandas as pd

MetricKind = Literal["step", "epoch"]

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
    """Appends one line. A kill can cut off no more than this line, and ``read`` ignores such an end."""
    line = json.dumps({"kind": kind, **{name: _plain(value) for name, value in fields.items()}}) + "\n"
    # One write to a file opened for appending: readers see the whole line or none of it, other than after a kill.
    with path.open("ab", buffering=0) as file:
        file.write(line.encode())


def read(path: Path, kind: MetricKind) -> "pd.DataFrame":
    """The recorded steps or epochs in order; empty, with all columns, where there are none yet."""
    import pandas as pd

    frame = pd.DataFrame([line for line in _lines(path) if line.get("kind") == kind])
    wanted = COLUMNS[kind]
    return frame.reindex(columns=wanted + [name for name in frame.columns if name not in (*wanted, "kind")])


def rewind(path: Path, epoch: int) -> None:
    """Drops all lines of this epoch and later ones, and a cut-off end: a resumed run records them again."""
    kept = [line for line in _lines(path) if line.get("epoch", 0) < epoch]
    part = path.with_name(path.name + ".part")
    part.write_text("".join(json.dumps(line) + "\n" for line in kept), encoding="utf-8")
    part.replace(path)


def _lines(path: Path) -> tuple[dict[str, Any], ...]:
    try:
        stat = path.stat()
        return _parsed(path, stat.st_ino, stat.st_size, stat.st_mtime_ns)
    except FileNotFoundError:
        return ()


# Pages ask once a second, so a file is parsed only when it has changed; callers never alter the dicts.
@lru_cache(maxsize=64)
def _parsed(path: Path, inode: int, size: int, changed: int) -> tuple[dict[str, Any], ...]:
    lines = []
    for line in path.read_bytes().split(b"\n"):
        try:
            record = json.loads(line)
        except ValueError:  # the cut-off end of a killed run, or the empty text after the last line break
            continue
        if isinstance(record, dict):
            lines.append(record)
    return tuple(lines)


def _plain(value: Any) -> Any:
    """JSON knows no NaN and no infinity: a loss that ran away is written as null and read back as NaN."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


class Pace:
    """Says which steps are recorded: two a second at most, then ever fewer, so that a night's run stays readable.

    Up to 500 seconds every half second, later at intervals of a thousandth of the time that has passed: ten hours
    make about five thousand lines.
    """

    def __init__(self) -> None:
        self._last = -math.inf

    def due(self, seconds: float) -> bool:
        """Whether the step that ended at ``seconds`` (since the start) is recorded."""
        if seconds - self._last < max(0.5, seconds / 1000):
            return False
        self._last = seconds
        return True
