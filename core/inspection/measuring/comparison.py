"""Comparison of two models on the same images: the difference in accuracy, and whether it could be chance."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

import pandas as pd
from pydantic import BaseModel, ConfigDict

from core.errors import RunError
from core.inspection.measuring.report import Mean, Report

Z = 1.959964  # the normal distribution's 97.5 % point: a two-sided 95 % interval


class Comparison(BaseModel):
    """A paired comparison on ``n`` images; ``difference`` is B's accuracy minus A's, with its 95 % interval."""

    model_config = ConfigDict(frozen=True)

    split: str
    n: int
    both_right: int
    only_a_right: int
    only_b_right: int
    both_wrong: int
    difference: float
    low: float
    high: float
    p_value: float
    left_out: int
    relabelled: int = 0
    """Of those left out: images that both tables have, with different labels."""

    @property
    def sentence(self) -> str:
        counts = f"Of {self.n} photos, only A is correct on {self.only_a_right} and only B on {self.only_b_right}."
        if self.only_a_right == self.only_b_right:
            conclusion = "There is no difference in accuracy."
        elif self.p_value < 0.05:
            better = "B" if self.difference > 0 else "A"
            conclusion = f"{better} is better; the difference is unlikely to be chance (p = {self.p_value:.2g})."
        else:
            conclusion = f"The difference may well be chance (p = {self.p_value:.2g})."
        return f"{counts} {conclusion}"


def compare(report_a: Report, report_b: Report, predictions_a: pd.DataFrame, predictions_b: pd.DataFrame) -> Comparison:
    """Compare two models by McNemar's exact test, on the images that both tables have with the same label.

    The tables are those of ``predictions-<split>.csv``: columns ``image`` (hash), ``label``, ``prediction``. Images in
    only one of them, or relabelled in between, are left out and counted in ``left_out``.

    Raises RunError if the splits differ, there is no common image, or a table lacks one of the columns.
    """
    if report_a.split != report_b.split:
        raise RunError(
            f"One report is for the {report_a.split} split and the other for {report_b.split}. Compare the same split."
        )
    columns = ["image", "label", "prediction"]
    if any(name not in table for table in (predictions_a, predictions_b) for name in columns):
        raise RunError("A table of predictions is incomplete. Evaluate both runs again to replace it.")
    a = predictions_a[columns].drop_duplicates("image")
    b = predictions_b[columns].drop_duplicates("image")
    together = a.merge(b, on=["image", "label"], suffixes=("_a", "_b"))
    if together.empty:
        raise RunError(
            f"The two runs have no {report_a.split} image with the same label in common, so they cannot be compared. "
            "Compare runs of the same project."
        )
    return compare_predictions(
        report_a.split,
        together["prediction_a"] == together["label"],
        together["prediction_b"] == together["label"],
        left_out=len(set(a["image"]) | set(b["image"])) - len(together),
        relabelled=len(set(a["image"]) & set(b["image"])) - len(together),
    )


class BoxComparison(BaseModel):
    """A paired comparison of boxes on the same images; ``difference`` is the mean of B's IoU minus A's."""

    model_config = ConfigDict(frozen=True)

    a_better: int
    b_better: int
    difference: Mean

    @property
    def sentence(self) -> str:
        found = self.difference
        counts = (
            f"Of {found.n} photos, the box of A fits better on {self.a_better} and that of B on {self.b_better}. "
            f"Mean IoU, B minus A: {found.value:+.2f}"
        )
        if found.low is None or found.high is None:
            return f"{counts}."
        interval = f"{counts}, 95% confidence interval {found.low:+.2f} to {found.high:+.2f}."
        if found.low <= 0 <= found.high:
            return f"{interval} The difference may well be chance."
        return f"{interval} {'B' if found.low > 0 else 'A'} is better; the difference is unlikely to be chance."


def compare_boxes(predictions_a: pd.DataFrame, predictions_b: pd.DataFrame) -> BoxComparison | None:
    """Compare the IoU of two models on the images that both tables have with the same box; None if there are none.

    The tables are those of ``predictions-<split>.csv`` of a localization. The interval is a bootstrap over the images.
    """
    truth = ["true_x", "true_y", "true_width", "true_height"]
    columns = ["image", *truth, "iou"]
    if any(name not in table for table in (predictions_a, predictions_b) for name in columns):
        return None
    a, b = (
        table[columns].drop_duplicates("image").astype(dict.fromkeys([*truth, "iou"], float))
        for table in (predictions_a, predictions_b)
    )
    together = a.merge(b, on=["image", *truth], suffixes=("_a", "_b"))
    if together.empty:
        return None
    difference = (together["iou_b"] - together["iou_a"]).to_numpy()
    return BoxComparison(
        a_better=int((difference < 0).sum()), b_better=int((difference > 0).sum()), difference=Mean.of(difference)
    )


def compare_predictions(
    split: str, right_a: Iterable[bool], right_b: Iterable[bool], left_out: int = 0, relabelled: int = 0
) -> Comparison:
    """Compare predictions known to be correct or wrong, image by image in the same order; at least one image.

    The interval is Bonett and Price's adjusted Wald interval for paired proportions (J. Educ. Behav. Stat. 37, 2012).
    """
    pairs = Counter((bool(a), bool(b)) for a, b in zip(right_a, right_b, strict=True))
    n, only_a, only_b = pairs.total(), pairs[True, False], pairs[False, True]
    share_a, share_b = (only_a + 1) / (n + 2), (only_b + 1) / (n + 2)
    center = share_b - share_a
    half = Z * math.sqrt((share_a + share_b - center**2) / (n + 2))
    return Comparison(
        split=split,
        n=n,
        both_right=pairs[True, True],
        only_a_right=only_a,
        only_b_right=only_b,
        both_wrong=pairs[False, False],
        difference=(only_b - only_a) / n,
        low=max(-1.0, center - half),
        high=min(1.0, center + half),
        p_value=_mcnemar(only_a, only_b),
        left_out=left_out,
        relabelled=relabelled,
    )


def _mcnemar(only_a: int, only_b: int) -> float:
    """The exact test: if A and B are equally good, each image on which only one is correct is a fair coin toss."""
    if only_a + only_b == 0:
        return 1.0
    from scipy.stats import binomtest  # here, because it takes most of a second

    return float(binomtest(only_a, only_a + only_b, 0.5).pvalue)
