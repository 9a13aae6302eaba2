"""The expected seconds of a run, part by part: from its start to its report."""

import itertools
from pathlib import Path

import numpy as np

from core.data.snapshot import Snapshot
from core.features.engines.measuring import FEW_VIEWS
from core.features.views import view_names
from core.processors import available_processors, present_slowdown
from core.runs.estimates.speed import Speed
from core.runs.estimates.work import (
    billions,
    features_passes,
    model_bytes,
    passes,
    refinement_passes,
    validation_passes,
)
from core.runs.queueing.device_queue import queue_name
from core.training.recipe import Recipe

_START_SECONDS = 4.0
"""Starting Python, loading PyTorch and the model, and two batches to see that everything works."""
REPORT_SECONDS = 3.0
"""Loading the best model again and writing the report."""
_MANY, _MANY_GAIN = 100, 1.6
"""A report on at least this many photos is computed by onnxruntime on processors, faster than torch by this factor."""
_SOLVER_START_SECONDS = 1.0
"""Starting Python without PyTorch."""
_ENGINE_SECONDS = 2.0
"""Preparing the engine that computes vectors."""
_MEASURING_SECONDS = 6.0
"""Preparing all engines and measuring which is fastest, of ResNet-50 on two cores. An early model does not wait for
it."""
_SOLVER_SECONDS, _SOLVER_SECONDS_PER_VECTOR = 0.3, 0.001
"""Solving the head, with the cross-validation that chooses its strength."""
_DECODE_SECONDS, _DECODE_SECONDS_PER_BYTE = 0.004, 45e-9
"""Reading and resizing a JPEG, by its size."""
_SAVED_BYTES_PER_SECOND = 400e6
_SAMPLED_FILES = 20


def expected_seconds(
    recipe: Recipe, snapshot: Snapshot, speed: Speed, *, ready: float = 0.0, busy: float | None = None
) -> dict[str, float]:
    """Return the expected seconds of each part of a run; the test photos have no part in it.

    ``ready`` is the share of the kept features, or of the decoded photos, that are there already. ``busy`` replaces
    `present_slowdown` for what is not part of ``speed``.
    """
    parts = snapshot.frame["split"].value_counts()
    train, val = (int(parts.get(split, 0)) for split in ("train", "val"))
    busy = present_slowdown() if busy is None else busy
    per_pass = billions(recipe) / speed.training
    views = len(view_names(recipe.views, recipe.augmentation))
    if recipe.solves_head(snapshot.task):
        missing = (views * train + val) * (1 - ready)
        measures = speed.measures and missing >= FEW_VIEWS
        return {
            "start": (_SOLVER_START_SECONDS if ready == 1 else _START_SECONDS + _ENGINE_SECONDS) * busy,
            "reading the photos": _seconds_to_read(snapshot) * busy * (1 - ready),
            "choosing the engine": _MEASURING_SECONDS * busy if measures else 0.0,
            "features": missing * per_pass,
            "training": (_SOLVER_SECONDS + _SOLVER_SECONDS_PER_VECTOR * views * train) * busy,
            "saving": model_bytes(recipe) / _SAVED_BYTES_PER_SECOND * busy,
            "evaluation": _SOLVER_SECONDS_PER_VECTOR * val * busy,
        }
    steps = passes(recipe, speed.full_step)
    trained = sum(steps) / len(steps) - 1  # 0 if only the head is trained: then the optimizer's state is small
    saved = model_bytes(recipe) * (2 + (2 if trained > 0.5 else 0)) / _SAVED_BYTES_PER_SECOND
    return {
        "start": _START_SECONDS * busy,
        "reading the photos": _seconds_to_read(snapshot) * busy * (1 - ready),
        "features": (views * train + val) * features_passes(recipe) * (1 - ready) * per_pass,
        "training": train * sum(steps) * per_pass,
        "validation": val * sum(validation_passes(recipe)) * per_pass,
        "refinement": refinement_passes(recipe, train, val) * per_pass,
        "saving": recipe.epochs * saved * busy,
        "evaluation": REPORT_SECONDS * busy + evaluation_seconds(recipe, speed, val),
    }


def evaluation_seconds(recipe: Recipe, speed: Speed, *photos: int) -> float:
    """Return the time of the forward passes of reports; ``photos`` is how many each of them is on."""
    gain = _MANY_GAIN if queue_name(recipe.device) == "cpu" else 1.0
    each = billions(recipe) / speed.exact
    return sum(some * each / (gain if some >= _MANY else 1.0) for some in photos)


def _seconds_to_read(snapshot: Snapshot) -> float:
    """Return the time for decoding and resizing every photo that is used once, from the sizes of some files."""
    paths = list(snapshot.frame["path"][snapshot.frame["split"] != "test"])
    sizes = []
    for path in itertools.islice(paths, 0, None, max(1, len(paths) // _SAMPLED_FILES)):
        try:
            sizes.append(Path(path).stat().st_size)
        except OSError:  # the run will name it
            continue
    size = float(np.mean(sizes)) if sizes else 0.0
    return len(paths) * (_DECODE_SECONDS + size * _DECODE_SECONDS_PER_BYTE) / min(8, available_processors())
