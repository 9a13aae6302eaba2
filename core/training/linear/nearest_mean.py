"""The nearest class mean as a linear classifier, for a few labels per class.

The direction of a vector, seen from the mean of the training vectors, is compared with the directions of the class
means by their cosine (Wang et al. 2019, SimpleShot, arXiv 1911.04623). The length of a photo's own vector changes none
of the cosines' order, so that the predicted class of this linear form is exactly that of the cosines. Only the
confidence differs: it uses the mean length of the training vectors in place of the photo's own.
"""

from collections.abc import Sequence

import numpy as np

from core.errors import TooLittleData
from core.training.linear.linear_head import LinearHead, losses_of
from core.training.linear.logistic import TrainingVectors

SHARPNESSES = tuple(float(2 ** (step / 2)) for step in range(0, 13))
"""The factors of the cosine that are tried, from 1 to 64."""
_SMALLEST, _TYPICAL = 4, 10
"""Below so many labels in the smallest class, and below so many a class on the mean, it is the better choice; see
few_labels."""
DEFAULT_SHARPNESS = 10.0
"""Where no class has a second photo that could be predicted without itself."""


def few_labels(labels: np.ndarray) -> bool:
    """Return whether class numbers [n] are so few that the nearest mean is better than logistic regression.

    Measured with benchmarks/few_labels.py on three photo sets (hand signs, eyes, flowers), 20 seeds. The points of
    accuracy by which the nearest mean was ahead, as the mean of the three sets:

    - every class has 1, 2, 3, 4, 5, 8 labels: +1.1, +0.3, -0.9, -1.6, -2.0, -2.9;
    - every other class has 1, 2, 3, 4 labels and the rest 4 to 16, mean over the classes: +9.6, +8.7, +5.4, +1.4;
    - the same with each class weighted by its share of the labels: +0.5, +0.7, 0.0, -1.4.

    So the smallest class decides. If the others are large, their share of the photos decides for logistic regression.
    """
    counts = np.bincount(labels)
    counts = counts[counts > 0]
    return bool(counts.min() < _SMALLEST and counts.mean() < _TYPICAL)


def nearest_mean(training: TrainingVectors) -> LinearHead:
    """Return the head whose largest logit is that of the nearest class mean.

    All views of a photo are used. The confidence is set by predicting each photo without itself. Raises TooLittleData
    if fewer than two classes have photos.
    """
    present, labels = np.unique(training.labels, return_inverse=True)
    if len(present) < 2:
        raise TooLittleData("The training photos are all of one class. Label photos of at least two classes.")
    views = np.stack([view.astype(np.float64) for view in training.views])  # [V, n, C]
    photos = views.mean(axis=0)
    members = (labels == np.arange(len(present))[:, None]).astype(np.float64)  # [K, n]
    counts = members.sum(axis=1)
    # The mean of the class means: a class with many photos does not pull the centre towards it.
    center = ((members @ photos) / counts[:, None]).mean(axis=0)
    centered = views - center
    lengths = np.linalg.norm(centered, axis=2, keepdims=True)
    directions = (centered / np.maximum(lengths, 1e-12)).mean(axis=0)  # [n, C]
    sums = members @ directions
    sharpness = _sharpness(directions, centered[0], labels, sums, counts, training.groups)
    weight = sharpness / (float(lengths.mean()) or 1.0) * _unit(sums)
    return LinearHead.of_classes(weight, -weight @ center, present, training.classes)


def _sharpness(
    directions: np.ndarray,
    originals: np.ndarray,
    labels: np.ndarray,
    sums: np.ndarray,
    counts: np.ndarray,
    groups: Sequence[object] | None,
) -> float:
    """Return the factor with the lowest loss for photos predicted without themselves and their group."""
    names = list(range(len(labels))) if groups is None else list(groups)
    keys: dict[tuple[object, int], int] = {}
    own = np.array([keys.setdefault(key, len(keys)) for key in zip(names, labels.tolist(), strict=True)])
    alike = np.zeros((len(keys), directions.shape[1]))
    np.add.at(alike, own, directions)
    without = _unit(sums[labels] - alike[own])  # [n, C], the mean of the photo's class without its group
    known = counts[labels] > np.bincount(own)[own]
    if not known.any():
        return DEFAULT_SHARPNESS
    seen = originals / (np.linalg.norm(originals, axis=1).mean() or 1.0)
    cosines = seen @ _unit(sums).T
    cosines[np.arange(len(labels)), labels] = np.einsum("nc,nc->n", seen, without)
    cosines, truth = cosines[known], labels[known]
    losses = []
    for sharpness in SHARPNESSES:
        logits = sharpness * cosines
        # A few photos that are all predicted correctly say nothing against full confidence. So one more counts, like
        # the mean of them all, of which every class is equally likely.
        doubt = np.mean([losses_of(logits, np.full(len(truth), one)).mean() for one in range(len(sums))])
        losses.append(losses_of(logits, truth).sum() + doubt)
    return SHARPNESSES[int(np.argmin(losses))]


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
