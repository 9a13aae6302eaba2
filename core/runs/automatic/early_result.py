"""What phases.json says of the early model of an automatic training."""

from pathlib import Path

from core.inspection.measuring.report import Rate
from core.runs.automatic.phases import EarlyResult
from core.training.early.seen_photos import seen_photos
from core.training.events import EarlyModel


def early_result(event: EarlyModel, seconds: float) -> EarlyResult:
    """Return the result of an early model that was ready after so many seconds of training."""
    rate = Rate.of(event.correct, event.val_n)
    fields = {"value": rate.value, "low": rate.low, "high": rate.high, "n": rate.n}
    return EarlyResult.model_validate({"seconds": seconds, "photos": event.photos, "of": event.of, **fields})


def first_verdict(best: Path) -> str:
    """Return why the first phase's model is kept: there is no other. A stop may keep the early one."""
    seen = seen_photos(best)
    return "The first model." if seen is None else f"The {seen.model}."
