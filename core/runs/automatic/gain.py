"""Whether a phase is better than the one before beyond noise, on the same validation photos. Does not import torch."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.inspection.measuring.comparison import compare, compare_boxes
from core.inspection.measuring.report import Report

if TYPE_CHECKING:
    import pandas as pd

NOISE = 0.3
"""A phase is kept if chance alone would give such a difference less often than this (McNemar's exact test, two-sided).

Two photos more of two that differ are not enough (0.5), three of three are (0.25). A stricter limit would throw away
gains that are real: a wrong choice between two models that are nearly equal costs little.

The newer model is itself chosen on these photos: its best epoch, and with ``interpolate`` the best of eleven mixes with
the model before. So chance alone gives such a difference more often than the limit says. Simulated with eleven models
that are all just as good as the one before (80 to 500 photos, 85 to 95 % correct), a mix was kept in 10 to 29 % of all
cases, the last of the eleven alone in 6 to 13 %. The limit stays: such a mix is no worse than what it replaces, only
its figure on the validation photos is too high, by 1 to 3 points with 80 photos and by 1 with 500.
"""
_BOX_ERRORS = 1.0
"""The same for boxes: the mean difference of the IoU in standard errors."""
_INTERVAL_ERRORS = 2 * 1.96


@dataclass(frozen=True)
class Gain:
    """A comparison of two models on the validation photos."""

    better: bool
    """Whether the newer model is better beyond noise."""
    sentence: str


def gain_of(before: "tuple[Report, pd.DataFrame]", after: "tuple[Report, pd.DataFrame]") -> Gain:
    """Compare two models by their reports and tables of predictions on the validation photos.

    Raises RunError if they have no photos in common.
    """
    if after[0].task == "localization":
        return _box_gain(before[1], after[1])
    found = compare(before[0], after[0], before[1], after[1])
    lost, won = found.only_a_right, found.only_b_right
    counts = f"{won} {'photo' if won == 1 else 'photos'} became correct and {lost} became wrong, of {found.n}"
    if won <= lost:
        return Gain(False, f"No gain: {counts}.")
    if found.p_value >= NOISE:
        return Gain(False, f"Gain too small to count: {counts}.")
    return Gain(True, f"Better: {counts}.")


def _box_gain(before: "pd.DataFrame", after: "pd.DataFrame") -> Gain:
    found = compare_boxes(_with_class(before), _with_class(after))
    value = found.difference.value if found is not None else None
    if found is None or value is None or value <= 0:
        return Gain(False, "No gain: the boxes do not fit better.")
    difference = found.difference
    measure = "the mean IoU" if before["label"].nunique() == 1 else "the mean IoU, 0 where the class is wrong,"
    change = f"{measure} changed by {value:+.3f} on {difference.n} photos"
    if difference.low is None or difference.high is None:
        return Gain(False, f"Gain too small to count: {change}.")
    error = (difference.high - difference.low) / _INTERVAL_ERRORS
    if value < _BOX_ERRORS * error:
        return Gain(False, f"Gain too small to count: {change}.")
    return Gain(True, f"Better: {change}.")


def _with_class(table: "pd.DataFrame") -> "pd.DataFrame":
    """Return a table in which the IoU is 0 where the class is wrong, as the trainer scores its epochs."""
    right = table["prediction"] == table["label"]
    return table.assign(iou=table["iou"].astype(float).where(right, 0.0)) if "iou" in table else table
