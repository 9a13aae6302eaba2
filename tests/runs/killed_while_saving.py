"""A program that trains copies of a run and kills itself with SIGKILL, each copy at another point of its saving.

    python killed_while_saving.py POINT=RUN ...

Each copy is trained in a child of its own; torch is imported only once.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import core.models.bundle
import core.runs.models
import core.training.trainer  # noqa: F401 - imports torch before the forks
from core.models.zoo import ARCHITECTURES
from core.runs import metrics
from core.runs.folder import RunFolder
from core.runs.worker import work
from core.training import checkpoint
from core.workspace import open_workspace
from tests.runs.conftest import SMALLEST, SMALLEST_CONFIG


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def before(owner: Any, name: str, fits: Callable[..., bool]) -> None:
    """Make a function kill the process when it is called with arguments that fit."""
    real = getattr(owner, name)

    def replacement(*args: Any, **options: Any) -> Any:
        if fits(*args):
            die()
        return real(*args, **options)

    setattr(owner, name, replacement)


def arm(point: str) -> None:
    if point == "before the first save":
        before(checkpoint, "save_best", lambda *_: True)
    elif point == "before the line of the epoch":
        before(metrics, "append", lambda path, kind, fields: kind == "epoch" and fields["epoch"] == 1)
    elif point == "before the last line":
        before(metrics, "append", lambda path, kind, fields: kind == "epoch" and fields["epoch"] == 2)
    elif point == "within the line of the epoch":
        real = metrics.append_bytes

        def half(path: Path, data: bytes) -> None:
            cut = b'"kind": "epoch"' in data
            real(path, data[:40] if cut else data)
            if cut:
                die()

        metrics.append_bytes = half
    elif point in ("between the renames of best", "between the renames of last"):
        folder = point.rpartition(" ")[2]
        before(
            Path, "replace", lambda path, to: path.name == f".{folder}.new" and (to.parent / f".{folder}.old").exists()
        )
    else:
        raise ValueError(point)


def train_in_children(arm: Callable[[str], None]) -> None:
    """Train each POINT=RUN of the command line in a child that ``arm`` prepares; prints how each child ended."""
    for argument in sys.argv[1:]:
        point, _, path = argument.partition("=")
        child = os.fork()
        if child == 0:
            arm(point)
            work(RunFolder(Path(path)), open_workspace())
            os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{point} {os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    ARCHITECTURES[SMALLEST] = SMALLEST_CONFIG
    train_in_children(arm)
