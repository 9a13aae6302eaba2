"""The description of a run's bundle, whichever way it was trained. Does not import torch."""

import importlib.metadata
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal

from core.data.snapshot import Snapshot
from core.models.untrusted.bundle_info import BundleInfo
from core.training.events import Epoch
from core.training.recipe import Recipe

_LIBRARIES = ("torch", "torchvision", "accelerate", "pillow")

# Prefixes of the epoch's fields that are saved in a bundle.
_METRIC_PREFIXES = ("train_", "val_")


def run_bundle_info(
    *,
    arch: str,
    task: Literal["classification", "localization"],
    snapshot: Snapshot,
    recipe: Recipe,
    preprocessing: dict[str, Any],
    origin: Mapping[str, str],
    figures: Epoch,
) -> BundleInfo:
    """Return the bundle.json of an epoch's model."""
    metrics = {name: value for name, value in asdict(figures).items() if name.startswith(_METRIC_PREFIXES)}
    return BundleInfo(
        arch=arch,
        task=task,
        classes=snapshot.classes,
        preprocessing=preprocessing,
        weights=dict(origin),
        snapshot_digest=snapshot.digest,
        recipe=recipe.model_dump(mode="json"),
        metrics={"epoch": figures.epoch} | metrics,
        libraries=library_versions(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def library_versions() -> dict[str, str]:
    """Return the versions of the libraries that a model depends on."""
    return {name: _version(name) for name in _LIBRARIES}


@cache  # looking for it takes milliseconds, and every epoch is described
def _version(library: str) -> str:
    return importlib.metadata.version(library)
