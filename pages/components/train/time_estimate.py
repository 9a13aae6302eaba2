"""How long a training may take, roughly, before it starts."""

import os

from core.data.snapshot import Snapshot
from core.errors import RunError
from core.runs.device_queue import queue_for
from core.runs.folder import RunFolder
from core.training.recipe import Recipe
from pages.components.train.run_sentences import about

# Multiply-adds of one forward pass over 224 x 224 pixels, in billions: python -m core summary says them, with torch.
_WORK = {
    **{"resnet18": 1.8, "resnet34": 3.7, "resnet50": 4.1, "resnet101": 7.8, "resnet152": 11.5},
    **{"resnet50-v1": 3.9, "resnet101-v1": 7.6, "resnet152-v1": 11.3},
    **{"resnext50-32x4d": 4.2, "resnext101-32x8d": 16.4, "wide-resnet50-2": 11.4},
    **{"seresnet50": 4.1, "seresnet101": 7.8, "seresnet152": 11.5},
    **{"keras-resnet50": 3.9, "keras-resnet101": 7.6, "keras-resnet152": 11.3},
    **{"keras-resnet50v2": 3.5, "keras-resnet101v2": 7.2, "keras-resnet152v2": 10.9},
}

# Billions of multiply-adds a second that one processor core does in training without 16-bit units, and one GPU.
# Rough on purpose; the first run on a machine replaces them by what was measured there.
_PER_CORE = 45.0
_PER_ACCELERATOR = 6000.0

# Forward and backward passes through what learns, as multiples of one forward pass through all.
_PASSES = {"head": 1.0, "layer4": 1.5, "layer3": 2.2, "all": 3.0, "staged": 2.5}

_START_SECONDS = 10.0
_READ_SECONDS = 0.01
"""Decoding one photo, once in a run."""


def expected(recipe: Recipe, snapshot: Snapshot, runs: list[RunFolder]) -> str:
    """The sentence on the expected time, from a like run of before where there is one."""
    measured = measured_pace(recipe, runs)
    source = "going by your last such run" if measured else "a rough guess"
    return f"Expect {about(seconds(recipe, snapshot, measured))} ({source})."


def seconds(recipe: Recipe, snapshot: Snapshot, pace: float | None = None) -> float:
    """Expected seconds of a training; ``pace`` is training photos a second where that was measured."""
    parts = snapshot.frame["split"].value_counts()
    train, rest = int(parts.get("train", 0)), int(parts.get("val", 0))
    forward = _WORK[recipe.arch.partition("+")[0]] * (recipe.size / 224) ** 2 / _speed(recipe)
    per_photo = 1 / pace if pace else forward * _PASSES[recipe.train]
    reading = _READ_SECONDS * (train + rest)
    return _START_SECONDS + reading + recipe.epochs * (train * per_photo + rest * forward)


def measured_pace(recipe: Recipe, runs: list[RunFolder]) -> float | None:
    """Photos a second in the newest finished run that did the same work for each photo."""
    for run in runs:
        before = recipe_of(run) if run.status().state == "finished" else None
        if before is None:
            continue
        same = ("arch", "train", "size", "device", "precision")
        if all(getattr(before, name) == getattr(recipe, name) for name in same):
            paces = run.epochs()["images_per_second"]
            return float(paces.median()) if len(paces) else None
    return None


def recipe_of(run: RunFolder) -> Recipe | None:
    """A run's recipe; None where the folder is damaged: then the run itself says so, and nothing else should fail."""
    try:
        return run.recipe()
    except RunError:
        return None


def _speed(recipe: Recipe) -> float:
    if queue_for(recipe.device) == "cpu":
        return _PER_CORE * (os.cpu_count() or 1)
    return _PER_ACCELERATOR
