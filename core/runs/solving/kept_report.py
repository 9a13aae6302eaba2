"""The report of a head that was solved on kept vectors, on all validation photos or some; imports no torch."""

from pathlib import Path

import numpy as np
import pandas as pd

from core.data.snapshot import Snapshot
from core.inspection.measuring.group_interval import with_groups
from core.inspection.measuring.logit_report import report_of_logits, save
from core.inspection.measuring.report import Report
from core.runs.folder import RunFolder

SPLIT = "val"
"""What a head is evaluated on; the test photos wait for an exam."""


def write_kept_report(
    run: RunFolder,
    snapshot: Snapshot,
    part: pd.DataFrame,
    logits: np.ndarray,
    folder: Path,
    *,
    arch: str,
    engine: str,
    seconds: float,
) -> Report:
    """Write the report and the predictions for logits [N, C] of rows of the validation part, and return the report."""
    report, predictions = report_of_logits(
        snapshot.classes,
        part,
        logits,
        split=SPLIT,
        model=run.id,
        arch=arch,
        digest=snapshot.digest,
        precision=engine,
        computed=f"kept features, {engine}",
        device="cpu",
        seconds=seconds,
    )
    report = with_groups(report.model_copy(update={"split_seed": snapshot.split_seed}), snapshot, predictions)
    save(report, predictions, folder, logits)
    return report
