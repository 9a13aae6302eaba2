"""An estimate of how long a run will take, before it starts: from its start to its reports."""

import itertools
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from core.data.snapshot import Snapshot
from core.errors import RunError
from core.processors import available_processors, slowdown
from core.runs.device_queue import queue_name
from core.runs.folder import RunFolder
from core.training.recipe import Recipe
from pages.components.train.status_text import format_duration

# Multiply-adds of one forward pass over 224 x 224 pixels, in billions; `python -m core summary` prints them.
_BILLION_MULTIPLY_ADDS = {
    **{"resnet18": 1.8, "resnet34": 3.7, "resnet50": 4.1, "resnet101": 7.8, "resnet152": 11.5},
    **{"resnet50-v1": 3.9, "resnet101-v1": 7.6, "resnet152-v1": 11.3},
    **{"resnext50-32x4d": 4.2, "resnext101-32x8d": 16.4, "wide-resnet50-2": 11.4},
    **{"seresnet50": 4.1, "seresnet101": 7.8, "seresnet152": 11.5},
    **{"keras-resnet50": 3.9, "keras-resnet101": 7.6, "keras-resnet152": 11.3},
    **{"keras-resnet50v2": 3.5, "keras-resnet101v2": 7.2, "keras-resnet152v2": 10.9},
}

# Billions of multiply-adds per second on a GPU, a rough value.
_PER_ACCELERATOR = 6000.0
_FASTEST_PROCESSOR = 100.0
"""Billions per second of one processor: with a clock that runs too coarsely, a product seems to take no time."""
# The share of a matrix product's speed that convolutions reach, and what 16-bit units add to it in training.
_CONVOLUTIONS = 0.5
_SIXTEEN_BIT = 1.7

# Cost of a training step, in forward passes through the whole network.
_PASSES = {"head": 1.0, "layer4": 2.1, "layer3": 3.2, "all": 5.5}

_START_SECONDS = 6.0
"""Starting Python, loading PyTorch and the model, and two batches to see that everything works."""
_REPORT_SECONDS = 5.0
"""Loading the best model again and writing the reports."""
_DECODE_SECONDS, _DECODE_SECONDS_PER_BYTE = 0.004, 45e-9
"""Reading and resizing a JPEG, by its size."""
_SAVED_BYTES_PER_SECOND = 400e6
_BYTES_PER_MULTIPLY_ADD = 24 / 1000
"""A bundle's size relative to the work of its network, which is similar throughout the family."""
_SAMPLED_FILES = 20

_SPREAD_ROUGH, _SPREAD_OTHER_RUN = 1.7, 1.6


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


def time_sentence(recipe: Recipe, snapshot: Snapshot, runs: list[RunFolder]) -> str:
    """Return the expected time as a sentence: a range if it is rough, and where it comes from.

    ``runs`` are the workspace's runs, the newest first: their speeds are this machine's.
    """
    speed = measured_speed(recipe, runs) or rough_speed(recipe)
    seconds = sum(expected_seconds(recipe, snapshot, speed).values())
    most = "at most " if recipe.patience else ""
    return f"Expected time: {most}{duration_range(seconds / speed.spread, seconds * speed.spread)} ({speed.source})."


def expected_seconds(recipe: Recipe, snapshot: Snapshot, speed: Speed) -> dict[str, float]:
    """Return the expected seconds of each part of a run."""
    parts = snapshot.frame["split"].value_counts()
    train, val, test = (int(parts.get(split, 0)) for split in ("train", "val", "test"))
    forward = _billions(recipe)
    passes = _passes(recipe)
    busy = slowdown()
    trained = sum(passes) / len(passes) - 1  # 0 if only the head is trained: then the optimizer's state is small
    saved = _model_bytes(recipe) * (2 + (2 if trained > 0.5 else 0)) / _SAVED_BYTES_PER_SECOND
    return {
        "start": _START_SECONDS * busy,
        "reading the photos": _seconds_to_read(snapshot) * busy,
        "training": train * forward * sum(passes) / speed.training,
        "validation": recipe.epochs * val * forward / speed.training,
        "saving": recipe.epochs * saved * busy,
        "evaluation": _REPORT_SECONDS * busy + (val + test) * forward / speed.exact,
    }


