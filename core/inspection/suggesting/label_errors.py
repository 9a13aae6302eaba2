"""Labels that are likely wrong, the most doubtful first: confident learning on what a probe says that never saw them.

Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", 2021, by the library
cleanlab. It compares each given label with the probabilities that come from the other images alone, and takes into
account that the classifier is surer of some classes than of others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class LikelyLabelError:
    """A label that the other images speak against."""

    place: int  # of the image in what was given
    given: int
    proposed: int  # the most probable class
    given_probability: float
    proposed_probability: float
    likely: bool  # cleanlab counts it among the errors; the others are merely the next most doubtful


def likely_label_errors(labels: Sequence[int] | np.ndarray, probabilities: np.ndarray) -> list[LikelyLabelError]:
    """All labels that are not the most probable class, the most doubtful first.

    ``probabilities`` [n, classes] are out of sample: `core.inspection.suggesting.probe.out_of_sample` gives
    them. A class that has too few images to be foreseen accuses nobody and is accused of nothing.
    """
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    given = np.asarray(labels, dtype=np.int64)
    foreseen = [one for one in np.unique(given) if probabilities[given == one, one].any()]
    rows = np.flatnonzero(np.isin(given, foreseen))
    if len(foreseen) < 2 or not len(rows):
        return []
    own = np.searchsorted(foreseen, given[rows])
    shares = probabilities[rows][:, foreseen]
    shares = shares / shares.sum(axis=1, keepdims=True)
    doubt = get_label_quality_scores(own, shares, method="normalized_margin")
    likely = find_label_issues(own, shares, filter_by="prune_by_noise_rate", n_jobs=1)
    best = shares.argmax(axis=1)
    return [
        LikelyLabelError(
            int(rows[row]),
            int(given[rows[row]]),
            int(foreseen[best[row]]),
            float(shares[row, own[row]]),
            float(shares[row, best[row]]),
            bool(likely[row]),
        )
        for row in np.argsort(doubt, kind="stable")
        if best[row] != own[row]
    ]
