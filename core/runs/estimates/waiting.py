"""The expected time of a run with the queue before it: what has to end before it can start."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from core.data.snapshot import Snapshot
from core.errors import StudioError
from core.processors import available_processors, present_slowdown
from core.runs.automatic.phases import read_phases
from core.runs.estimates.automatic_time import AutomaticTime, automatic_time, first_recipe
from core.runs.estimates.early_time import early_seconds
from core.runs.estimates.expected_time import expected_seconds
from core.runs.estimates.speed import Speed
from core.runs.estimates.speeds_by_work import SpeedsByWork
from core.runs.folder import RunFolder
from core.runs.queueing.device_queue import line_of
from core.runs.queueing.queue import ahead_of_new
from core.training.recipe import Recipe
from core.workspace import Workspace

_MOST_LEFT = 1_000
_left: dict[Path, tuple[float, float]] = {}


@dataclass(frozen=True)
class ExpectedTime:
    """How long a run takes from its start, and how long it waits before."""

    seconds: float
    """For automatic training the longest time: it may end much sooner."""
    speed: Speed
    runs_ahead: int
    seconds_ahead: float
    first_model: float | None = None
    """Seconds until the first model is there, for automatic training and for runs with an early model."""
    first_phase: float | None = None
    """For automatic training: seconds until its first phase is over."""


def expected_time(
    workspace: Workspace,
    recipe: Recipe,
    snapshot: Snapshot,
    runs: Sequence[RunFolder],
    *,
    ready: float = 0.0,
    at_most_old: float = 0.0,
) -> ExpectedTime:
    """Return the expected time of a run that is started now. ``runs`` are the workspace's, the newest first.

    ``ready`` is the share of the run's kept features that are there already. What is known of the runs ahead may be up
    to ``at_most_old`` seconds old.
    """
    ahead = ahead_of_new(workspace, line_of(recipe.device), at_most_old)
    # When ours starts, what they keep busy now is free again.
    training = any(run.status().state != "queued" for run in ahead)
    busy = present_slowdown(without=available_processors() if training else 0.0)
    speeds = SpeedsByWork(workspace, runs, busy)
    waiting = sum(_lately_left(run, speeds, busy, at_most_old) for run in ahead)
    if recipe.train == "automatic":
        times, speed = _automatic(recipe, snapshot, speeds, busy, ready)
        return ExpectedTime(times.longest, speed, len(ahead), waiting, times.first_model, times.first_phase)
    speed = speeds.of_run(recipe, snapshot.task)
    parts = expected_seconds(recipe, snapshot, speed, ready=ready, busy=busy)
    early = early_seconds(recipe, snapshot, speed, parts, ready=ready, busy=busy)
    return ExpectedTime(sum(parts.values()), speed, len(ahead), waiting, early)


def _lately_left(run: RunFolder, speeds: SpeedsByWork, busy: float, at_most_old: float) -> float:
    """Return `_seconds_left`, or what it was when another page asked: in a class, thirty pages ask for thirty runs."""
    now = time.monotonic()
    moment, seconds = _left.get(run.path, (float("-inf"), 0.0))
    if now - moment < at_most_old:
        return seconds
    seconds = _seconds_left(run, speeds, busy)
    if at_most_old > 0:
        if len(_left) >= _MOST_LEFT:
            _left.clear()
        _left[run.path] = (now, seconds)
    return seconds


def _seconds_left(run: RunFolder, speeds: SpeedsByWork, busy: float) -> float:
    status = run.status()
    known = status.seconds_left
    try:
        recipe = run.recipe()
        if known is not None and recipe.train != "automatic":
            return known
        snapshot = _snapshot_of(run)
        phases = read_phases(run.path)
    except StudioError:  # damaged: it fails at its start
        return known or 0.0
    if recipe.train == "automatic":  # what it says itself is about its present phase
        # One that was stopped goes on with its phases after a resume; until it waits again, it is only evaluated.
        if phases and (phases.over or (phases.end and status.state == "running")):
            return known or 0.0
        longest = _automatic(recipe, snapshot, speeds, busy, 0.0)[0].longest
        return max(known or 0.0, longest - (phases.seconds if phases else 0.0))
    speed = speeds.of_run(recipe, snapshot.task)
    return sum(expected_seconds(recipe, snapshot, speed, busy=busy).values())


def _snapshot_of(run: RunFolder) -> Snapshot:
    """Return a run's snapshot, kept from the last look: in a class, thirty runs may be ahead of a new one."""
    try:
        found = (run.path / "snapshot.csv").stat()
    except OSError:  # the reader says what is wrong
        return run.snapshot()
    return _kept_snapshot(run.path, found.st_size, found.st_mtime_ns)


@lru_cache(maxsize=48)
def _kept_snapshot(path: Path, size: int, changed: int) -> Snapshot:
    return RunFolder(path).snapshot()


def _automatic(
    recipe: Recipe, snapshot: Snapshot, speeds: SpeedsByWork, busy: float, ready: float
) -> tuple[AutomaticTime, Speed]:
    """Return the times of an automatic training, and the speed that its first model depends on."""
    head = speeds.of_run(first_recipe(recipe, snapshot.task), snapshot.task)
    deeper = speeds.of_later_phases(recipe)
    return automatic_time(recipe, snapshot, head, deeper, ready=ready, busy=busy), head
