"""Photos whose vectors are planted in the cache, so that nothing is decoded and torch is not needed."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.data.snapshot import BY_USER, GROUP, Snapshot
from core.features.frozen_network import FrozenNetwork
from core.features.preferred_engine import EXACT
from core.features.vectors import Vectors, vectors_name
from core.features.views import MIRRORED, ORIGINAL
from core.inspection.cross_validation import cross_validate as module
from core.inspection.cross_validation.cross_validate import cross_validate
from core.inspection.cross_validation.head_recipe import head_recipe
from core.inspection.cross_validation.result import CrossValidation, Settings
from core.progress import Progress
from core.training.linear.frozen_start import FrozenStart
from core.training.recipe import Recipe
from core.workspace import Workspace

CLASSES = ("awake", "drowsy", "other")
NETWORK = FrozenNetwork.of_weights("resnet18", "planted", {"mode": "crop", "size": 64})


def recipe_of(**changes: Any) -> Recipe:
    return head_recipe(**{"arch": "resnet18", "precision": "fp32", "head_features": "last", **changes})


def plant_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Heads start from a network that is not on the disk."""

    def start(recipe: Recipe) -> Generator[Progress, None, FrozenStart]:
        yield from ()
        return FrozenStart(NETWORK, {}, Path("none"), named=True)

    monkeypatch.setattr(module, "fetched_start", start)


def plant_vectors(workspace: Workspace, hashes: Sequence[str], vectors: np.ndarray) -> None:
    """Store the same vectors for both views."""
    for view in (ORIGINAL, MIRRORED):
        Vectors(workspace, vectors_name(NETWORK, EXACT, view)).add(hashes, vectors.astype(np.float32))


@dataclass(frozen=True)
class Planted:
    """A snapshot whose training and validation photos have vectors; its test photos have none."""

    snapshot: Snapshot
    labels: np.ndarray
    vectors: np.ndarray


def planted_photos(
    workspace: Workspace,
    vectors: np.ndarray,
    labels: np.ndarray,
    groups: Sequence[str] | None = None,
    *,
    by_user: bool = False,
    tested: int = 0,
) -> Planted:
    """Return a snapshot of these photos, alternating between train and val, and ``tested`` more in test."""
    hashes = [f"{number + 1:064x}" for number in range(len(labels) + tested)]
    plant_vectors(workspace, hashes[: len(labels)], vectors)
    names = [CLASSES[label] for label in labels] + [CLASSES[0]] * tested
    splits = [("train", "val")[number % 2] for number in range(len(labels))] + ["test"] * tested
    frame = pd.DataFrame(
        {
            "image": hashes,
            "path": [f"/nowhere/{number}.png" for number in range(len(hashes))],
            "filename": [f"photo {number}.png" for number in range(len(hashes))],
            "label": names,
            "split": splits,
        }
    )
    if groups is not None:
        frame[GROUP] = [*groups, *(f"test {number}" for number in range(tested))]
    classes = CLASSES[: labels.max() + 1]
    snapshot = Snapshot(frame, classes, "classification", grouped_by=BY_USER if by_user else None)
    return Planted(snapshot, labels, vectors)


def validated(
    planted: Planted, workspace: Workspace, recipe: Recipe | None = None, **settings: Any
) -> tuple[CrossValidation, pd.DataFrame, list[Progress]]:
    """Cross-validate to the end: the result, the predictions and the progress."""
    steps = cross_validate(planted.snapshot, recipe or recipe_of(), Settings.checked(**settings), workspace)
    seen = []
    while True:
        try:
            seen.append(next(steps))
        except StopIteration as end:
            return *end.value, seen


def people(count: int = 24, each: int = 10, width: int = 48, seed: int = 0) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Vectors [n, width] that show who is in a photo and nothing of the class; half of the people are drowsy."""
    dice = np.random.default_rng(seed)
    faces = np.abs(dice.normal(0, 1, (count, width)))
    who = np.repeat(np.arange(count), each)
    vectors = np.abs(faces[who] + dice.normal(0, 0.05, (len(who), width)))
    return vectors.astype(np.float32), (who % 2).astype(np.int64), [f"person {one}" for one in who]
