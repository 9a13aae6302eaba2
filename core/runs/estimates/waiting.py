"""The expected time of a run with the queue before it: what has to end before it can start."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.data.snapshot import Snapshot
from core.errors import StudioError
from core.processors import available_processors, present_slowdown
from core.runs.device_queue import queue_name
from core.runs.estimates.expected_time import expected_seconds
from core.runs.estimates.speed import Speed, expected_speed, features_speed
from core.runs.folder import RunFolder
from core.training.recipe import Recipe
from core.workspace import Workspace


@dataclass(frozen=True)
class ExpectedTime:
    """How long a run takes from its start, and how long it waits before."""

    seconds: float
    speed: Speed
    runs_ahead: int
    seconds_ahead: float


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
    speed = _speed(workspace, recipe, snapshot, runs, busy)
    seconds = sum(expected_seconds(recipe, snapshot, speed, ready=ready, busy=busy).values())
    return ExpectedTime(seconds, speed, len(ahead), waiting)


def _waits_for(run: RunFolder, recipe: Recipe) -> bool:
    status = run.status()
    return status.live and status.line == queue_name(recipe.device)


def _seconds_left(workspace: Workspace, run: RunFolder, runs: Sequence[RunFolder], busy: float) -> float:
    known = run.status().seconds_left
    if known is not None:
        return known
    try:
        recipe, snapshot = run.recipe(), run.snapshot()
    except StudioError:  # damaged: it fails at its start
        return 0.0
    speed = _speed(workspace, recipe, snapshot, runs, busy)
    return sum(expected_seconds(recipe, snapshot, speed, busy=busy).values())


def _speed(workspace: Workspace, recipe: Recipe, snapshot: Snapshot, runs: Sequence[RunFolder], busy: float) -> Speed:
    of_vectors = features_speed(workspace, recipe, busy) if recipe.solves_head(snapshot.task) else None
    return of_vectors or expected_speed(workspace, recipe, runs, busy)
