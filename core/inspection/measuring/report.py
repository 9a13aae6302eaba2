"""Evaluation reports: counts first, then rates with n and a 95 % confidence interval."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from statistics import NormalDist
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.errors import RunError
from core.file_replacement import replace_patiently

CONFIDENCE = 0.95
_RESAMPLES = 2000
TOP = 5
_MOST_BYTES = 100_000_000
"""The largest report file that is read; one of 1,000 classes has about 4 MB."""

Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Figures(BaseModel):
    """Part of a report. Reports are read back from disk, so every field has bounds."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)


class Rate(_Figures):
    """A proportion ``correct / n`` with its 95 % interval; ``value``, ``low`` and ``high`` are None if n is 0."""

    value: Share | None
    correct: Count
    n: Count
    low: Share | None
    high: Share | None

    @classmethod
    def of(cls, correct: int, n: int) -> Rate:
        """Compute Wilson's score interval: it stays within 0 and 1, and is accurate for small n and for 0 or n correct.

        Raises ValueError unless 0 <= correct <= n.
        """
        if not 0 <= correct <= n:
            raise ValueError(f"{correct} correct of {n} is not a proportion")
        if n == 0:
            return cls(value=None, correct=0, n=0, low=None, high=None)
        # Written out, because scipy.stats takes a second to import.
        share, z = correct / n, NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
        center = (2 * correct + z**2) / (2 * (n + z**2))
        half = z / (2 * (n + z**2)) * math.sqrt(4 * n * share * (1 - share) + z**2)
        low = 0.0 if correct == 0 else center - half
        high = 1.0 if correct == n else center + half
        return cls(value=share, correct=int(correct), n=int(n), low=float(low), high=float(high))

    @classmethod
    def f1(cls, true_positives: int, false_positives: int, false_negatives: int) -> Rate:
        """Compute F1 with an interval mapped from Wilson's.

        F1 is not a proportion, but J = TP / (TP + FP + FN) is one: among the images that have the class or are
        predicted as it, the share for which both hold. F1 = 2J / (1 + J) rises with J, so the ends of J's interval map
        to those of F1 ("Wilson indirect" of Lam, Gopal and Qian, arXiv 2309.14621). ``correct`` and ``n`` are J's.
        """
        share = cls.of(true_positives, true_positives + false_positives + false_negatives)

        def mapped(j: float | None) -> float | None:
            return None if j is None else 2 * j / (1 + j)

        return cls(
            value=mapped(share.value), correct=share.correct, n=share.n, low=mapped(share.low), high=mapped(share.high)
        )

    def __str__(self) -> str:
        if self.value is None or self.low is None or self.high is None:
            return "no photos"
        return (
            f"{self.value:.1%} ({self.correct} of {self.n}; "
            f"{CONFIDENCE:.0%} confidence interval {self.low:.1%} to {self.high:.1%})"
        )


class Mean(_Figures):
    """The mean of a metric over ``n`` images with its 95 % interval; the numbers are None if n is 0."""

    value: float | None
    n: Count
    low: float | None
    high: float | None
    interval: str = "percentile bootstrap"

    @classmethod
    def of(cls, values: np.ndarray) -> Mean:
        """Compute the mean and its bootstrap interval: the central 95 % of the means of resampled images (Efron 1979).

        Per-image metrics are far from normally distributed (IoU is at most 1), so no distribution is assumed. With one
        image the spread is unknown, so the interval is None.
        """
        n = len(values)
        if n == 0:
            return cls(value=None, n=0, low=None, high=None)
        if n == 1:
            return cls(value=float(values[0]), n=1, low=None, high=None)
        generator = np.random.default_rng(0)
        means = [values[generator.integers(0, n, n)].mean() for _ in range(_RESAMPLES)]
        low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
        return cls(value=float(values.mean()), n=n, low=float(low), high=float(high))

    def __str__(self) -> str:
        if self.value is None:
            return "no photos"
        between = (
            "" if self.low is None else f"; {CONFIDENCE:.0%} confidence interval {self.low:.3g} to {self.high:.3g}"
        )
        return f"{self.value:.3g} ({self.n} photos{between})"


class ClassReport(_Figures):
    """Precision, recall and F1 of one class; ``n`` is the number of images that have it."""

    name: str
    n: Count
    precision: Rate
    recall: Rate
    f1: Rate


class GroupInterval(_Figures):
    """The 95 % interval of an accuracy for new groups; None where there are too few groups to tell."""

    low: Share | None
    high: Share | None
    groups: Count
    """How many groups the photos are of, where a photo without others is a group of its own."""


class GroupDifference(_Figures):
    """A difference of two accuracies on the same photos, with its 95 % interval over groups."""

    value: float
    low: float | None
    high: float | None
    groups: Count


class DecisionFigures(_Figures):
    """What the decision of the bundle did on these photos; all other figures are of the likeliest classes."""

    chosen: Rate
    """The accuracy of the decision's answers to all photos; it differs from the report's if there is a threshold."""
    answered: Rate
    """The share of the photos that are answered, not left to a person."""
    accuracy: Rate
    """The accuracy on the answered photos."""
    set_level: Count | None = None
    covered: Rate | None = None
    """How often the sets of likely classes hold the true one, at the level in per cent."""
    mean_set: float | None = None
    threshold_class: str | None = None
    """The class that a threshold chose, if there was one."""
    decision_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    """The digest of the decision that they are of; None in reports of earlier versions."""


