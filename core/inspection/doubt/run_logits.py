"""The logits of a run on one split, with the true classes: what calibration, limits and thresholds are fitted on."""

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from core.errors import LogitsMissing
from core.inspection.measuring.logits_file import read_logits
from core.inspection.measuring.predictions_csv import read
from core.inspection.measuring.report import Report
from core.models.bundle import read_info


class RunLogits(NamedTuple):
    """The logits [N, classes], the indices of the true classes [N], and the rows of ``predictions-<split>.csv``."""

    logits: np.ndarray
    labels: np.ndarray
    frame: pd.DataFrame


def logits_of(run_folder: Path, split: str = "val") -> RunLogits:
    """Return the logits of a run's best model on a split, in the order of its predictions.

    Raises LogitsMissing if there are none, or if they are not of the present model: evaluate the run on this split (the
    worker task ``evaluate``), which writes them. Raises RunError for damaged predictions, BundleError for a bad model.
    """
    path = run_folder / f"report-{split}.json"
    if not path.is_file():
        raise LogitsMissing(f"{run_folder.name} has no report on the split {split!r}. Evaluate it on this split first.")
    report = Report.read(path)
    info = read_info(run_folder / "best")
    again = f"Evaluate {run_folder.name} on the split {split!r} again."
    if report.classes != info.classes or _is_older(report.created, info.created):
        raise LogitsMissing(f"The report on the split {split!r} is of an earlier model. {again}")
    logits, frame = read_logits(run_folder, split), read(run_folder / f"predictions-{split}.csv")
    place = {name: number for number, name in enumerate(info.classes)}
    if logits.shape != (len(frame), len(info.classes)) or not set(frame["label"]) <= set(place):
        raise LogitsMissing(f"The logits of the split {split!r} do not fit its predictions. {again}")
    answers = [place.get(name, -1) for name in frame["prediction"]]
    # Of equal logits either may have been named.
    if len(logits) and not np.allclose(logits[np.arange(len(logits)), answers], logits.max(axis=1)):
        raise LogitsMissing(f"The logits of the split {split!r} do not fit its predictions. {again}")
    return RunLogits(logits, np.array([place[name] for name in frame["label"]], dtype=np.int64), frame)


def _is_older(report: str, model: str) -> bool:
    """Return whether a report was written before its model; without a time it is not known, and so not said."""
    try:
        return datetime.fromisoformat(report) < datetime.fromisoformat(model)
    except (ValueError, TypeError):  # no time, or one of them without a time zone
        return False
