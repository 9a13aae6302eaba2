"""Held-out predictions: those of scikit-learn on the same folds, and never by a head that knows the photo."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression as Known
from sklearn.model_selection import PredefinedSplit, cross_val_predict

from core.features.views import ORIGINAL
from core.inspection.cross_validation.folds import stratified_folds
from core.inspection.cross_validation.held_out import held_out_logits
from core.inspection.predicting.predictions import softmax
from core.training.linear.fitted_head import FittedHead, fit_head
from core.training.linear.kept_vectors import KeptVectors
from core.training.linear.logistic import LogisticRegression, TrainingVectors
from core.training.recipe import Recipe
from tests.inspection.cross_validation.planted import recipe_of
from tests.training.linear.vectors import drawn

STRENGTH = 1e-3


class ScaledRegression(ClassifierMixin, BaseEstimator):
    """scikit-learn's regression on centred and scaled vectors; its C is 1 / (n times the strength)."""

    def fit(self, vectors: np.ndarray, labels: np.ndarray) -> Self:
        wide = vectors.astype(np.float64)
        self.center_ = wide.mean(axis=0)
        self.scale_ = np.sqrt(((wide - self.center_) ** 2).sum(axis=1).mean())
        self.model_ = Known(C=1 / (STRENGTH * len(labels)), tol=1e-10, max_iter=20_000)
        self.model_.fit((wide - self.center_) / self.scale_, labels)
        self.classes_ = self.model_.classes_
        return self

    def predict_proba(self, vectors: np.ndarray) -> np.ndarray:
        return self.model_.predict_proba((vectors - self.center_) / self.scale_)

    def predict(self, vectors: np.ndarray) -> np.ndarray:
        return self.predict_proba(vectors).argmax(axis=1)


class UsualHead(ClassifierMixin, BaseEstimator):
    """Our head as scikit-learn sees it; its strength is chosen within whatever it is fitted on."""

    def __init__(self, recipe: Recipe | None = None) -> None:
        self.recipe = recipe

    def fit(self, vectors: np.ndarray, labels: np.ndarray) -> Self:
        self.classes_ = np.unique(labels)
        assert self.recipe is not None
        kept = KeptVectors("fp32", {ORIGINAL: vectors}, {}, 0)
        self.head_ = fit_head(self.recipe, kept, labels, len(self.classes_)).head
        return self

    def predict_proba(self, vectors: np.ndarray) -> np.ndarray:
        return softmax(self.head_.logits(vectors))

    def predict(self, vectors: np.ndarray) -> np.ndarray:
        return self.predict_proba(vectors).argmax(axis=1)


def solved(part: KeptVectors, labels: np.ndarray, groups: Sequence[object] | None) -> FittedHead:
    regression = LogisticRegression(TrainingVectors(list(part.views.values()), labels, 3))
    return FittedHead(regression.solve(STRENGTH, tolerance=1e-10), part)


def all_of(vectors: np.ndarray, labels: np.ndarray, fold_of: np.ndarray, fit: Any = solved) -> np.ndarray:
    steps = held_out_logits(KeptVectors("fp32", {ORIGINAL: vectors}, {}, 0), labels, 3, None, fold_of, fit)
    done = []
    while True:
        try:
            done.append(next(steps))
        except StopIteration as end:
            assert done == list(range(1, len(np.unique(fold_of)) + 1))
            return softmax(end.value)


@pytest.mark.parametrize(("count", "width"), [(60, 90), (200, 30)])
def test_the_probabilities_are_those_of_scikit_learn_on_the_same_folds(count: int, width: int) -> None:
    vectors, labels = drawn(count, width, apart=0.4)
    fold_of = stratified_folds(labels, None, 5, seed=0)
    known = cross_val_predict(ScaledRegression(), vectors, labels, cv=PredefinedSplit(fold_of), method="predict_proba")
    np.testing.assert_allclose(all_of(vectors, labels, fold_of), known, atol=2e-3)


def test_the_usual_head_chooses_its_strength_within_each_training_part() -> None:
    vectors, labels = drawn(120, 40, apart=0.3)
    fold_of = stratified_folds(labels, None, 4, seed=0)
    recipe = recipe_of()

    def usual(part: KeptVectors, known: np.ndarray, groups: Sequence[object] | None) -> FittedHead:
        return fit_head(recipe, part, known, 3, groups)

    known = cross_val_predict(UsualHead(recipe), vectors, labels, cv=PredefinedSplit(fold_of), method="predict_proba")
    np.testing.assert_array_equal(all_of(vectors, labels, fold_of, usual), known)


def test_a_held_out_photo_changes_nothing_of_the_head_that_predicts_it() -> None:
    vectors, labels = drawn(90, 20, apart=0.4)
    fold_of = stratified_folds(labels, None, 5, seed=0)
    recipe = recipe_of()

    def usual(part: KeptVectors, known: np.ndarray, groups: Sequence[object] | None) -> FittedHead:
        return fit_head(recipe, part, known, 3, groups)

    before = all_of(vectors, labels, fold_of, usual)
    one = int(np.flatnonzero(fold_of == 2)[0])
    same_fold = np.flatnonzero((fold_of == 2) & (np.arange(90) != one))
    changed_labels, changed_vectors = labels.copy(), vectors.copy()
    changed_labels[one] = (labels[one] + 1) % 3
    changed_vectors[one] *= 50
    after = all_of(changed_vectors, changed_labels, fold_of, usual)
    np.testing.assert_array_equal(after[same_fold], before[same_fold])
    assert (after[fold_of != 2] != before[fold_of != 2]).any()  # those heads have seen it


def test_groups_come_to_the_head_without_those_held_out() -> None:
    vectors, labels = drawn(30, 12, apart=0.8)
    groups = [f"group {number // 3}" for number in range(30)]
    fold_of = stratified_folds(labels, groups, 3, seed=0)
    seen: list[set[object]] = []

    def spy(part: KeptVectors, known: np.ndarray, some: Sequence[object] | None) -> FittedHead:
        assert some is not None and len(some) == len(known) == len(part.views[ORIGINAL])
        seen.append(set(some))
        return solved(part, known, some)

    kept = KeptVectors("fp32", {ORIGINAL: vectors}, {}, 0)
    for _ in held_out_logits(kept, labels, 3, groups, fold_of, spy):
        pass
    held = [{groups[row] for row in np.flatnonzero(fold_of == fold)} for fold in range(3)]
    assert all(not some & out and some | out == set(groups) for some, out in zip(seen, held, strict=True))
