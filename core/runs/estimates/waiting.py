"""The expected time of a run with the queue before it: what has to end before it can start."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.data.snapshot import Snapshot
from core.errors import StudioError
from core.processors import available_processors, present_slowdown
from core.runs.automatic.phases import read_phases
from core.runs.device_queue import queue_name
from core.runs.estimates.automatic_time import AutomaticTime, automatic_time, first_recipe
from core.runs.estimates.expected_time import expected_seconds
from core.runs.estimates.speed import Speed, expected_speed, run_speed
from core.runs.folder import RunFolder
from core.training.recipe import Recipe
from core.workspace import Workspace


@dataclass(frozen=True)
class ExpectedTime:
    """How long a run takes from its start, and how long it waits before."""

    seconds: float
    """For automatic training the longest time: it may end much sooner."""
    speed: Speed
    runs_ahead: int
    seconds_ahead: float
    first_model: float | None = None
    """For automatic training: seconds until its first model is there."""


def expected_time(
    workspace: Workspace, recipe: Recipe, snapshot: Snapshot, runs: Sequence[RunFolder], *, ready: float = 0.0
) -> ExpectedTime:
    """Return the expected time of a run that is started now. ``runs`` are the workspace's, the newest first.

    ``ready`` is the share of the run's kept features that are there already.
    """
    ahead = [run for run in runs if _waits_for(run, recipe)]
    # When ours starts, what they keep busy now is free again.
    training = any(run.status().state != "queued" for run in ahead)
    busy = present_slowdown(without=available_processors() if training else 0.0)
    waiting = sum(_seconds_left(workspace, run, runs, busy) for run in ahead)
    if recipe.train == "automatic":
        times, speed = _automatic(workspace, recipe, snapshot, runs, busy, ready)
        return ExpectedTime(times.longest, speed, len(ahead), waiting, times.first_model)
    speed = run_speed(workspace, recipe, snapshot.task, runs, busy)
    seconds = sum(expected_seconds(recipe, snapshot, speed, ready=ready, busy=busy).values())
    return ExpectedTime(seconds, speed, len(ahead), waiting)


def _waits_for(run: RunFolder, recipe: Recipe) -> bool:
    status = run.status()
    return status.live and status.line == queue_name(recipe.device)


def _seconds_left(workspace: Workspace, run: RunFolder, runs: Sequence[RunFolder], busy: float) -> float:
    known = run.status().seconds_left
    try:
        recipe = run.recipe()
        if known is not None and recipe.train != "automatic":
            return known
        snapshot = run.snapshot()
        phases = read_phases(run.path)
    except StudioError:  # damaged: it fails at its start
        return known or 0.0
    if recipe.train == "automatic":  # what it says itself is about its present phase
        longest = _automatic(workspace, recipe, snapshot, runs, busy, 0.0)[0].longest
        return max(known or 0.0, longest - (phases.seconds if phases else 0.0))
    speed = run_speed(workspace, recipe, snapshot.task, runs, busy)
    return sum(expected_seconds(recipe, snapshot, speed, busy=busy).values())


def _automatic(
    workspace: Workspace, recipe: Recipe, snapshot: Snapshot, runs: Sequence[RunFolder], busy: float, ready: float
) -> tuple[AutomaticTime, Speed]:
    """Return the times of an automatic training, and the speed that its first model depends on."""
    head = run_speed(workspace, first_recipe(recipe, snapshot.task), snapshot.task, runs, busy)
    deeper = expected_speed(workspace, recipe.model_copy(update={"train": "layer4", "time_limit": None}), runs, busy)
    return automatic_time(recipe, snapshot, head, deeper, ready=ready, busy=busy), head
