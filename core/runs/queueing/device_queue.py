"""Where a run waits for its device: the queue's name, and how all processes of a ``torchrun`` learn of their turn.

Runs on the same device share a queue. See ``queue`` for the order in it. Under ``torchrun`` or ``accelerate launch``
the first process alone waits in the queue. The others wait for a file that it writes into the run's folder, and meet it
in torch's process group only then: waiting there would end after torch's timeout.
"""

import os
import re
import time
from pathlib import Path

from core.accelerators import may_have_accelerator
from core.errors import RunError
from core.runs.cluster.setting import cluster_line
from core.runs.process import process_lives
from core.runs.status import read_status

_TURN_FILE = ".turn"
_POLL_SECONDS = 0.3


def queue_name(device: str) -> str:
    """Return the queue for a recipe's device: cpu, accelerator (the first one), or a later one's name such as cuda:1.

    For ``auto`` this is a guess from the machine's device files. A wrong guess only costs speed, since two trainings
    may then share the processor.
    """
    if device == "cpu" or (device == "auto" and not may_have_accelerator()):
        return "cpu"
    return device if re.fullmatch(r"[a-z]+:[1-9][0-9]{0,5}", device) else "accelerator"


def line_of(device: str) -> str:
    """Return the queue of a run that is started from a page: the cluster's if there is one, or that of the device."""
    return cluster_line(device) or queue_name(device)


def announce_turn(folder: Path) -> None:
    """Tell the other processes of this launch that the run in this folder has its device."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        (folder / _TURN_FILE).write_text(f"{_launch()}\n{os.getppid()}", encoding="utf-8")


def withdraw_turn(folder: Path) -> None:
    """Delete what ``announce_turn`` wrote, when the run has ended."""
    (folder / _TURN_FILE).unlink(missing_ok=True)


def wait_for_turn(folder: Path) -> bool:
    """Wait, in any process but the first, until the run has its device; returns False if it ended before."""
    seen = False
    while not is_announced(folder):
        try:
            status = read_status(folder / "status.json")
            waiting = status.live and process_lives(status)
        except RunError:  # not created yet
            waiting = False
        if seen and not waiting:
            return False
        seen = seen or waiting
        time.sleep(_POLL_SECONDS)
    return True


def is_announced(folder: Path) -> bool:
    """Return whether the first process of this launch has announced its turn."""
    try:
        launch, _, parent = (folder / _TURN_FILE).read_text(encoding="utf-8").partition("\n")
    except (OSError, UnicodeDecodeError):
        return False
    # A file of an earlier launch that was killed does not count: on the first machine its parent was another one.
    beside_first = "TORCHELASTIC_RUN_ID" in os.environ and os.environ.get("GROUP_RANK", "0") == "0"
    return launch == _launch() and (not beside_first or parent == str(os.getppid()))


def _launch() -> str:
    names = ("TORCHELASTIC_RUN_ID", "TORCHELASTIC_RESTART_COUNT", "MASTER_ADDR", "MASTER_PORT")
    return " ".join(os.environ.get(name, "-") for name in names)
