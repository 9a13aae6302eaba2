"""A linear classifier on kept vectors: softmax regression, refitted in a fraction of a second after each label.

Vectors are centered, turned onto their main directions (at most 128, which hold nearly all that a linear classifier
uses) and brought to one scale: `ProbeSpace`. It depends on the pictures alone, so it is made once for a project, and
each fit works with a sixteenth of the numbers. The fit is SciPy's L-BFGS on the loss of scikit-learn's
LogisticRegression.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

DIRECTIONS = 128
SAMPLE = 2000
"""Vectors that the directions are found from; more change nothing that a probe would notice."""
PENALTY = 0.02
"""On the squared weights, against the summed loss: 1 / C of scikit-learn's LogisticRegression. Chosen on hand signs, by
the log loss on photos that were not learned from, for 12 to 1,000 labels."""
DOUBTFUL_PENALTY = 1.0
"""For labels some of which may be wrong: a probe that is held back more does not learn the wrong ones too."""
FOLDS = 5


@dataclass(frozen=True)
class ProbeSpace:
    """Where vectors lie once they are centered, turned and scaled: ``(vectors - mean) @ turn``."""

    mean: np.ndarray
    """[C]"""
    turn: np.ndarray
    """[C, D], the main directions first; the mean square length of the vectors that it was made from becomes 1."""

    @classmethod
    def of(cls, vectors: np.ndarray, directions: int = DIRECTIONS) -> "ProbeSpace":
        """The space of vectors [n, C]; it has fewer directions where there are fewer vectors."""
        rows = vectors[:: max(1, -(-len(vectors) // SAMPLE))]
        mean = rows.mean(axis=0, dtype=np.float64).astype(np.float32)
        centered = rows - mean
        most = min(directions + 16, *centered.shape)
        # Subspace iteration (Halko, Martinsson, Tropp 2011): multiplications only, a tenth of the time of an exact SVD.
        basis = np.random.default_rng(0).standard_normal((centered.shape[1], most), np.float32)
        for _ in range(4):
            basis, _ = np.linalg.qr(centered.T @ (centered @ basis))
        inside = centered @ basis
        values, turned = np.linalg.eigh((inside.T @ inside).astype(np.float64))
        keep = np.argsort(values)[::-1][: min(directions, most)]
        # Without those that are nothing but rounding.
        keep = keep[values[keep] > values.max(initial=0) * 1e-6]
        scale = np.sqrt(values[keep].sum() / len(rows)) or 1.0
        return cls(mean, (basis @ turned[:, keep] / scale).astype(np.float32))

    def place(self, vectors: np.ndarray) -> np.ndarray:
        """Vectors [n, C] in the space, float32 [n, D]."""
        return (vectors - self.mean) @ self.turn


@dataclass(frozen=True)
class Probe:
    """The classifier: weights [D, K] and bias [K] on places in the space."""

    weights: np.ndarray
    bias: np.ndarray

    def probabilities(self, places: np.ndarray) -> np.ndarray:
        """Of each class, float64 [n, K]."""
        return _softmax(places @ self.weights + self.bias)


def fit(
    places: np.ndarray, labels: np.ndarray, classes: int, start: Probe | None = None, penalty: float = PENALTY
) -> Probe:
    """The probe of places [n, D] with labels [n], which are numbers below ``classes``.

    ``start`` is an earlier probe of the same space and classes: a fit that begins there ends after a few steps.
    A class that no label names gets no probability. Raises ValueError where fewer than two classes have labels.
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
    penalty: float = DOUBTFUL_PENALTY,
) -> np.ndarray:
    """What a probe says of each picture that it has not learned from: float64 [n, classes], by cross-validation.

    ``vectors`` [n, C] are labelled ones, ``labels`` numbers from 0; there are as many classes as the highest says.
    Each fold has its share of every class. Pictures of one group (``groups``: equal for near-duplicates) are held out
    together, so that none is judged by a probe that knows its twin. A class with a single picture or group cannot be
    foreseen: it gets no probability there. Raises ValueError where fewer than two classes have two pictures.
    """
    numbers = np.asarray(labels, dtype=np.int64)
    classes = int(numbers.max(initial=-1)) + 1
    fold_of = _folds(numbers, groups, folds, seed)
    if sum(len(np.unique(fold_of[numbers == one])) > 1 for one in np.unique(numbers)) < 2:
        raise ValueError("Cross-validation needs two classes with two pictures each.")
    places = ProbeSpace.of(vectors).place(vectors)
    answer = np.zeros((len(numbers), classes))
    everything = fit(places, numbers, classes, penalty=penalty)
    for fold in np.unique(fold_of):
        held = fold_of == fold
        start = Probe(everything.weights, everything.bias)
        answer[held] = fit(places[~held], numbers[~held], classes, start, penalty).probabilities(places[held])
    return answer


def _folds(labels: np.ndarray, groups: Sequence[object] | None, folds: int, seed: int) -> np.ndarray:
    """The fold of each picture: groups are dealt out class by class, in the seed's order."""
    names = list(range(len(labels))) if groups is None else list(groups)
    first: dict[object, int] = {}
    for row, name in enumerate(names):
        first.setdefault(name, row)
    order = np.random.default_rng(seed).permutation(np.array(list(first.values()), dtype=np.int64))
    order = order[np.argsort(labels[order], kind="stable")]
    fold_of = {names[row]: place % folds for place, row in enumerate(order)}
    return np.array([fold_of[name] for name in names], dtype=np.int64)


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
