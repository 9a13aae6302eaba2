"""The expected seconds until a run's early model, from a part of its photos, is there. Does not import torch."""

from collections.abc import Mapping

from core.data.snapshot import Snapshot
from core.features.views import view_names
from core.runs.estimates.speed import Speed
from core.runs.estimates.work import billions
from core.training.early.early_photos import expected_photos, is_worthwhile
from core.training.recipe import Recipe

_MAKING_SECONDS = 0.7
"""Solving the head on a few vectors, and writing the model and its report."""


def early_seconds(
    recipe: Recipe, snapshot: Snapshot, speed: Speed, parts: Mapping[str, float], *, ready: float, busy: float
) -> float | None:
    """Return when the early model is there; None if the run makes none.

    ``recipe`` is that of the head, ``parts`` are its `expected_seconds`, ``ready`` and ``busy`` as there.
    """
    if not recipe.solves_head(snapshot.task) or recipe.test_time_views > 1:
        return None
    counts = snapshot.counts()
    classes = [int(count) for count in counts["train"]]
    train, val = sum(classes), int(counts["val"].sum())
    views = round((len(view_names(recipe.views, recipe.augmentation)) * train + val) * (1 - ready))
    # Before the engines are measured, which comes after the early model, the run cannot know how fast they are.
    if not is_worthwhile(views, None if speed.measures else speed.training / billions(recipe)):
        return None
    first = expected_photos(classes, val, views, speed.training / billions(recipe))
    if not first:
        return None
    reading = parts["reading the photos"] * first / (train + val)
    # The photos whose features are there cost nothing, and are taken first.
    computing = parts["features"] * first * (1 - ready) / views
    return parts["start"] + reading + computing + _MAKING_SECONDS * busy
