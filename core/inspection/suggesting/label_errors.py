"""Likely label errors, found by confident learning on out-of-sample predictions of a probe.

Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", 2021, by the library
cleanlab. It compares each label with probabilities from a model fitted on the other images, and takes into account
that the classifier is more confident about some classes than about others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class LikelyLabelError:
    """A label that disagrees with the prediction from the other images."""

    place: int  # the image's position in the input
    given: int
    proposed: int  # the most probable class
    given_probability: float
    proposed_probability: float
    likely: bool  # whether cleanlab counts it as an error; the others only disagree with the prediction


def likely_label_errors(labels: Sequence[int] | np.ndarray, probabilities: np.ndarray) -> list[LikelyLabelError]:
    """Return all labels that differ from the most probable class, the likeliest errors first.

    ``probabilities`` [n, classes] must be out of sample, as from `core.inspection.suggesting.probe.out_of_sample`.
    Classes with too few images to be predicted are left out, as labels and as predictions.
    """
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    given = np.asarray(labels, dtype=np.int64)
    predictable = [one for one in np.unique(given) if probabilities[given == one, one].any()]
    rows = np.flatnonzero(np.isin(given, predictable))
    if len(predictable) < 2 or not len(rows):
        return []
    own = np.searchsorted(predictable, given[rows])
    shares = probabilities[rows][:, predictable]
    shares = shares / shares.sum(axis=1, keepdims=True)
    doubt = get_label_quality_scores(own, shares, method="normalized_margin")
    likely = find_label_issues(own, shares, filter_by="prune_by_noise_rate", n_jobs=1)
    best = shares.argmax(axis=1)
    return [
        LikelyLabelError(
            int(rows[row]),
            int(given[rows[row]]),
            int(predictable[best[row]]),
            float(shares[row, own[row]]),
            float(shares[row, best[row]]),
            bool(likely[row]),
        )
        for row in np.argsort(doubt, kind="stable")
        if best[row] != own[row]
    ]
