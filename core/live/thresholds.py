"""The threshold with which a class raises an alarm, as far as the model's decision knows it."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.models.decision import Decision

USUAL = 0.5
_FALLBACK = "No threshold is saved for this class, so it is 0.5. Evaluate, Thresholds finds one from the costs."


@dataclass(frozen=True)
class KnownThreshold:
    """A threshold, and a sentence on where it comes from."""

    at: float
    reason: str
    fitted: bool = True


def known_threshold(decision: Decision | None, classes: Sequence[str], alarm_class: str) -> KnownThreshold:
    """Return the threshold of a class from the costs that were saved with the model; 0.5 if there are none.

    Of two classes, the threshold of one is also that of the other: 1 - it.
    """
    saved = decision.threshold if decision else None
    if saved is None or not (saved.class_name == alarm_class or len(classes) == 2):
        return KnownThreshold(USUAL, _FALLBACK, fitted=False)
    costs = f"a missed photo of {saved.class_name} costs {saved.miss_cost:g}, a false alarm {saved.false_alarm_cost:g}"
    if saved.class_name == alarm_class:
        return KnownThreshold(saved.at, f"From the costs saved with the model: {costs}.")
    return KnownThreshold(1 - saved.at, f"From the costs saved with the model for {saved.class_name}: {costs}.")
