"""A report and a table of predictions from logits, whoever computed them. Does not import torch."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from core.errors import RunError
from core.inspection.measuring.logits_file import logits_path, write_logits
from core.inspection.measuring.predictions_csv import write
from core.inspection.measuring.report import Report, count
from core.inspection.predicting.predictions import columns_of, ranked, softmax

KNOWN_COLUMNS = ["filename", "image", "path", "label"]


def report_of_logits(
    classes: Sequence[str],
    frame: pd.DataFrame,
    logits: np.ndarray,
    *,
    split: str,
    model: str = "",
    arch: str = "",
    digest: str | None = None,
    precision: str = "fp32",
    computed: str = "",
    device: str = "",
    seconds: float = 0.0,
) -> tuple[Report, pd.DataFrame]:
    """Return the report of a classification, and its table of predictions; logits are [N, classes].

    ``frame`` has a row for each image. Raises RunError if it has a label that is not one of the classes.
    """
    check_labels(frame, classes, model)
    place = {name: number for number, name in enumerate(classes)}
    labels = [place[label] for label in frame["label"]]
    probabilities = softmax(logits) if labels else logits
    report = count(
        classes,
        labels,
        probabilities,
        split=split,
        loss=mean_loss(logits, labels),
        model=model,
        arch=arch,
        digest=digest,
        precision=precision,
        computed=computed,
        device=device,
        seconds=seconds,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    return report, predictions_of(classes, frame, probabilities)


def predictions_of(classes: Sequence[str], frame: pd.DataFrame, probabilities: np.ndarray) -> pd.DataFrame:
    """Return ``filename,image,path,label,prediction,probability,prediction_2,...``, in the order of the frame."""
    known = frame[KNOWN_COLUMNS].reset_index(drop=True)
    answers = [columns_of(ranked(classes, row)) for row in probabilities]
    return pd.concat([known, pd.DataFrame(answers)], axis=1)


def save(report: Report, predictions: pd.DataFrame, folder: Path, logits: np.ndarray | None = None) -> None:
    """Write ``logits-<split>.npy``, ``predictions-<split>.csv`` and ``report-<split>.json``, each whole, in this order.

    Without logits, those of an earlier report are deleted.
    """
    if logits is None:
        logits_path(folder, report.split).unlink(missing_ok=True)
    else:
        write_logits(logits, folder, report.split)
    write(predictions, folder / f"predictions-{report.split}.csv")
    report.write(folder / f"report-{report.split}.json")


def check_labels(frame: pd.DataFrame, classes: Sequence[str], model: str) -> None:
    """Raise RunError if a label is not a class of the model."""
    unknown = sorted(set(frame["label"]) - set(classes))
    if unknown:
        raise RunError(
            f"{model} does not have the class {unknown[0]!r}"
            + (f" (and {len(unknown) - 1} more)" if len(unknown) > 1 else "")
            + f". Its classes are: {', '.join(classes[:20])}."
        )


def mean_loss(logits: np.ndarray, labels: Sequence[int]) -> float | None:
    """Return the mean cross-entropy without label smoothing or class weights, comparable between recipes."""
    if not labels:
        return None
    wide = logits.astype(np.float64)
    top = wide.max(axis=1)
    log_sums = top + np.log(np.exp(wide - top[:, None]).sum(axis=1))
    return float((log_sums - wide[np.arange(len(labels)), labels]).mean())
