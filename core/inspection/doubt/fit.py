"""Fit a decision on a run's validation photos: the temperature and the limits of conformal sets."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from core.inspection.deciding.decide import softmax
from core.inspection.doubt.conformal import fit_limits
from core.inspection.doubt.run_logits import logits_of
from core.inspection.doubt.temperature import fit_temperature, helps_unseen
from core.models.bundle import read_info
from core.models.decision import HELPS_NOT, Decision, FittedOn


def fit_decision(run_folder: Path) -> Decision:
    """Return the decision of a run's best model with everything fitted again; what a person has chosen stays.

    Raises LogitsMissing if the run has to be evaluated on its validation photos first.
    """
    found = logits_of(run_folder, "val")
    info = read_info(run_folder / "best")
    return fitted(found.logits, found.labels, info.decision or Decision(), info.snapshot_digest)


def fitted(logits: np.ndarray, labels: np.ndarray, before: Decision, snapshot_digest: str | None = None) -> Decision:
    """Return a decision with the temperature and the limits for validation logits [N, C] and true classes [N].

    The first temperature of a model is switched on only if it helps on unseen photos; later the switch stays as it is.
    """
    fit = fit_temperature(logits, labels)
    remarks, used = [fit.reason] if fit.reason else [], before.use_temperature
    if before.temperature is None and used and fit.temperature is not None and not helps_unseen(logits, labels):
        used = False
        remarks.append(HELPS_NOT)
    limits: dict[int, float] = {}
    if len(labels) and logits.shape[1] > 1:
        limits = fit_limits(softmax(logits.astype(np.float64) / (fit.temperature or 1.0)), labels)
    return before.model_copy(
        update={
            "temperature": fit.temperature,
            "use_temperature": used,
            "conformal": limits,
            "fitted_on": fitted_on(len(labels), snapshot_digest),
            "remarks": tuple(remarks),
        }
    )


def fitted_on(count: int, snapshot_digest: str | None) -> FittedOn:
    """Return the note that something was just fitted on this number of validation photos."""
    made = datetime.now(UTC).isoformat(timespec="seconds")
    return FittedOn(n=count, snapshot_digest=snapshot_digest, created=made)


def fit_sentence(decision: Decision) -> str:
    """Return a sentence on what was fitted, for a run's log and the command line."""
    number = decision.fitted_on.n if decision.fitted_on else 0
    if decision.temperature is None:
        return " ".join(["The probabilities are not calibrated.", *decision.remarks])
    if HELPS_NOT in decision.remarks and not decision.use_temperature:
        return f"A temperature of {decision.temperature:.3f} was fitted on {number} validation photos. {HELPS_NOT}"
    return f"The probabilities are calibrated: temperature {decision.temperature:.3f}, from {number} validation photos."
