"""How fast this machine trains and predicts: from earlier runs, else measured once, else a guess."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from core.errors import RunError, StudioError
from core.features.engines.remembered import remembered_speed
from core.features.preferred_engine import preferred_engine
from core.processors import available_processors, has_bfloat16_units, present_slowdown
from core.runs.automatic.phases import Phases, read_phases
from core.runs.estimates.machine_speed import remembered
from core.runs.estimates.work import FULL_STEP, billions, passes
from core.runs.folder import RunFolder
from core.runs.metrics import records
from core.runs.queueing.device_queue import queue_name
from core.training.linear.frozen_start import frozen_start
from core.training.recipe import Recipe
from core.workspace import Workspace

# Billions of multiply-adds per second on a GPU, a rough value.
_PER_ACCELERATOR = 6000.0
_FASTEST_PROCESSOR = 100.0
"""Billions per second of one processor: with a clock that runs too coarsely, a product seems to take no time."""
# The share of a matrix product's speed that convolutions reach, and what 16-bit units add to it in training.
_CONVOLUTIONS = 0.5
_SIXTEEN_BIT = 1.7

_SPREAD_ROUGH, _SPREAD_OTHER_RUN, _SPREAD_MACHINE = 1.7, 1.6, 1.3
_SAME_WORK = ("arch", "size", "views", "batch_size")
_USUAL_SHARE = 1.2
"""What `core.processors.ProcessorShare` says of a training that is alone: reading and writing keep one thread busy."""
_LEAST_MEASURABLE = 0.1
"""Forward passes of a step whose time says how fast a network computes: a head on kept vectors says nothing."""


@dataclass(frozen=True)
class Speed:
    """How fast this machine computes, in billions of multiply-adds of forward passes per second."""

    training: float
    exact: float
    """In fp32, in which reports are made."""
    spread: float
    """The factor by which the estimate may be off in both directions."""
    source: str
    """Half a sentence for the person."""
    full_step: float = FULL_STEP
    """Cost of a training step of all layers, in forward passes."""
    rough: bool = False
    """Whether nothing was measured."""
    measures: bool = False
    """Whether a run measures first which engine computes features fastest here."""


def expected_speed(workspace: Workspace, recipe: Recipe, runs: Iterable[RunFolder], busy: float | None = None) -> Speed:
    """Return the best figure there is: of the same work, of this machine, of other work, or a guess from processors.

    ``busy`` is how many times longer work takes because of others, as `present_slowdown` says it unless given.
    ``runs`` are the workspace's runs, the newest first.
    """
    earlier = measured_speed(recipe, runs, busy)
    if earlier is not None and earlier.spread == 1.0:
        return earlier
    return machine_speed(workspace, recipe, busy) or earlier or rough_speed(recipe, busy)


def run_speed(
    workspace: Workspace, recipe: Recipe, task: str, runs: Iterable[RunFolder], busy: float | None = None
) -> Speed:
    """Return the speed that a run's time depends on: that of its vectors if its head is solved."""
    if not recipe.solves_head(task):
        return expected_speed(workspace, recipe, runs, busy)
    known = features_speed(workspace, recipe, busy)
    return known or replace(expected_speed(workspace, recipe, runs, busy), measures=_measures(workspace, recipe))


def features_speed(workspace: Workspace, recipe: Recipe, busy: float | None = None) -> Speed | None:
    """Return the speed of the engine that computes vectors for a solved head; None before it is measured."""
    try:
        start = frozen_start(recipe)
    except StudioError:  # the run will say it
        return None
    images = remembered_speed(workspace, start.network, exact=recipe.precision == "fp32") if start else None
    if images is None:
        return None
    rate = images * billions(recipe) / _busy(recipe, busy)
    return Speed(rate, rate, _SPREAD_MACHINE, "from this computer's measured speed")


def _measures(workspace: Workspace, recipe: Recipe) -> bool:
    """Return whether a run will measure the engines, none of which was measured yet.

    In full precision and where one was chosen for fewer photos, it takes that one.
    """
    try:
        start = frozen_start(recipe)
    except StudioError:  # the run will say it
        return False
    return recipe.precision != "fp32" and (start is None or preferred_engine(workspace, start.network) is None)


def machine_speed(workspace: Workspace, recipe: Recipe, busy: float | None = None) -> Speed | None:
    """Return this machine's measured speed; None before it is measured, and for another device or precision."""
    found = remembered(workspace)
    if found is None or recipe.device not in ("auto", found.device):
        return None
    busy = _busy(recipe, busy)
    if recipe.precision == "auto":
        training, full_step = found.forward, found.step_passes
    elif recipe.precision == "fp32":
        training, full_step = found.exact, FULL_STEP
    else:
        return None
    return Speed(training / busy, found.exact / busy, _SPREAD_MACHINE, "from this computer's measured speed", full_step)


