"""A linear probe on cached feature vectors: softmax regression, refitted in a fraction of a second after each label.

`ProbeSpace` is a principal component analysis: vectors are centred, projected onto at most 128 components, which keep
nearly all that a linear classifier uses, and scaled. It depends only on the images, so it is computed once for a
project, and each fit works with a sixteenth of the numbers. The fit is SciPy's L-BFGS on the loss of scikit-learn's
LogisticRegression.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from core.training.linear.folds import grouped_folds

DIRECTIONS = 128
SAMPLE = 2000
"""The number of vectors that the components are computed from; more make no noticeable difference."""
PENALTY = 0.02
"""L2 penalty, 1 / C of scikit-learn's LogisticRegression. Chosen on hand signs by the log loss on held-out photos, for
12 to 1,000 labels."""
REVIEW_PENALTY = 1.0
"""A stronger penalty for labels that may be wrong, so that the probe does not fit the wrong ones."""
FOLDS = 5


@dataclass(frozen=True)
class ProbeSpace:
    """A projection of vectors: ``(vectors - mean) @ components``."""

    mean: np.ndarray
    """[C]"""
    components: np.ndarray
    """[C, D], the main components first; scaled to a mean square length of 1 for the vectors it was made from."""

    @classmethod
    def of(cls, vectors: np.ndarray, directions: int = DIRECTIONS) -> "ProbeSpace":
        """Fit the space to vectors [n, C]; with few vectors it has fewer components."""
        from sklearn.utils.extmath import randomized_svd  # here, because it takes a second to import

        rows = vectors[:: max(1, -(-len(vectors) // SAMPLE))]
        mean = rows.mean(axis=0, dtype=np.float64).astype(np.float32)
        centered = rows - mean
        # A tenth of the time of an exact SVD (Halko, Martinsson and Tropp, 2011).
        most = min(directions, *centered.shape)
        _, values, components = randomized_svd(centered, most, n_oversamples=16, n_iter=4, random_state=0)
        squares = values.astype(np.float64) ** 2
        keep = squares > squares.max(initial=0) * 1e-6  # the others are rounding errors
        scale = np.sqrt(squares[keep].sum() / len(rows)) or 1.0
        return cls(mean, (components[keep].T / scale).astype(np.float32))

    def place(self, vectors: np.ndarray) -> np.ndarray:
        """Project vectors [n, C]; returns float32 [n, D]."""
        return (vectors - self.mean) @ self.components


@dataclass(frozen=True)
class Probe:
    """The classifier: weights [D, K] and bias [K] for vectors in the space."""

    weights: np.ndarray
    bias: np.ndarray

    def probabilities(self, places: np.ndarray) -> np.ndarray:
        """Return the probability of each class, float64 [n, K]."""
        return _softmax(places @ self.weights + self.bias)


def fit(
    places: np.ndarray, labels: np.ndarray, classes: int, start: Probe | None = None, penalty: float = PENALTY
) -> Probe:
    """Fit a probe to places [n, D] with labels [n], which are numbers below ``classes``.

    ``start`` is an earlier probe of the same space and classes: starting from it takes only a few steps. A class
    without labels gets probability 0. Raises ValueError if fewer than two classes have labels.
    """
    present = np.unique(labels)
    if len(present) < 2:
        raise ValueError("A classifier needs labels of two classes.")
    count, width = places.shape
    target = (labels[:, None] == present).astype(np.float64)
    wide = places.astype(np.float64)
    share = penalty / count

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights, bias = flat[: width * len(present)].reshape(width, -1), flat[width * len(present) :]
        probabilities = _softmax(wide @ weights + bias)
        value = -np.log(np.maximum(probabilities[target > 0], 1e-300)).mean() + share / 2 * (weights**2).sum()
        error = (probabilities - target) / count
        return value, np.concatenate([(wide.T @ error + share * weights).ravel(), error.sum(axis=0)])

    begin = np.zeros((width + 1) * len(present))
    if start is not None and start.weights.shape == (width, classes) and np.isfinite(start.bias[present]).all():
        begin = np.concatenate([start.weights[:, present].ravel(), start.bias[present]])
    found = minimize(loss, begin, jac=True, method="L-BFGS-B", options={"maxiter": 200, "ftol": 1e-7, "gtol": 1e-5})
    weights, bias = np.zeros((width, classes)), np.full(classes, -np.inf)
    weights[:, present] = found.x[: width * len(present)].reshape(width, -1)
    bias[present] = found.x[width * len(present) :]
    return Probe(weights, bias)


def out_of_sample(
    vectors: np.ndarray,
    labels: Sequence[int] | np.ndarray,
    *,
    groups: Sequence[object] | None = None,
    folds: int = FOLDS,
    seed: int = 0,
    penalty: float = REVIEW_PENALTY,
) -> np.ndarray:
    """Predict each image with a probe that was not fitted on it, by cross-validation: float64 [n, classes].

    ``vectors`` [n, C] are labelled, ``labels`` are numbers from 0; the highest one gives the number of classes. Folds
    are stratified. Images of one group (``groups``: equal for near-duplicates) are held out together, so that no image
    is predicted by a probe that knows its near-duplicate. A class with a single image or group gets probability 0
    there. Raises ValueError if fewer than two classes have two images.
    """
    numbers = np.asarray(labels, dtype=np.int64)
    classes = int(numbers.max(initial=-1)) + 1
    fold_of = grouped_folds(numbers, groups, folds, seed)
    if sum(len(np.unique(fold_of[numbers == one])) > 1 for one in np.unique(numbers)) < 2:
        raise ValueError("Cross-validation needs two classes with two images each.")
    places = ProbeSpace.of(vectors).place(vectors)
    answer = np.zeros((len(numbers), classes))
    everything = fit(places, numbers, classes, penalty=penalty)
    for fold in np.unique(fold_of):
        held = fold_of == fold
        start = Probe(everything.weights, everything.bias)
        answer[held] = fit(places[~held], numbers[~held], classes, start, penalty).probabilities(places[held])
    return answer


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
