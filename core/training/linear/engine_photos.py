"""The labelled photos with which an engine in 8 bits is tested before its vectors are used."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from core.data.pictures.source import Source
from core.errors import ImageRefused
from core.features.engines.engine import Engine
from core.features.frozen_network import FrozenNetwork
from core.features.frozen_pass import Refused, compute
from core.features.stage_vectors import StageVectors
from core.features.vectors import Vectors, vectors_name
from core.features.views import ORIGINAL
from core.training.linear.folds import grouped_folds
from core.training.linear.logistic import DEFAULT_STRENGTH, FOLDS, LogisticRegression, TrainingVectors
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.data.pictures.resized_cache import ResizedCache
    from core.features.engines.choice import LabelledPhotos


def labelled_photos(
    workspace: Workspace,
    network: FrozenNetwork,
    sources: Sequence[Source],
    labels: Sequence[str],
    groups: Sequence[object] | None,
    cache: "ResizedCache",
    *,
    stages: bool,
) -> "LabelledPhotos | None":
    """Return the photos for the test; None if they are too few for it, or all of one class. Imports torch.

    The vectors that the test needs are taken from the workspace and stored there; with ``stages`` those of several
    stages, which are wanted next.
    """
    from core.features.engines.choice import LabelledPhotos
    from core.features.engines.int8_check import LEAST_PHOTOS

    if len(sources) < LEAST_PHOTOS or len(set(labels)) < 2:
        return None

    def vectors(engine: Engine, rows: Sequence[int]) -> np.ndarray:
        chosen = [sources[row] for row in rows]
        name = vectors_name(network, engine.name)
        last = Vectors(workspace, name)
        for _ in compute({ORIGINAL: StageVectors(workspace, name) if stages else last}, chosen, cache, engine, _refuse):
            continue
        return last.known([one.hash for one in chosen])[1]

    _, numbers = np.unique(np.array(labels, dtype=object).astype(str), return_inverse=True)
    return LabelledPhotos(
        pixels=lambda rows: np.stack([cache.view(sources[row]) for row in rows]),
        vectors=vectors,
        labels=numbers,
        folds=grouped_folds(numbers, groups, FOLDS, seed=0),
        probe=_predicted,
    )


def _refuse(photo: Refused) -> None:
    raise ImageRefused(photo.name, photo.reason)


def _predicted(vectors: np.ndarray, labels: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Train a head on labelled vectors and return its predictions for others."""
    training = TrainingVectors((vectors,), labels, int(labels.max()) + 1)
    return LogisticRegression(training).solve(DEFAULT_STRENGTH).logits(others).argmax(axis=1)
