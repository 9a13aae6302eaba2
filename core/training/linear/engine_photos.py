"""The labelled photos with which an engine in 8 bits is tested before its vectors are used."""

from collections.abc import Sequence
from contextlib import suppress
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
from core.models.zoo import POOLED
from core.training.linear.folds import grouped_folds
from core.training.linear.logistic import DEFAULT_STRENGTH, FOLDS, LogisticRegression, TrainingVectors
from core.training.linear.several_stages import side_by_side
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.data.pictures.resized_cache import ResizedCache
    from core.features.engines.choice import LabelledPhotos

LAST = "last"


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
    """Return the photos for the test; None if they are too few for it, or all of one class.

    The vectors that the test needs are taken from the workspace and stored there; with ``stages`` those of several
    stages, which are wanted next and are tested too. Photos that cannot be read have no part in the test.
    """
    from core.features.engines.choice import LabelledPhotos
    from core.features.engines.int8_check import LEAST_PHOTOS

    if len(sources) < LEAST_PHOTOS or len(set(labels)) < 2:
        return None

    refused: list[Refused] = []  # the run or process that computes all vectors finds them too, and names them

    def vectors(engine: Engine, rows: Sequence[int]) -> dict[str, np.ndarray]:
        chosen = [sources[row] for row in rows]
        name = vectors_name(network, engine.name)
        stores = StageVectors(workspace, name) if stages else Vectors(workspace, name)
        for _ in compute({ORIGINAL: stores}, chosen, cache, engine, refused.append):
            continue
        hashes = [one.hash for one in chosen]
        if isinstance(stores, Vectors):
            return {LAST: _with_gaps(stores, hashes)}
        found = {output: _with_gaps(store, hashes) for output, store in stores.stores.items()}
        joined = side_by_side(list(found.values()))
        return {LAST if output == POOLED else output: one for output, one in found.items()} | {"stages": joined}

    def pixels(rows: Sequence[int]) -> np.ndarray:
        views = []
        for row in rows:
            with suppress(ImageRefused):
                views.append(cache.view(sources[row]))
        return np.stack(views) if views else np.empty((0, 0, 0, 3), np.uint8)

    _, numbers = np.unique(np.array(labels, dtype=object).astype(str), return_inverse=True)
    return LabelledPhotos(
        pixels=pixels,
        vectors=vectors,
        labels=numbers,
        folds=grouped_folds(numbers, groups, FOLDS, seed=0),
        probe=_predicted,
        hashes=[one.hash for one in sources],
        probed=(LAST, "stages"),
    )


def _with_gaps(store: Vectors, hashes: Sequence[str]) -> np.ndarray:
    """Return the vectors of photos, float32 [n, C], with NaN where there is none."""
    known, vectors = store.known(hashes)
    if not known:
        return np.full((len(hashes), 1), np.nan, np.float32)
    found = np.full((len(hashes), vectors.shape[1]), np.nan, np.float32)
    found[np.isin(hashes, known)] = vectors
    return found


def _predicted(vectors: np.ndarray, labels: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Train a head on labelled vectors and return its predictions for others."""
    training = TrainingVectors((vectors,), labels, int(labels.max()) + 1)
    return LogisticRegression(training).solve(DEFAULT_STRENGTH).logits(others).argmax(axis=1)
