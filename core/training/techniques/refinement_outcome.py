"""What a bundle's metrics say about the refinement after the last epoch. Does not import torch."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.models.bundle import has_bundle, read_info
from core.training.recipe import Recipe

SHARES = tuple(number / 10 for number in range(11))
"""The shares of the tuned weights that are compared on the validation photos, where mixing is chosen."""
SHARE = "interpolation"
"""In a bundle's metrics: the share of the tuned weights, 1 if nothing was mixed in."""
HEAD_SIZE = "head_size"
"""In a bundle's metrics: the size in pixels of the photos that its head is for."""


def is_refined(folder: Path, recipe: Recipe) -> bool:
    """Return whether ``best/`` has the outcome of everything that the recipe wants after the last epoch."""
    wanted = wanted_outcomes(recipe)
    if not wanted or not has_bundle(folder / "best"):
        return True
    metrics = read_info(folder / "best").metrics
    return all(name in metrics for name in wanted)


def wanted_outcomes(recipe: Recipe) -> list[str]:
    """Return the names of the metrics that the refinement of a training adds."""
    return [name for name, chosen in ((SHARE, recipe.interpolate), (HEAD_SIZE, recipe.head_size)) if chosen]


def outcome_of(metrics: Mapping[str, Any], recipe: Recipe) -> str:
    """Return what the refinement changed, in a few words; empty if it kept the best epoch's model."""
    share, size = metrics.get(SHARE, 1), metrics.get(HEAD_SIZE, recipe.size)
    changes = []
    if share != 1:
        changes.append(f"mixing {1 - share:.0%} of the starting weights into it")
    if size != recipe.size:
        changes.append(f"fitting its head again for {size} pixels")
    return " and ".join(changes)
