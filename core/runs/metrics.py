"""metrics.jsonl: one line for each recorded step and epoch, appended while a run trains."""

import json
import math
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

# Imported only where a table is made, so that lists of runs and the command line's help stay fast.
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
    """Append one line. If the process is killed, at most this line is cut off, and ``read`` ignores it."""
    line = json.dumps({"kind": kind, **{name: _plain(value) for name, value in fields.items()}}) + "\n"
    # A single write to a file opened for appending: readers see the whole line or none of it.
    with path.open("ab", buffering=0) as file:
        file.write(line.encode())


def read(path: Path, kind: MetricKind) -> "pd.DataFrame":
    """Return the recorded steps or epochs in order; an empty table with all columns if there are none yet."""
    import pandas as pd

    frame = pd.DataFrame([line for line in _lines(path) if line.get("kind") == kind])
    wanted = COLUMNS[kind]
    return frame.reindex(columns=wanted + [name for name in frame.columns if name not in (*wanted, "kind")])


def rewind(path: Path, epoch: int) -> None:
    """Delete the lines of this epoch and later ones, and a cut-off end; a resumed run records them again."""
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


# Pages read it once a second, so a file is parsed only if it has changed. Callers must not modify the dicts.
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
