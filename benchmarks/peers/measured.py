"""Runs one program and follows it: seconds, memory, and a line for every model it reports, until a time limit."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil

_POLL_SECONDS = 0.05
_MEMORY_SECONDS = 1.0
_LAST_LINES = 15
_PROBE_SIDE = 1536
_PROBE_SECONDS = 1.0


@dataclass
class Point:
    """A model that can predict, and what its epoch took."""

    seconds: float
    """From the start of the process to the moment when the accuracy was known."""
    val_accuracy: float
    part: str
    """What was trained: head, layer4, layer3, all."""
    train_seconds: float | None
    """Of this epoch, without validation."""
    photos: int
    """How many photos the epoch trained on."""
    kept: bool = True
    """Whether the model exists; False for a point on the way to one, such as an iteration of a solver."""
    sampled: bool = False
    """Whether the accuracy is of a part of the validation photos: such a model only counts as a first usable one."""


@dataclass
class Measured:
    """What one program took."""

    command: list[str]
    exit: int | None
    """None: it ran past the limit and was ended."""
    seconds: float
    cpu_seconds: float
    """Of the process and all that it waited for."""
    memory_mb: float
    """The peak of the sum over its processes, shared pages counted once; at least that of its largest process."""
    load: float
    """How many processors others kept busy in the second before; a quiet machine has less than 0.3."""
    points: list[Point] = field(default_factory=list)
    last_lines: list[str] = field(default_factory=list)
    speeds: list[float] = field(default_factory=list)
    """How fast the machine was just before and just after: see `machine_speed`."""

    def as_json(self) -> dict[str, Any]:
        """Return it for a JSON file."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Measured":
        """Return what as_json wrote."""
        return cls(**{**values, "points": [Point(**point) for point in values["points"]]})


class Follower:
    """Returns the points that a program has reported since the last look."""

    def __init__(
        self,
        path: Path,
        to_point: Callable[[dict[str, Any], float], Point | None],
        ready: Callable[[], bool] = lambda: True,
    ) -> None:
        """``to_point`` takes a line of the JSON lines file and the seconds since the start; None skips the line.

        Lines that come before there is a model that can predict wait until it is ready.
        """
        self._path, self._to_point, self._ready, self._read = path, to_point, ready, 0

    def new(self, seconds: float) -> Iterator[Point]:
        """Yield the points of new whole lines."""
        if not self._ready():
            return
        try:
            with self._path.open("rb") as file:
                file.seek(self._read)
                found = file.read()
        except FileNotFoundError:
            return
        whole = found[: found.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            point = self._to_point(json.loads(line), seconds)
            if point is not None:
                yield point


def machine_speed() -> float:
    """Return how fast the machine is in this second: products of matrices in fresh memory, in GFLOP/s.

    What slows it down may be outside of it, such as other virtual machines. Not all of that slows down these products.
    """
    began, products = time.perf_counter(), 0
    left = np.ones((_PROBE_SIDE, _PROBE_SIDE), np.float32)
    while time.perf_counter() - began < _PROBE_SECONDS:
        left @ left.copy()
        products += 1
    return 2e-9 * products * _PROBE_SIDE**3 / (time.perf_counter() - began)


def measure(
    command: Sequence[str],
    *,
    log: Path,
    cwd: Path,
    limit: float | None = None,
    follower: Follower | None = None,
    show: Callable[[Point], None] = lambda point: None,
    env: Mapping[str, str] | None = None,
) -> Measured:
    """Run the program until it ends or the limit in seconds has passed; its output goes to ``log``."""
    # Not the load average: after a run of the same benchmark it is high for minutes.
    load = psutil.cpu_percent(interval=1.0) / 100 * (os.cpu_count() or 1)
    speeds = [machine_speed()]
    points: list[Point] = []
    memory, looked, ended = 0.0, float("-inf"), False
    with log.open("wb") as output:
        began = time.time()
        process = subprocess.Popen(
            command,
            cwd=cwd,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, **(env or {})},
        )
        while True:
            done, status, usage = os.wait4(process.pid, os.WNOHANG)
            seconds = time.time() - began
            for point in follower.new(seconds) if follower else ():
                points.append(point)
                show(point)
            if done:
                break
            if limit is not None and seconds > limit and not ended:
                ended = True
                _end(process.pid)
            if time.monotonic() - looked > _MEMORY_SECONDS:
                looked = time.monotonic()
                memory = max(memory, _memory_of_tree(process.pid))
            time.sleep(_POLL_SECONDS)
    process.returncode = os.waitstatus_to_exitcode(status)
    speeds.append(machine_speed())
    return Measured(
        command=list(command),
        exit=None if ended else process.returncode,
        seconds=seconds,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        memory_mb=max(memory, usage.ru_maxrss / (1024 if os.uname().sysname == "Linux" else 1024**2)),
        load=load,
        speeds=speeds,
        points=points,
        last_lines=log.read_text(errors="replace").splitlines()[-_LAST_LINES:],
    )


def _end(pid: int) -> None:
    """End a process that we started, and all its descendants, also those with a session of their own."""
    descendants = psutil.Process(pid).children(recursive=True)
    os.killpg(pid, signal.SIGKILL)
    for process in descendants:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def _memory_of_tree(pid: int) -> float:
    """Return the memory of a process and its descendants in MB."""
    total = 0.0
    try:
        processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    for process in processes:
        try:
            total += _proportional_memory(process)
        except (psutil.Error, OSError):  # it has just ended
            continue
    return total


def _proportional_memory(process: psutil.Process) -> float:
    """Return its memory in MB; a page that n processes share counts 1/n where the system tells."""
    path = Path(f"/proc/{process.pid}/smaps_rollup")
    if not path.exists():
        return process.memory_info().rss / 2**20
    for line in path.read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0
