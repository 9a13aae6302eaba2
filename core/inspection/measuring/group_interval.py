"""What whole groups say about an accuracy: its 95 % interval for groups that the model has not seen."""

import math

import numpy as np
import pandas as pd

from core.data.snapshot import BY_USER, GROUP, Snapshot
from core.inspection.measuring.report import CONFIDENCE, BoxReport, GroupDifference, GroupInterval, Rate, Report

FEWEST_GROUPS = 5
"""From fewer groups nobody can tell how far a new one may be from them, so there is no interval."""
_SPLITS = {"val": "validation photos", "test": "test photos"}


def group_interval(right: np.ndarray, group: np.ndarray) -> GroupInterval:
    """Return the interval of an accuracy for new groups: ``right`` [n] says how right each photo is, from 0 to 1.

    Photos of one group (``group`` [n]) are not independent, so the variance is that of leaving out one group after the
    other (jackknife). It gives the number of independent photos that would vary as much; Wilson's interval is taken
    for that number, with Student's t for groups - 1 degrees of freedom (as Korn and Graubard, Survey Methodology 24,
    1998, do it for Clopper and Pearson's). It is never narrower than Wilson's over photos. In simulations of
    5 to 24 groups whose accuracies are from Beta(8, 2), it covers 94 to 97 % with groups of one size and 93 to 95 %
    with sizes that differ tenfold; a bootstrap over 5 to 12 groups covers 86 to 90 %, Wilson's interval under 70 %.
    """
    hits, sizes = _by_group(right, group)
    groups, n = len(sizes), int(sizes.sum())
    if groups < FEWEST_GROUPS:
        return GroupInterval(low=None, high=None, groups=groups)
    share = float(hits.sum() / n)
    variance = _jackknife(hits, sizes)
    effective = min(n, share * (1 - share) / variance) if variance > 0 else n
    z = _t(groups - 1)
    center = (share + z**2 / (2 * effective)) / (1 + z**2 / effective)
    half = z / (1 + z**2 / effective) * math.sqrt(share * (1 - share) / effective + (z / (2 * effective)) ** 2)
    low = 0.0 if share <= 0 else max(0.0, center - half)
    high = 1.0 if share >= 1 else min(1.0, center + half)
    over_photos = Rate.of(round(float(hits.sum())), n)
    assert over_photos.low is not None and over_photos.high is not None
    return GroupInterval(low=min(low, over_photos.low), high=max(high, over_photos.high), groups=groups)


def group_difference(first: np.ndarray, second: np.ndarray, group: np.ndarray) -> GroupDifference:
    """Return how much more often ``first`` [n] is right than ``second`` [n] on the same photos, paired by group.

    The interval is Student's t over groups, from the jackknife, and never narrower than over photos; there is none for
    fewer than FEWEST_GROUPS.
    """
    apart = np.asarray(first, dtype=float) - np.asarray(second, dtype=float)
    sums, sizes = _by_group(apart, group)
    groups = len(sizes)
    value = float(sums.sum() / sizes.sum())
    if groups < FEWEST_GROUPS:
        return GroupDifference(value=value, low=None, high=None, groups=groups)
    variance = max(_jackknife(sums, sizes), float(apart.var(ddof=1)) / len(apart))
    half = _t(groups - 1) * math.sqrt(variance)
    return GroupDifference(value=value, low=max(-1.0, value - half), high=min(1.0, value + half), groups=groups)


def with_groups(report: Report, snapshot: Snapshot, predictions: pd.DataFrame | None = None) -> Report:
    """Return the report with its interval over the groups that a person named; unchanged where nobody named any.

    ``predictions`` is the report's table. Without it, as for a report of an earlier version, only the number of groups
    is known.
    """
    if report.over_groups is not None or snapshot.grouped_by != BY_USER:
        return report
    if predictions is None:
        number = snapshot.part(report.split)[GROUP].nunique()
        return report.model_copy(update={"over_groups": GroupInterval(low=None, high=None, groups=number)})
    group_of = dict(zip(snapshot.frame["image"], snapshot.frame[GROUP], strict=True))
    right = (predictions["prediction"] == predictions["label"]).to_numpy()
    found = group_interval(right, predictions["image"].map(group_of).to_numpy())
    return report.model_copy(update={"over_groups": found})


def groups_sentence(report: Report) -> str:
    """Return what the groups of the evaluated photos mean for a new one; empty where nobody named any."""
    over = report.over_groups
    if over is None or not report.n or report.split == "train":  # the model knows the groups of training photos
        return ""
    photos = _SPLITS.get(report.split, "photos")
    boxes = isinstance(report, BoxReport)
    if over.low is not None and over.high is not None and not boxes:
        return (
            f"The {photos} are of {over.groups:,} groups. On new groups, the accuracy is from {over.low:.0%} to "
            f"{over.high:.0%} (95% confidence interval over groups)."
        )
    few = "only " if over.groups < FEWEST_GROUPS else ""
    groups = "one group" if over.groups == 1 else f"{over.groups:,} groups"
    figure = "mean IoU" if boxes else "accuracy"
    return f"The {photos} are of {few}{groups}: for a new group, the {figure} may be quite different."


def _by_group(values: np.ndarray, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the sum of the values in each group, and how many there are."""
    _, numbers = np.unique(np.asarray(group), return_inverse=True)
    return np.bincount(numbers, weights=np.asarray(values, dtype=float)), np.bincount(numbers)


def _jackknife(sums: np.ndarray, sizes: np.ndarray) -> float:
    """Return the variance of sum / size, from leaving out one group after the other."""
    without = (sums.sum() - sums) / (sizes.sum() - sizes)
    return float((len(sums) - 1) / len(sums) * ((without - sums.sum() / sizes.sum()) ** 2).sum())


def _t(freedom: int) -> float:
    """Return the quantile of Student's t for a two-sided interval."""
    from scipy.special import stdtrit  # a third of a second, and reading a report needs none of it

    return float(stdtrit(freedom, (1 + CONFIDENCE) / 2))
