"""Tasks that misbehave, for the tests of worker processes."""

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from core.errors import TooLittleData
from core.progress import Progress
from core.workers.process import Report

Arguments = dict[str, Any]


def about(arguments: Arguments, report: Report) -> dict[str, Any]:
    """What the process is like."""
    report(Progress("looking", 0, 1))
    print("a library that prints")  # noqa: T201 - must not get between the messages
    return {
        "pid": os.getpid(),
        "nice": os.nice(0) if hasattr(os, "nice") else None,
        "threads": os.environ.get("OMP_NUM_THREADS"),
        "home": os.environ.get("RESNET_STUDIO_HOME"),
        "torch": "torch" in sys.modules,
        "said": arguments.get("said"),
    }


def step(arguments: Arguments, report: Report) -> int:
    """Count in steps of 50 ms; a line in the file ``begun`` for each start."""
    if begun := arguments.get("begun"):
        with Path(begun).open("a", encoding="ascii") as file:
            file.write(f"{os.getpid()}\n")
    for done in range(arguments["steps"]):
        report(Progress("stepping", done, arguments["steps"]))
        time.sleep(0.05)
    return int(arguments["steps"])


def hang(arguments: Arguments, report: Report) -> None:
    """Compute without any report."""
    report(Progress("hanging", 0, None))
    time.sleep(600)


def crash(arguments: Arguments, report: Report) -> None:
    """End as a segmentation fault does."""
    report(Progress("crashing", 0, None))
    os.kill(os.getpid(), signal.SIGSEGV)
    time.sleep(600)


def refuse(arguments: Arguments, report: Report) -> None:
    raise TooLittleData("There are 3 photos. Add photos to learn from.")


def fail(arguments: Arguments, report: Report) -> None:
    raise KeyError("a bug")


def devour(arguments: Arguments, report: Report) -> int:
    """Use more and more memory."""
    report(Progress("filling", 0, None))
    kept = []
    for _ in range(400):
        kept.append(bytearray(os.urandom(1)) * 20_000_000)
        time.sleep(0.01)
    return len(kept)


def devour_at_once(arguments: Arguments, report: Report) -> int:
    return len(bytearray(100_000_000_000))
