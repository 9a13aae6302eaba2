"""The labelled photos with which an engine in 8 bits is tested before its vectors are used."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from core.data.pictures.source import Source
from core.training.linear.folds import grouped_folds
from core.training.linear.logistic import DEFAULT_STRENGTH, FOLDS, LogisticRegression, TrainingVectors

if TYPE_CHECKING:
    from core.data.pictures.resized_cache import ResizedCache
    from core.features.engines.choice import LabelledPhotos


def labelled_photos(
    sources: Sequence[Source], labels: Sequence[str], groups: Sequence[object] | None, cache: "ResizedCache"
) -> "LabelledPhotos | None":
    """Return the photos for the test; None if they are too few for it, or all of one class. Imports torch."""
    from core.features.engines.choice import LabelledPhotos
    from core.features.engines.int8_check import LEAST_PHOTOS

    if len(sources) < LEAST_PHOTOS or len(set(labels)) < 2:
        return None
    _, numbers = np.unique(np.array(labels, dtype=object).astype(str), return_inverse=True)
    return LabelledPhotos(
        pixels=lambda rows: np.stack([cache.view(sources[row]) for row in rows]),
        labels=numbers,
        folds=grouped_folds(numbers, groups, FOLDS, seed=0),
        probe=_predicted,
    )


def _predicted(vectors: np.ndarray, labels: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Train a head on labelled vectors and return its predictions for others."""
    training = TrainingVectors((vectors,), labels, int(labels.max()) + 1)
    return LogisticRegression(training).solve(DEFAULT_STRENGTH).logits(others).argmax(axis=1)