class Report(_Figures):
    """A model's evaluation on one split; ``confusion`` has a row per true class and a column per predicted class."""

    schema_version: int = 1
    task: Literal["classification", "localization"] = "classification"
    split: str
    n: Count
    accuracy: Rate
    top5: Rate | None = None
    macro_f1: Share | None
    loss: float | None
    classes: tuple[str, ...]
    per_class: tuple[ClassReport, ...]
    confusion: tuple[tuple[Count, ...], ...]
    model: str = ""
    arch: str = ""
    digest: str | None = None
    split_seed: Count | None = None
    precision: str = "fp32"
    computed: str = ""
    """How the logits were computed, if not by the whole network: "kept features, bf16"."""
    device: str = ""
    seconds: float = 0.0
    created: str = ""
    decision: DecisionFigures | None = None
    over_groups: GroupInterval | None = None
    """What the accuracy is on new groups, where a person named groups."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        size = len(self.classes)
        if (
            len(self.per_class) != size
            or len(self.confusion) != size
            or any(len(row) != size for row in self.confusion)
        ):
            raise ValueError("the tables do not have one row per class")
        return self

    def figures(self) -> dict[str, str]:
        """Return the main metrics as text by name, the most important first."""
        return {"accuracy": str(self.accuracy)}

    @property
    def class_names(self) -> tuple[str, ...]:
        return self.classes

    def write(self, path: Path) -> None:
        """Write the report as JSON, whole or not at all."""
        part = path.with_name(path.name + ".part")
        part.write_text(self.model_dump_json(indent=2), encoding="utf-8")
        replace_patiently(part, path)

    @classmethod
    def read(cls, path: Path) -> Report:
        """Read a report, a BoxReport for localization. Raises RunError if the file is missing or not a report."""
        try:
            if path.stat().st_size > _MOST_BYTES:
                raise ValueError("the file is too large")
            raw = json.loads(path.read_text(encoding="utf-8"))
            return (BoxReport if _is_localization(raw) else Report).model_validate(raw)
        except (OSError, ValueError, RecursionError) as error:  # ValidationError and decoding errors are ValueErrors
            raise RunError(f"{path} is not a readable report. Evaluate the run again to replace it.") from error


def _is_localization(raw: Any) -> bool:
    """Return whether a report's JSON is a BoxReport; reports of version 0.1.0 have no ``task``."""
    return isinstance(raw, dict) and raw.get("task", "localization" if "mean_iou" in raw else "") == "localization"


class BoxReport(Report):
    """An evaluation of a localization model: the quality of the boxes in addition to the classes.

    ``iou_50`` and ``iou_75`` are the shares of images with an IoU of at least 0.5 and 0.75, whatever the class.
    """

    task: Literal["classification", "localization"] = "localization"
    mean_iou: Mean
    iou_50: Rate
    iou_75: Rate
    center_error: Mean
    """In pixels of the images."""

    def figures(self) -> dict[str, str]:
        return {
            "mean IoU": str(self.mean_iou),
            "IoU of at least 0.5": str(self.iou_50),
            "IoU of at least 0.75": str(self.iou_75),
            "distance between box centres in pixels": str(self.center_error),
            **super().figures(),
        }


def with_boxes(report: Report, ious: np.ndarray, center_errors: np.ndarray) -> BoxReport:
    """Add box metrics to a report, from each image's IoU [N] and distance between box centres [N]."""
    shares = {
        name: Rate.of(int((ious >= least).sum()), len(ious)) for name, least in (("iou_50", 0.5), ("iou_75", 0.75))
    }
    means = {"mean_iou": Mean.of(ious), "center_error": Mean.of(center_errors)}
    return BoxReport.model_validate({**report.model_dump(), "task": "localization", **means, **shares})


def count(
    classes: Sequence[str],
    truths: Sequence[int] | np.ndarray,
    probabilities: np.ndarray,
    *,
    split: str,
    loss: float | None = None,
    model: str = "",
    arch: str = "",
    digest: str | None = None,
    precision: str = "fp32",
    computed: str = "",
    device: str = "",
    seconds: float = 0.0,
    created: str = "",
) -> Report:
    """Make a report from the indices of the true classes [N] and the model's probabilities [N, C].

    Everything is summed first and divided once. The macro F1 is the mean over the classes that have an F1, that is,
    those that occur among the true or predicted classes.
    """
    true = np.asarray(truths, dtype=np.int64)
    size = len(classes)
    predicted = probabilities.argmax(axis=1) if len(true) else np.empty(0, dtype=np.int64)
    confusion = np.zeros((size, size), dtype=np.int64)
    np.add.at(confusion, (true, predicted), 1)

    per_class = []
    for index, name in enumerate(classes):
        hits = int(confusion[index, index])
        called, present = int(confusion[:, index].sum()), int(confusion[index].sum())
        per_class.append(
            ClassReport(
                name=name,
                n=present,
                precision=Rate.of(hits, called),
                recall=Rate.of(hits, present),
                f1=Rate.f1(hits, called - hits, present - hits),
            )
        )
    known = [entry.f1.value for entry in per_class if entry.f1.value is not None]

    top5 = None
    if size > TOP:
        best = np.argsort(-probabilities, axis=1, kind="stable")[:, :TOP]
        top5 = Rate.of(int((best == true[:, None]).any(axis=1).sum()), len(true))

    return Report(
        split=split,
        n=len(true),
        accuracy=Rate.of(int(np.trace(confusion)), len(true)),
        top5=top5,
        macro_f1=float(np.mean(known)) if known else None,
        loss=loss,
        classes=tuple(classes),
        per_class=tuple(per_class),
        confusion=tuple(tuple(int(cell) for cell in row) for row in confusion),
        model=model,
        arch=arch,
        digest=digest,
        precision=precision,
        computed=computed,
        device=device,
        seconds=seconds,
        created=created,
    )
