"""The head that a run would train on these vectors, without a run's curves and files."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.training.linear.chosen_vectors import chosen_vectors
from core.training.linear.kept_vectors import KeptVectors
from core.training.linear.linear_head import LinearHead
from core.training.linear.logistic import TrainingVectors
from core.training.linear.nearest_mean import few_labels, nearest_mean
from core.training.recipe import Recipe


@dataclass(frozen=True)
class FittedHead:
    """A linear head, and the vectors that it takes: those of the last stage or of several."""

    head: LinearHead
    vectors: KeptVectors


def fit_head(
    recipe: Recipe, vectors: KeptVectors, labels: np.ndarray, classes: int, groups: Sequence[object] | None = None
) -> FittedHead:
    """Return the head of these training vectors, whose class numbers are ``labels`` [n].

    Its stages and the strength of its penalty are chosen as in `solve_head`: by cross-validation within these photos,
    which keeps ``groups`` together. Raises TooLittleData if they are all of one class.
    """

    def training(some: KeptVectors) -> TrainingVectors:
        return TrainingVectors(
            list(some.views.values()),
            labels,
            classes,
            groups=groups,
            class_weighting=recipe.class_weighting,
            label_smoothing=recipe.label_smoothing,
        )

    if few_labels(labels):
        taken = (vectors.stages if recipe.head_features == "stages" else None) or vectors
        return FittedHead(nearest_mean(training(taken)), taken)
    chosen = chosen_vectors(recipe, vectors, training, lambda sentence: None)
    return FittedHead(chosen.regression.solve(chosen.strength), chosen.vectors)
