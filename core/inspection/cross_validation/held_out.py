"""Predicts every photo with a head that was trained on the other folds."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace

import numpy as np

from core.features.views import ORIGINAL
from core.training.linear.fitted_head import FittedHead
from core.training.linear.kept_vectors import KeptVectors

HELD = "held out"
Fit = Callable[[KeptVectors, np.ndarray, Sequence[object] | None], FittedHead]
"""Trains a head on the vectors, class numbers and groups of photos, and sees no others."""


def held_out_logits(
    vectors: KeptVectors,
    labels: np.ndarray,
    classes: int,
    groups: Sequence[object] | None,
    fold_of: np.ndarray,
    fit: Fit,
) -> Generator[int, None, np.ndarray]:
    """Yield how many folds are done, and return the logits, float32 [n, classes], of photos with these vectors.

    ``labels`` [n] and ``groups`` are only given to ``fit``, each time without those of the held-out fold.
    """
    found = np.empty((len(labels), classes), np.float32)
    for done, fold in enumerate(np.unique(fold_of), start=1):
        held = np.flatnonzero(fold_of == fold)
        others = np.flatnonzero(fold_of != fold)
        known = None if groups is None else [groups[row] for row in others.tolist()]
        fitted = fit(_part(vectors, others, held), labels[others], known)
        found[held] = fitted.head.logits(fitted.vectors.others[HELD])
        yield done
    return found


def _part(vectors: KeptVectors, others: np.ndarray, held: np.ndarray) -> KeptVectors:
    """Return all views of the photos to train on, and the original view of those held out."""
    return replace(
        vectors,
        views={view: rows[others] for view, rows in vectors.views.items()},
        others={HELD: vectors.views[ORIGINAL][held]},
        stages=None if vectors.stages is None else _part(vectors.stages, others, held),
    )
