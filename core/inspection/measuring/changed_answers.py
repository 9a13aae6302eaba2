"""What changed between two models on the same images: those that are newly right, and those that are newly wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from core.data.pictures.box import Box
from core.data.snapshot import BOX_COLUMNS
from core.errors import RunError
from core.inspection.measuring.comparison import Comparison, compare_predictions
from core.inspection.measuring.overlap import ious

LEAST_IOU = 0.5
"""A box counts as right if its IoU with the labelled box is at least this, and its class is right."""

_NEEDED = ("image", "label", "prediction")
_TRUE = [f"true_{side}" for side in BOX_COLUMNS]


@dataclass(frozen=True)
class ChangedAnswers:
    """The images of both evaluations; both models are judged by the labels of the later one.

    The tables hold rows of the later predictions, most confident first, with two more columns: ``earlier`` and
    ``earlier_label`` are the prediction and the label of the earlier evaluation.
    """

    newly_right: pd.DataFrame = field(repr=False)
    newly_wrong: pd.DataFrame = field(repr=False)
    comparison: Comparison | None
    """A is the earlier model, B the later one; None if the two have no image in common."""
    relabelled: int = 0
    """How many of the images have another label in the later evaluation."""

    @property
    def sentence(self) -> str:
        """How many images changed, and whether the difference could be chance."""
        found = self.comparison
        if found is None:
            return "The two runs have no photo of this split in common, so their answers cannot be compared."
        changed = f"{found.only_b_right} newly right, {found.only_a_right} newly wrong"
        counts = f"Of {_photos(found.n)} that both runs were evaluated on: {changed}."
        if found.only_a_right == found.only_b_right:
            return f"{counts} There is no difference in accuracy."
        if found.p_value >= 0.05:
            return f"{counts} The difference may well be chance (p = {found.p_value:.2g})."
        better = "new" if found.difference > 0 else "earlier"
        return (
            f"{counts} The {better} run is better; the difference is unlikely to be chance (p = {found.p_value:.2g})."
        )

    @property
    def caveat(self) -> str:
        """Why p is not to be taken at its word where labels were corrected; empty where none of them was."""
        if self.comparison is None or not self.relabelled:
            return ""
        were = "1 of these labels was" if self.relabelled == 1 else f"{self.relabelled:,} of these labels were"
        return (
            f"{were} corrected. If you corrected labels where the earlier run was wrong, that favours the earlier run. "
            "These photos are then no neutral sample, and p is only a rough guide."
        )


def changed_answers(split: str, earlier: pd.DataFrame, later: pd.DataFrame) -> ChangedAnswers:
    """Compare two tables of ``predictions-<split>.csv`` image by image, by content.

    With boxes, an answer is right if its class is right and its box has an IoU of at least LEAST_IOU with the box of
    the later table. Raises RunError if a table lacks a column.
    """
    for table in (earlier, later):
        if any(name not in table for name in _NEEDED):
            raise RunError("A table of predictions is incomplete. Evaluate both runs again to replace it.")
    before = earlier.drop_duplicates("image").set_index("image")
    after = later.drop_duplicates("image")
    both = after[after["image"].isin(before.index)].reset_index(drop=True)
    was = before.loc[both["image"]].reset_index()
    right_before, right_after = _right(was, both), _right(both, both)
    both = both.assign(earlier=was["prediction"], earlier_label=was["label"])
    if "probability" in both:
        order = both["probability"].sort_values(ascending=False, kind="stable").index
    else:
        order = both.index
    comparison = None
    if len(both):
        comparison = compare_predictions(
            split,
            right_before,
            right_after,
            left_out=len(set(before.index) | set(after["image"])) - len(both),
        )
    sorted_rows, gained, lost = both.loc[order], right_after & ~right_before, right_before & ~right_after
    return ChangedAnswers(
        newly_right=sorted_rows[gained.loc[order]].reset_index(drop=True),
        newly_wrong=sorted_rows[lost.loc[order]].reset_index(drop=True),
        comparison=comparison,
        relabelled=int((both["label"] != both["earlier_label"]).sum()),
    )


def _right(answers: pd.DataFrame, truth: pd.DataFrame) -> pd.Series:
    """Return whether each answer is right by the labels, and the boxes where there are some, of ``truth``."""
    right = answers["prediction"] == truth["label"]
    if all(name in truth for name in _TRUE) and all(name in answers for name in BOX_COLUMNS):
        right &= ious(_boxes(answers, BOX_COLUMNS), _boxes(truth, _TRUE)) >= LEAST_IOU
    return right


def _boxes(table: pd.DataFrame, columns: Sequence[str]) -> list[Box]:
    return [Box(*row) for row in table[list(columns)].astype(float).to_numpy().tolist()]


def _photos(number: int) -> str:
    return f"{number:,} photo{'' if number == 1 else 's'}"
