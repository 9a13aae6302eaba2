"""Non-negative factors of feature maps, and the share that each adds to a class's score. Does not import torch.

The idea is CRAFT's (Fel et al. 2023, arXiv 2211.10154): a class's photos are described by a few directions of the last
stage, each shown by the places where it is strongest. Maps [points, C] of a ReLU are nearly W [points, K] times
H [K, C], none of them negative (scikit-learn's NMF). CRAFT measures a factor's importance by Sobol indices; here the
head is linear after global pooling, so a factor's part of the score is known exactly: the mean of its activity times
its direction's product with the class's weights. What the factors leave out is one remainder, which is shown too.
"""

from dataclasses import dataclass

import numpy as np

from core.errors import ModelError
from core.progress import CountCallback

LEAST_FACTORS, MOST_FACTORS, USUAL_FACTORS = 3, 8, 5
_ROUND = 10
_ROUNDS = 20
_TOLERANCE = 1e-3
"""The fit ends when the factors change by less than this share in a round."""


@dataclass(frozen=True)
class Head:
    """How a class's score follows from the last stage's maps."""

    weights: np.ndarray
    """Of the class, [C]."""
    bias: float
    scales: np.ndarray
    """By photo [n]: what its pooled vector is multiplied by; 1 unless the head takes vectors of length 1."""
    scores: np.ndarray
    """By photo [n]: the logit of the class."""


@dataclass(frozen=True)
class Factors:
    """The factors of a class, the one that adds most to its score first."""

    activity: np.ndarray
    """float32 [K, n, h, w]: how strong each factor is at each place of each photo."""
    parts: np.ndarray
    """float64 [n, K]: what each factor adds to each photo's score."""
    remainder: np.ndarray
    """float64 [n]: what neither the factors nor the bias explain."""
    bias: float
    scores: np.ndarray
    """float64 [n]: the logits of the class."""
    explained: float
    """How much of the maps' squared size the factors reproduce, 0 to 1."""

    @property
    def mean_parts(self) -> np.ndarray:
        """What each factor adds to the score of a photo on average, [K]."""
        return np.asarray(self.parts.mean(axis=0))

    @property
    def mean_score(self) -> float:
        """The mean score minus the bias: the sum of the mean parts and the mean remainder."""
        return float(self.scores.mean() - self.bias)

    @property
    def shares(self) -> np.ndarray | None:
        """The mean parts as shares of the mean score, [K]; None where that is not positive."""
        return self.mean_parts / self.mean_score if self.mean_score > 0 else None


def factors_of(maps: np.ndarray, head: Head, count: int, progress: CountCallback | None = None) -> Factors:
    """Return the factors of the maps of a class's photos, [n, h, w, C] without negative values.

    Raises ModelError if there are too few places for so many factors, or if the maps are zero everywhere.
    """
    photos, height, width, channels = maps.shape
    points = np.ascontiguousarray(maps.reshape(-1, channels), np.float32)
    if len(points) < count or channels < count:
        raise ModelError(
            f"{photos} photos with {height} × {width} places are too few for {count} parts. Choose fewer parts, or "
            "label more photos."
        )
    if not points.any():
        raise ModelError(
            "The last stage is not active for these photos, so there is nothing to take apart. Choose another class."
        )
    activity, basis = factorise(points, count, progress)
    residual = float(np.square(points - activity @ basis).sum(dtype=np.float64))
    explained = 1 - residual / float(np.square(points).sum(dtype=np.float64))
    along = basis.astype(np.float64) @ head.weights.astype(np.float64)  # [K]
    means = activity.reshape(photos, -1, count).mean(axis=1, dtype=np.float64)  # [n, K]
    parts = head.scales[:, None] * means * along
    order = np.argsort(-parts.mean(axis=0), kind="stable")
    parts = parts[:, order]
    scores = head.scores.astype(np.float64)
    return Factors(
        activity=activity.T.reshape(count, photos, height, width)[order],
        parts=parts,
        remainder=scores - head.bias - parts.sum(axis=1),
        bias=head.bias,
        scores=scores,
        explained=min(1.0, max(0.0, explained)),
    )


def factorise(points: np.ndarray, count: int, progress: CountCallback | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return W [n, K] and H [K, C], neither negative, whose product is near ``points`` [n, C]; always the same.

    The fit goes in rounds, each from where the one before ended, so that it can report and be stopped in between.
    """
    from sklearn.decomposition import NMF

    def fitted(init: str, **start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        model = NMF(n_components=count, init=init, max_iter=_ROUND, tol=0, random_state=0)
        activity = model.fit_transform(points, **start)
        return activity.astype(np.float32), model.components_.astype(np.float32)

    def told(done: int) -> None:
        if progress is not None:
            progress(done, _ROUNDS)

    told(0)
    activity, basis = fitted("nndsvda")
    for number in range(1, _ROUNDS):
        told(number)
        before = basis
        activity, basis = fitted("custom", W=activity, H=basis)
        if np.linalg.norm(basis - before) <= _TOLERANCE * np.linalg.norm(basis):
            break
    told(_ROUNDS)
    return activity, basis


def strongest_places(activity: np.ndarray, most: int) -> list[tuple[int, int, int]]:
    """Return photo, row and column where one factor's activity [n, h, w] is strongest, at most once for each photo."""
    flat = activity.reshape(len(activity), -1)
    best = flat.argmax(axis=1)
    peaks = flat[np.arange(len(flat)), best]
    order = [int(photo) for photo in np.argsort(-peaks, kind="stable")[:most] if peaks[photo] > 0]
    width = activity.shape[2]
    return [(photo, int(best[photo]) // width, int(best[photo]) % width) for photo in order]
