"""Fit the score for "none of these" on the vectors of training photos, and its limit on validation photos.

Chosen by the area under the ROC curve, ImageNet vectors of ResNet-50, 300 training photos each of hand signs, eyes and
flowers. Foreign were 100 ImageNet photos, photos of the other two sets, or a class that was left out of training:

    distance to                              ImageNet   other sets   class left out
    2nd nearest training photo, cosine       0.999      0.997        0.762
    5th nearest                              0.999      1.000        0.738
    5th nearest, seen from the mean          0.989      0.965        0.770
    nearest class mean, cosine from the mean 0.952      0.920        0.774
    nearest class mean, Euclidean            0.976      0.976        0.667

The nearest alone (0.998, 0.997, 0.778) depends on single photos. A class that is much like the others is hard to find
with any of them: with 900 photos 0.804, of which a limit for 95 % of the own photos finds 28 %.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.inspection.deciding.foreign_score import ForeignScore, directions, score_bytes
from core.inspection.measuring.number_files import read_numbers, write_numbers
from core.models.decision import Foreign

NEIGHBOURS = 2
MOST_PHOTOS = 2_000
"""Training photos that are compared with; their vectors take 8 MB of a bundle with ResNet-50."""
FEWEST_PHOTOS = 10
"""Training photos, and validation photos."""
ACCEPTED = 0.95
"""The share of the validation photos that the limit accepts, unless another is chosen."""


@dataclass(frozen=True)
class FittedForeign:
    """The score with its limit, the validation photos' scores [N], and what belongs into foreign.safetensors."""

    foreign: Foreign
    scores: np.ndarray
    content: bytes


def fit_foreign(training: np.ndarray, validation: np.ndarray, accepted: float = ACCEPTED) -> FittedForeign:
    """Return the score from pooled vectors [M, D] of training photos, and its limit from those of validation photos.

    Raises ValueError if there are fewer than FEWEST_PHOTOS of either.
    """
    if min(len(training), len(validation)) < FEWEST_PHOTOS:
        raise ValueError(f"{len(training)} training and {len(validation)} validation photos are too few")
    # Rounded to half precision as in the file, so that the limit fits what is read from it.
    score = ForeignScore(directions(training).astype(np.float16).astype(np.float32), NEIGHBOURS)
    scores, content = score.scores(validation), score_bytes(score)
    foreign = Foreign(
        method="nearest",
        neighbours=NEIGHBOURS,
        n=len(training),
        sha256=hashlib.sha256(content).hexdigest(),
        **limit_and_share(scores, accepted),
    )
    return FittedForeign(foreign, scores, content)


def with_limit(foreign: Foreign, scores: np.ndarray, accepted: float) -> Foreign:
    """Return the score with the limit that accepts a share of the validation photos with these scores [N]."""
    return foreign.model_copy(update=limit_and_share(scores, accepted))


def limit_and_share(scores: np.ndarray, accepted: float) -> dict[str, float]:
    """Return the smallest ``limit`` that accepts at least a share of the photos, and the share that it ``accepted``."""
    limit = float(np.quantile(scores, accepted, method="inverted_cdf"))
    return {"limit": limit, "accepted": float((scores <= limit).mean())}


def sample(labels: np.ndarray, most: int = MOST_PHOTOS) -> np.ndarray:
    """Return the places of at most this number of training photos, as many of each class [N] as possible, in order."""
    if len(labels) <= most:
        return np.arange(len(labels))
    order = np.random.default_rng(0).permutation(len(labels))
    turn = np.empty(len(labels), dtype=np.int64)
    for value in np.unique(labels):
        members = order[labels[order] == value]
        turn[members] = np.arange(len(members))
    # The first photo of every class, then the second of every class, and so on.
    return np.sort(order[np.argsort(turn[order], kind="stable")][:most])


def write_scores(scores: np.ndarray, run_folder: Path, split: str) -> None:
    """Write the scores of a split's photos into a run, in the order of the snapshot; whole or not at all."""
    write_numbers(scores, _scores_path(run_folder, split))


def read_scores(run_folder: Path, split: str = "val") -> np.ndarray | None:
    """Return the scores [N] of a split's photos, in the order of its predictions; None if there are none."""
    found = read_numbers(_scores_path(run_folder, split))
    return found if found is not None and found.ndim == 1 else None


def _scores_path(run_folder: Path, split: str) -> Path:
    return run_folder / f"foreign-{split}.npy"
