"""The logits of a run's best model on its validation photos, computed if an earlier version did not keep them."""

from pathlib import Path

from core.errors import LogitsMissing, RunError
from core.inspection.doubt.run_logits import RunLogits, logits_of
from core.progress import CountCallback
from core.runs.folder import RunFolder

SPLIT = "val"


def validation_logits(
    run: RunFolder, progress: CountCallback | None = None, *, device: str = "auto", cache: Path | None = None
) -> RunLogits:
    """Return the logits; where there are none, the run is evaluated on its validation photos first.

    Raises the errors of ``evaluate_run``.
    """
    check_has_ended(run)
    try:
        return logits_of(run.path, SPLIT)
    except LogitsMissing:
        from core.runs.models import evaluate_run  # imports torch

        evaluate_run(run, SPLIT, progress, device=device, cache=cache)
        return logits_of(run.path, SPLIT)


def check_has_ended(run: RunFolder) -> None:
    """Raise RunError while a run has no final model: training would replace it together with its decision."""
    if not run.finished:
        raise RunError(f"The run {run.id} has no model yet. Wait for its first epoch, or resume it.")
    if run.status().live:
        raise RunError(f"The run {run.id} is still training. Wait until it ends: decisions are for its final model.")
