"""A finished run whose validation photos have logits that are known: some wrong, some doubtful."""

import numpy as np

from core.data.snapshot import Snapshot
from core.inspection.doubt.fit import fit_decision
from core.inspection.measuring.logit_report import report_of_logits, save
from core.models.bundle import read_info, save_decision
from core.models.decision import Decision
from core.runs.folder import RunFolder

VALIDATION = 27


def logits_for(labels: np.ndarray, classes: int, seed: int = 0) -> np.ndarray:
    """Logits [N, C] of a model that is too sure: right for most photos, and just as confident for the others."""
    dice = np.random.default_rng(seed)
    aims = np.where(dice.random(len(labels)) < 0.7, labels, (labels + 1) % classes)
    logits = dice.normal(0, 1, (len(labels), classes))
    logits[np.arange(len(labels)), aims] += dice.uniform(1, 9, len(labels))
    return logits.astype(np.float32)


def doubtful(run: RunFolder, validation: int = VALIDATION) -> RunFolder:
    """Give the run so many validation photos with such logits, and the decision that they give."""
    snapshot = run.snapshot()
    frame = snapshot.frame.copy()
    place = frame.groupby("label").cumcount()
    frame["split"] = np.where(place < validation // len(snapshot.classes), "val", "train")
    changed = Snapshot(frame, snapshot.classes, snapshot.task)
    changed.write(run.path / "snapshot.csv")
    part = changed.part("val")
    labels = np.array([changed.classes.index(label) for label in part["label"]])
    logits = logits_for(labels, len(changed.classes))
    report, predictions = report_of_logits(changed.classes, part, logits, split="val", model=run.id)
    save(report, predictions, run.path, logits)
    for name in ("report-test.json", "predictions-test.csv"):
        (run.path / name).unlink(missing_ok=True)
    save_decision(run.best, fit_decision(run.path))
    return run


def saved(run: RunFolder) -> Decision:
    """What is saved with the run's model."""
    return read_info(run.best).decision or Decision()