def measured_speed(recipe: Recipe, runs: Iterable[RunFolder], busy: float | None = None) -> Speed | None:
    """Return the speed of the newest finished run with the same work, else of any on the same device; None without."""
    other = None
    for run in runs:
        earlier = recipe_or_none(run) if run.status().state == "finished" else None
        if earlier is None or (earlier.device, earlier.precision) != (recipe.device, recipe.precision):
            continue
        same = _work(earlier) == _work(recipe)
        if other is not None and not same:
            continue
        rate = _rate_of(run, earlier, _busy(recipe, busy))
        if rate is None:
            continue
        exact = rate if recipe.precision == "fp32" else min(rate, rough_speed(recipe, busy).exact)
        if same:
            return Speed(rate, exact, 1.0, "measured in your last similar run")
        other = Speed(rate, exact, _SPREAD_OTHER_RUN, "from the speed of another run")
    return other


def rough_speed(recipe: Recipe, busy: float | None = None) -> Speed:
    """Return a guess for a machine without a finished run: its processors are timed, a GPU is taken as average."""
    source = "a rough estimate; the first run measures this computer"
    if queue_name(recipe.device) != "cpu":
        return Speed(_PER_ACCELERATOR, _PER_ACCELERATOR / 2, 2 * _SPREAD_ROUGH, source, rough=True)
    exact = _CONVOLUTIONS * processor_speed() / _busy(recipe, busy)
    fast = recipe.precision == "bf16" or (recipe.precision == "auto" and has_bfloat16_units())
    return Speed(exact * (_SIXTEEN_BIT if fast else 1.0), exact, _SPREAD_ROUGH, source, rough=True)


@lru_cache(maxsize=1)
def processor_speed() -> float:
    """Return the billions of multiply-adds per second of all processors, from the fastest of some matrix products."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    side = 384
    one, other = (np.full((side, side), value, dtype=np.float32) for value in (0.5, 0.25))
    fastest = float("inf")
    # In one thread: on a busy machine, several wait for each other and say nothing about its speed.
    with threadpool_limits(1, user_api="blas"):
        for _ in range(20):
            began = time.perf_counter()
            one @ other
            fastest = min(fastest, time.perf_counter() - began)
    return min(_FASTEST_PROCESSOR, side**3 / fastest / 1e9) * available_processors()


def recipe_or_none(run: RunFolder) -> Recipe | None:
    """Return a run's recipe; None for a damaged folder, which the run's own page reports."""
    try:
        return run.recipe()
    except RunError:
        return None


def _work(recipe: Recipe) -> list[object]:
    """Return what the speed of a training depends on; the later phases of an automatic one begin with layer4."""
    train = "layer4" if recipe.train == "automatic" else recipe.train
    return [train, *(getattr(recipe, name) for name in _SAME_WORK)]


def _busy(recipe: Recipe, busy: float | None) -> float:
    """Return how many times longer work takes because of others; 1 on a GPU, whose load is not known."""
    if queue_name(recipe.device) != "cpu":
        return 1.0
    return present_slowdown() if busy is None else busy


def _rate_of(run: RunFolder, recipe: Recipe, busy: float) -> float | None:
    """Return a run's speed in training, from its epochs, as it would be under the present load; None if it has none."""
    phases = _phases(run) if recipe.train == "automatic" else None
    steps = passes(recipe) if phases is None else []
    busy_counts = queue_name(recipe.device) == "cpu"
    rates = []
    for line in records(run.metrics_path, "epoch"):
        epoch, speed = int(line["epoch"]), line.get("images_per_second") or 0.0
        if phases is not None:
            cost = passes(recipe.model_copy(update={"train": phases.trains(epoch) or "head", "epochs": 1}))[0]
        else:
            cost = steps[min(epoch, len(steps)) - 1]
        if speed > 0 and cost >= _LEAST_MEASURABLE:
            then = max(1.0, float(line["slowdown"]) / _USUAL_SHARE) if line.get("slowdown") else busy
            rates.append(float(speed) * billions(recipe) * cost * (then / busy if busy_counts else 1.0))
    return float(np.median(rates)) if rates else None


def _phases(run: RunFolder) -> Phases:
    """Return the phases of an automatic training; none if they cannot be read, which the run's own page reports."""
    try:
        return read_phases(run.path) or Phases()
    except RunError:
        return Phases()
