"""The expected time of a sweep: its runs one after the other, each with the features that earlier ones leave to it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.data.snapshot import Snapshot
from core.features.views import ORIGINAL, view_names
from core.processors import present_slowdown
from core.runs.estimates.automatic_time import automatic_time, first_recipe
from core.runs.estimates.expected_time import expected_seconds
from core.runs.estimates.readiness import vectors_readiness
from core.runs.estimates.speeds_by_work import SpeedsByWork
from core.runs.estimates.work import keeps_features, trained_parts
from core.runs.folder import RunFolder
from core.training.recipe import Recipe
from core.workspace import Workspace

_FEATURES_DEPEND_ON = ("arch", "weights", "source", "size", "mode", "device", "precision")


@dataclass(frozen=True)
class SweepTime:
    """How long all runs of a sweep take together, from the start of the first."""

    low: float
    high: float
    at_most: bool
    """Whether some runs may end before their time."""


def expected_sweep_time(
    workspace: Workspace, recipes: Sequence[Recipe], snapshot: Snapshot, runs: Sequence[RunFolder]
) -> SweepTime:
    """Return the expected time of these runs. ``runs`` are the workspace's, the newest first.

    What the frozen layers compute for one run is there for the next one with the same network and views.
    """
    busy = present_slowdown()
    speeds = SpeedsByWork(workspace, runs, busy)
    low = high = 0.0
    for recipe, ready in zip(recipes, _ready_shares(workspace, recipes, snapshot), strict=True):
        if recipe.train == "automatic":
            first = speeds.of_run(first_recipe(recipe, snapshot.task), snapshot.task)
            deeper = speeds.of_later_phases(recipe)
            times = automatic_time(recipe, snapshot, first, deeper, ready=ready, busy=busy)
            low, high = low + times.first_phase / first.spread, high + times.longest * deeper.spread
        else:
            speed = speeds.of_run(recipe, snapshot.task)
            seconds = sum(expected_seconds(recipe, snapshot, speed, ready=ready, busy=busy).values())
            low, high = low + seconds / speed.spread, high + seconds * speed.spread
    return SweepTime(low, high, any(one.patience or one.train == "automatic" for one in recipes))


def _ready_shares(workspace: Workspace, recipes: Sequence[Recipe], snapshot: Snapshot) -> Iterator[float]:
    """Yield for each run which share of its features, or of its decoded photos, will be there when it starts."""
    parts = snapshot.frame["split"].value_counts()
    train, val = int(parts.get("train", 0)), int(parts.get("val", 0))
    before: dict[tuple[object, ...], float] = {}
    left_by: dict[tuple[object, ...], set[str]] = {}
    for recipe in recipes:
        if recipe.train == "automatic":
            recipe = first_recipe(recipe, snapshot.task)
        solved = recipe.solves_head(snapshot.task)
        views = set(view_names(max(1, recipe.views), recipe.augmentation))
        what = "vectors" if solved else trained_parts(recipe)[0]
        key: tuple[object, ...] = (
            what,
            recipe.head_features != "last",
            *(getattr(recipe, name) for name in _FEATURES_DEPEND_ON),
        )
        if not solved and not keeps_features(recipe):
            views, key = {ORIGINAL}, ("photos", recipe.size, recipe.mode)
        there = left_by.setdefault(key, set())
        missing = float(len(views - there) * train + (0 if there else val))
        if solved and missing:
            kept = (*key, tuple(sorted(views)))
            if kept not in before:
                found = vectors_readiness(workspace, recipe, snapshot)
                before[kept] = found.share if found else 0.0
            missing *= 1 - before[kept]
        yield 1 - missing / max(1, len(views) * train + val)
        there |= views
