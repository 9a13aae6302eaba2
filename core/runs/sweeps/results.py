"""The results of a sweep, from its runs: each recipe with the mean and the interval over its seeds, the best first.

Only validation photos count. The folders of the runs are the whole record: what a sweep varies is what differs between
their recipes, so a run that was deleted is simply missing.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from core.errors import RunError
from core.runs.folder import RunFolder, list_runs
from core.runs.status import Status
from core.runs.table import RunRow, row_of
from core.training.recipe import Recipe
from core.workspace import Workspace

CONFIDENCE = 0.95


@dataclass(frozen=True)
class SweepRun:
    """One run of a sweep; ``recipe`` is None if it cannot be read."""

    folder: RunFolder
    row: RunRow
    recipe: Recipe | None

    @property
    def seed(self) -> int | None:
        return self.recipe.seed if self.recipe else None

    @property
    def counts(self) -> bool:
        """Whether it is in the comparison: it trained to its end and was evaluated."""
        return self.row.state == "finished" and self.row.value is not None and self.recipe is not None


@dataclass(frozen=True)
class Mean:
    """The mean of a figure over the finished runs, with its 95 % interval.

    With several seeds, the interval is Student's t over them: it says what chance in training does, on these photos.
    With one, it is the interval of that run's report, over photos.
    """

    value: float
    low: float | None
    high: float | None
    n: int
    """The number of finished runs."""
    over_photos: bool
    lowest: float
    highest: float

    @property
    def rank(self) -> float:
        """The mean without rounding errors of the sum, which would separate equal ones."""
        return round(self.value, 9)


@dataclass(frozen=True)
class CellResult:
    """One recipe of a sweep with all its seeds."""

    settings: dict[str, Any]
    """Its values of the settings that vary between the recipes of the sweep."""
    runs: tuple[SweepRun, ...]
    mean: Mean | None
    """None before its first run has finished."""


@dataclass(frozen=True)
class SweepResult:
    """A sweep as it stands now."""

    id: str
    title: str
    runs: tuple[SweepRun, ...]
    """In the order of the plan."""

    @cached_property
    def figure(self) -> str:
        """What is compared: accuracy, or mean_iou for boxes."""
        return next((run.row.figure for run in self.runs if run.row.figure), "accuracy")

    @cached_property
    def varied(self) -> tuple[str, ...]:
        """The settings that differ between the recipes, apart from the seed."""
        settings = [run.recipe.model_dump() for run in self.runs if run.recipe]
        return tuple(
            name
            for name in Recipe.model_fields
            if name != "seed" and len({repr(values[name]) for values in settings}) > 1
        )

    @cached_property
    def cells(self) -> tuple[CellResult, ...]:
        """The recipes in the order of the plan."""
        groups: dict[str, list[SweepRun]] = {}
        for run in self.runs:
            if run.recipe is not None:
                groups.setdefault(repr([getattr(run.recipe, name) for name in self.varied]), []).append(run)
        return tuple(
            CellResult({name: getattr(runs[0].recipe, name) for name in self.varied}, tuple(runs), mean_of(runs))
            for runs in groups.values()
        )

    @cached_property
    def ranked(self) -> tuple[CellResult, ...]:
        """The recipes with the best mean first, at a tie in the order of the plan; those without a result last."""
        return tuple(sorted(self.cells, key=lambda cell: -1.0 if cell.mean is None else cell.mean.rank, reverse=True))

    @property
    def best(self) -> CellResult | None:
        """The recipe with the best mean; None before the first run has finished."""
        return self.ranked[0] if self.ranked and self.ranked[0].mean else None

    @property
    def live(self) -> bool:
        return any(run.row.state in ("queued", "preparing", "running") for run in self.runs)

    @property
    def finished(self) -> int:
        return sum(run.row.state == "finished" for run in self.runs)

    @property
    def resumable(self) -> bool:
        """Whether some runs ended before their time."""
        return any(run.row.state in ("stopped", "interrupted", "failed") for run in self.runs)

    @property
    def photos(self) -> int:
        """The number of validation photos."""
        return max((run.row.n for run in self.runs), default=0)


def mean_of(runs: Sequence[SweepRun]) -> Mean | None:
    """Return the mean over the finished runs, or None without any."""
    found = [run.row for run in runs if run.counts]
    values = [row.value for row in found if row.value is not None]
    if not values:
        return None
    if len(values) == 1:
        return Mean(values[0], found[0].low, found[0].high, 1, True, values[0], values[0])
    mean = math.fsum(values) / len(values)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
    half = _t(len(values) - 1) * deviation / math.sqrt(len(values))
    return Mean(mean, max(0.0, mean - half), min(1.0, mean + half), len(values), False, min(values), max(values))


def _t(freedom: int) -> float:
    """Return the quantile of Student's t for a two-sided interval."""
    from scipy.special import stdtrit  # a third of a second, and lists of runs need none of it

    return float(stdtrit(freedom, (1 + CONFIDENCE) / 2))


def sweep_of(sweep_id: str, runs: Sequence[RunFolder]) -> SweepResult:
    """Return the result of these runs of one sweep, in the order in which they were created."""
    ordered = sorted(((run.status(), run) for run in runs), key=lambda pair: (pair[0].created, pair[1].id))
    found = tuple(SweepRun(run, row_of(run), _recipe(run)) for _, run in ordered)
    title = next((status.sweep_title for status, _ in ordered if status.sweep_title), sweep_id)
    return SweepResult(sweep_id, title, found)


def workspace_sweeps(workspace: Workspace, project_id: int | None = None) -> dict[str, list[RunFolder]]:
    """Return the runs of each sweep of the workspace, the newest sweep first."""
    found: dict[str, list[RunFolder]] = {}
    for run in list_runs(workspace, project_id):
        status: Status = run.status()
        if status.sweep:
            found.setdefault(status.sweep, []).append(run)
    return found


def workspace_sweep(sweep_id: str, workspace: Workspace) -> SweepResult:
    """Return a sweep of the workspace. Raises RunError if none of its runs is left."""
    runs = workspace_sweeps(workspace).get(sweep_id)
    if not runs:
        raise RunError(f"There is no sweep {sweep_id[:100]!r} in the workspace. Its runs may have been deleted.")
    return sweep_of(sweep_id, runs)


def _recipe(run: RunFolder) -> Recipe | None:
    try:
        return run.recipe()
    except RunError:  # the run's own page reports it
        return None
