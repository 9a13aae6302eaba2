"""A rough estimate of the training time, before a run starts."""

import os

from core.data.snapshot import Snapshot
from core.errors import RunError
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

# Billions of multiply-adds per second in training: of one CPU core without 16-bit units, and of one GPU.
# Rough values; after the first run on a machine, its measured speed is used instead.
_PER_CORE = 45.0
_PER_ACCELERATOR = 6000.0

# Cost of the forward and backward passes, in forward passes through the whole network.
_PASSES = {"head": 1.0, "layer4": 1.5, "layer3": 2.2, "all": 3.0, "staged": 2.5}

_START_SECONDS = 10.0
_READ_SECONDS = 0.01
"""Decoding one photo, once per run."""


def time_sentence(recipe: Recipe, snapshot: Snapshot, runs: list[RunFolder]) -> str:
    """Return the expected time as a sentence, based on an earlier similar run where there is one."""
    measured = measured_speed(recipe, runs)
    source = "based on your last similar run" if measured else "a rough estimate"
    return f"Expected time: {format_duration(estimate_seconds(recipe, snapshot, measured))} ({source})."


def estimate_seconds(recipe: Recipe, snapshot: Snapshot, photos_per_second: float | None = None) -> float:
    """Return the expected training time in seconds; ``photos_per_second`` is the measured speed, if there is one."""
    parts = snapshot.frame["split"].value_counts()
    train, rest = int(parts.get("train", 0)), int(parts.get("val", 0))
    forward = (
        _BILLION_MULTIPLY_ADDS[recipe.arch.partition("+")[0]] * (recipe.size / 224) ** 2 / _multiply_add_rate(recipe)
    )
    per_photo = 1 / photos_per_second if photos_per_second else forward * _PASSES[recipe.train]
    reading = _READ_SECONDS * (train + rest)
    return _START_SECONDS + reading + recipe.epochs * (train * per_photo + rest * forward)


def measured_speed(recipe: Recipe, runs: list[RunFolder]) -> float | None:
    """Return photos per second of the newest finished run with the same work per photo; None without one."""
    for run in runs:
        earlier = recipe_or_none(run) if run.status().state == "finished" else None
        if earlier is None:
            continue
        same = ("arch", "train", "size", "device", "precision")
        if all(getattr(earlier, name) == getattr(recipe, name) for name in same):
            speeds = run.epochs()["images_per_second"]
            return float(speeds.median()) if len(speeds) else None
    return None


def recipe_or_none(run: RunFolder) -> Recipe | None:
    """Return a run's recipe; None for a damaged folder, which the run's own page reports."""
    try:
        return run.recipe()
    except RunError:
        return None


def _multiply_add_rate(recipe: Recipe) -> float:
    if queue_name(recipe.device) == "cpu":
        return _PER_CORE * (os.cpu_count() or 1)
    return _PER_ACCELERATOR