def measured_speed(recipe: Recipe, runs: Iterable[RunFolder]) -> Speed | None:
    """Return the speed of the newest finished run with the same work, else of any on the same device; None without."""
    other = None
    for run in runs:
        earlier = recipe_or_none(run) if run.status().state == "finished" else None
        if earlier is None or (earlier.device, earlier.precision) != (recipe.device, recipe.precision):
            continue
        same = all(getattr(earlier, name) == getattr(recipe, name) for name in ("arch", "train", "size"))
        if other is not None and not same:
            continue
        rate = _rate_of(run, earlier)
        if rate is None:
            continue
        exact = rate if recipe.precision == "fp32" else min(rate, rough_speed(recipe).exact)
        if same:
            return Speed(rate, exact, 1.0, "measured in your last similar run")
        other = Speed(rate, exact, _SPREAD_OTHER_RUN, "from the speed of another run")
    return other


def _rate_of(run: RunFolder, recipe: Recipe) -> float | None:
    """Return a run's speed in training, from its epochs."""
    epochs, passes = run.epochs(), _passes(recipe)
    rates = [
        float(speed) * _billions(recipe) * passes[min(int(epoch), len(passes)) - 1]
        for epoch, speed in zip(epochs["epoch"], epochs["images_per_second"], strict=True)
        if epoch >= 1 and speed > 0
    ]
    return float(np.median(rates)) if rates else None


def rough_speed(recipe: Recipe) -> Speed:
    """Return a guess for a machine without a finished run: its processors are timed, a GPU is taken as average."""
    source = "a rough estimate; the first run measures this computer"
    if queue_name(recipe.device) != "cpu":
        return Speed(_PER_ACCELERATOR, _PER_ACCELERATOR / 2, 2 * _SPREAD_ROUGH, source)
    exact = _CONVOLUTIONS * processor_speed() / slowdown()
    fast = recipe.precision == "bf16" or (recipe.precision == "auto" and _has_16_bit_units())
    return Speed(exact * (_SIXTEEN_BIT if fast else 1.0), exact, _SPREAD_ROUGH, source)


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


@lru_cache(maxsize=1)
def _has_16_bit_units() -> bool:
    """Return whether the processor multiplies bfloat16; torch knows it too, but takes seconds to load."""
    try:
        return bool(re.search(r"\b(avx512_bf16|amx_bf16)\b", Path("/proc/cpuinfo").read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError):
        return False


def _billions(recipe: Recipe) -> float:
    """Return the work of one forward pass over one photo, in billions of multiply-adds."""
    return _BILLION_MULTIPLY_ADDS[recipe.arch.partition("+")[0]] * (recipe.size / 224) ** 2


def _model_bytes(recipe: Recipe) -> float:
    """Return the size of the network's weights."""
    return _BILLION_MULTIPLY_ADDS[recipe.arch.partition("+")[0]] * 1e9 * _BYTES_PER_MULTIPLY_ADD


def _passes(recipe: Recipe) -> list[float]:
    """Return the cost of a training step in each epoch, in forward passes."""
    if recipe.train != "staged":
        return [_PASSES[recipe.train]] * recipe.epochs
    head = recipe.resolved_head_epochs()
    return [_PASSES["head"]] * head + [_PASSES["all"]] * (recipe.epochs - head)


def _seconds_to_read(snapshot: Snapshot) -> float:
    """Return the time for decoding and resizing every photo once, from the sizes of some files."""
    paths = list(snapshot.frame["path"])
    sizes = []
    for path in itertools.islice(paths, 0, None, max(1, len(paths) // _SAMPLED_FILES)):
        try:
            sizes.append(Path(path).stat().st_size)
        except OSError:  # the run will name it
            continue
    size = float(np.mean(sizes)) if sizes else 0.0
    return len(paths) * (_DECODE_SECONDS + size * _DECODE_SECONDS_PER_BYTE) / min(8, available_processors())


def duration_range(low: float, high: float) -> str:
    """Return "about 5 minutes", or "2 to 5 minutes" where the two differ."""
    if format_duration(low) == format_duration(high):
        return format_duration(high)
    unit, size = ("hours", 3600) if high >= 5400 else ("minutes", 60)
    first, last = (_rounded(seconds / size) for seconds in (low, high))
    if first == last or last == 1:
        return format_duration(high) if last == 1 else f"about {last:g} {unit}"
    half = "half an hour" if unit == "hours" else "half a minute"
    return f"{half if first == 0.5 else f'{first:g}'} to {last:g} {unit}"


def _rounded(number: float) -> float:
    """Return a number with one or two digits: 0.5, 1, 2, ... 9, 10, 15, 20."""
    if number < 1:
        return 0.5 if number < 0.75 else 1.0
    return float(round(number)) if number < 10 else 5.0 * round(number / 5)


def recipe_or_none(run: RunFolder) -> Recipe | None:
    """Return a run's recipe; None for a damaged folder, which the run's own page reports."""
    try:
        return run.recipe()
    except RunError:
        return None
