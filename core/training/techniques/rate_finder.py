"""The learning-rate finder: a short training whose rate grows from tiny to huge, and the rate that it suggests.

The range test of Smith (2017, arXiv 1506.01186), on fixed batches, so that the loss changes by the steps alone.
"""

import json
import math
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from core.data.snapshot import Snapshot
from core.errors import RunError
from core.progress import Progress
from core.training.batch_loading import Batch, LoadedBatch, loading, training_batches
from core.training.device import arithmetic, precision_name
from core.training.network import phases, without_wrapper
from core.training.recipe import Recipe
from core.training.setup import LogFunction, TrainingSetup, prepare_training
from core.training.trainer import prepare_phase

LOWEST_RATE, HIGHEST_RATE = 1e-5, 10.0
STEPS = 72
"""Twelve for each power of ten."""

_MOST_BATCHES = 8
_MOST_PHOTOS = 512
# A step's loss counts this much in the smoothed curve; the others count less the longer ago they were.
_NEWEST = 0.25
# The slope at a step is measured over so many steps on each side.
_SIDE = 3
# Where the smoothed loss exceeds the lowest one by this multiple of the whole fall, the test has seen enough.
_DIVERGED = 2.0


@dataclass(frozen=True)
class RateSearch:
    """The curve of a range test, up to where the loss had clearly grown again."""

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    """The smoothed loss before the step at each rate."""
    suggestion: float | None
    """A good peak rate of the head, with two digits; None if the loss never fell."""


@dataclass(frozen=True)
class _FixedBatch:
    images: Tensor
    """Normalised images, or the maps of the last frozen stage."""
    targets: tuple[Tensor, ...]


def find_rate(
    snapshot: Snapshot, recipe: Recipe, cache: Path | None = None, log: LogFunction | None = None
) -> Generator[Progress, None, RateSearch]:
    """Yield progress and return the range test of a recipe's first phase; it trains a network of its own.

    Up to eight batches take turns. Their frozen layers are computed once. Raises what ``fit`` raises.
    """
    run = yield from prepare_training(snapshot, recipe, None, False, log, cache)
    try:
        with arithmetic(precision_name(run.accelerator), recipe.deterministic):
            return (yield from _range_test_of(run))
    finally:
        run.accelerator.free_memory()


def _range_test_of(run: TrainingSetup) -> Generator[Progress, None, RateSearch]:
    recipe, device = run.recipe, run.accelerator.device
    network, optimizer = prepare_phase(run, phases(recipe)[0], 0)
    network.train()
    cut = without_wrapper(network).cut
    batches = []
    plan = _plan(run)
    with loading(run.photos, plan, device, 0) as loaded:
        for number, one in enumerate(loaded, 1):
            batches.append(_fixed(run, one, cut))
            yield Progress("computing the frozen layers" if cut else "reading the photos", number, len(plan))

    def step(number: int, rate: float) -> float:
        """Train on a batch and return its loss from before; at rate 0, only measure it."""
        batch = batches[number % len(batches)]
        outputs = network(batch.images, cut).float()
        loss = run.objective.loss(outputs, batch.targets) / len(batch.targets[0])
        if rate:
            for group in optimizer.param_groups:
                group["lr"] = rate * group["rate"]
            run.accelerator.backward(loss)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        return float(loss.detach())

    try:
        return (yield from range_test(step, len(batches)))
    except torch.OutOfMemoryError as error:
        raise RunError(
            f"The device ran out of memory for {recipe.batch_size} photos of {recipe.size} pixels per step. "
            "Choose a smaller batch size."
        ) from error


def range_test(
    step: Callable[[int, float], float],
    batches: int,
    lowest: float = LOWEST_RATE,
    highest: float = HIGHEST_RATE,
    steps: int = STEPS,
) -> Generator[Progress, None, RateSearch]:
    """Yield progress and return the losses of steps at growing rates, and the suggestion.

    ``step`` takes the number of a step, which selects one of the ``batches``, and a rate; it returns the loss from
    before the step, and changes nothing at rate 0. Batches differ in difficulty, so each loss is compared with that of
    the same batch before all steps.
    """
    starts = []
    for number in range(batches):
        starts.append(step(number, 0.0))
        yield Progress("trying learning rates", number + 1, batches + steps)
    level = sum(starts) / len(starts)
    rates: list[float] = []
    losses: list[float] = []
    smoothed, weight, most = 0.0, 0.0, level
    for number in range(steps):
        rate = lowest * (highest / lowest) ** (number / max(1, steps - 1))
        loss = step(number, rate) - starts[number % batches] + level
        if not math.isfinite(loss):
            break
        smoothed += _NEWEST * (loss - smoothed)
        weight += _NEWEST * (1 - weight)
        rates.append(rate)
        losses.append(smoothed / weight)
        fallen = level - min(losses)
        if losses[-1] > most + max(_DIVERGED * fallen, 0.5 * abs(level)):
            break
        yield Progress("trying learning rates", batches + number + 1, batches + steps)
    return RateSearch(tuple(rates), tuple(losses), suggested_rate(rates, losses))


def suggested_rate(rates: Sequence[float], losses: Sequence[float]) -> float | None:
    """Return the rate at which the loss fell fastest, with two digits; None if the loss never fell.

    The slope is that over half a power of ten. A tenth of the rate with the lowest loss, another usual choice, gave
    0.38 on photos of eyes and 0.02 on flowers (AdamW, frozen layers), where 0.002 is good: any high rate fits the few
    batches perfectly.
    """
    if not losses or min(losses) > losses[0] - 0.01 * abs(losses[0]):
        return None
    slopes = {place: (losses[place + _SIDE] - losses[place - _SIDE]) for place in range(_SIDE, len(losses) - _SIDE)}
    if not slopes:
        return None
    return float(f"{rates[min(slopes, key=slopes.__getitem__)]:.2g}")


def compute(arguments: Mapping[str, Any], report: Callable[[Progress], None]) -> dict[str, Any]:
    """Find a rate in a worker process: ``folder`` holds snapshot.csv and recipe.json, ``cache`` resized photos."""
    folder = Path(arguments["folder"])
    recipe = Recipe.from_json((folder / "recipe.json").read_bytes())
    search = find_rate(Snapshot.read(folder / "snapshot.csv"), recipe, Path(arguments["cache"]))
    while True:
        try:
            report(next(search))
        except StopIteration as end:
            return as_json(end.value)


def as_json(search: RateSearch) -> dict[str, Any]:
    """Return a search as JSON holds it."""
    return json.loads(json.dumps(asdict(search)))


def _plan(run: TrainingSetup) -> list[Batch]:
    """Return the first batches of the first epoch, as one process would train on them without accumulation."""
    recipe, photos = run.recipe, run.photos["train"]
    balanced = photos.labels if recipe.balanced_sampling else None
    batches = training_batches(len(photos), recipe.batch_size, recipe.seed, 1, balanced=balanced)
    return batches[: max(1, min(_MOST_BATCHES, _MOST_PHOTOS // recipe.batch_size))]


@torch.no_grad()
def _fixed(run: TrainingSetup, loaded: LoadedBatch, cut: str | None) -> _FixedBatch:
    """Return a batch on the device, with the frozen layers computed."""
    device = run.accelerator.device
    images = run.preprocessing.normalise(loaded.images.to(device)).contiguous(memory_format=torch.channels_last)
    if cut is not None:
        with run.accelerator.autocast():
            images = run.model.forward_to(images, cut)
    return _FixedBatch(images, tuple(target.to(device) for target in loaded.targets))
