"""Apply a decision to logits: calibrated probabilities, the answer, whether it is unsure, and a set of classes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.models.decision import Decision


@dataclass(frozen=True)
class Decided:
    """The answers to N images of C classes."""

    probabilities: np.ndarray
    """Float64 [N, C], divided by the temperature if it is switched on."""
    chosen: np.ndarray
    """The index [N] of the class that is the answer; it is the likeliest one unless a threshold says otherwise."""
    unsure: np.ndarray
    """Whether the answer is left to a person [N]: its probability is too small, or the photo is foreign."""
    foreign: np.ndarray
    """Whether the photo is foreign [N]: its score for "none of these" is beyond the limit."""
    sets: np.ndarray
    """Whether a class belongs to the set of likely classes [N, C]; nothing does where no set was fitted."""


def decided(
    logits: np.ndarray, decision: Decision | None, classes: Sequence[str] = (), foreign: np.ndarray | None = None
) -> Decided:
    """Return the answers to logits [N, C]; without a decision, these are the likeliest classes.

    ``classes`` are the names in the order of the logits; only a threshold needs them. ``foreign`` are the scores [N]
    for "none of these", if the decision has a limit for them.
    """
    decision = decision or Decision()
    probabilities = softmax(logits.astype(np.float64) / decision.scale)
    chosen = chosen_classes(probabilities, decision, classes)
    strange = np.zeros(len(logits), dtype=bool)
    if decision.foreign is not None and foreign is not None:
        strange = foreign > decision.foreign.limit
    unsure = strange.copy()
    if decision.leave_below is not None:
        unsure |= probabilities[np.arange(len(logits)), chosen] < decision.leave_below
    return Decided(probabilities, chosen, unsure, strange, likely_sets(logits, decision, chosen))


def chosen_classes(probabilities: np.ndarray, decision: Decision, classes: Sequence[str]) -> np.ndarray:
    """Return the chosen classes [N]: the likeliest, unless the decision has a threshold for a class.

    That class is chosen where its probability reaches the threshold; elsewhere it is the likeliest of the others.
    """
    likeliest = probabilities.argmax(axis=1) if len(probabilities) else np.empty(0, dtype=np.int64)
    if decision.threshold is None or len(classes) < 2 or not len(probabilities):
        return likeliest
    index = list(classes).index(decision.threshold.class_name)
    others = probabilities.copy()
    others[:, index] = -1
    return np.where(probabilities[:, index] >= decision.threshold.at, index, others.argmax(axis=1))


def likely_sets(logits: np.ndarray, decision: Decision, chosen: np.ndarray) -> np.ndarray:
    """Return which classes belong to the sets at the decision's level [N, C].

    The limit was fitted on calibrated probabilities, so these are used even where they are switched off. The answer
    itself always belongs to its set; a larger set contains the true class at least as often.
    """
    limit = decision.conformal.get(decision.set_level)
    if limit is None or not len(logits):
        return np.zeros(logits.shape, dtype=bool)
    sets = lac_sets(softmax(logits.astype(np.float64) / (decision.temperature or 1.0)), limit)
    sets[np.arange(len(logits)), chosen] = True
    return sets


def lac_sets(probabilities: np.ndarray, limit: float) -> np.ndarray:
    """Return the classes with a score 1 - p of at most the limit [N, C] (Sadinle, Lei and Wasserman 2019)."""
    return 1 - probabilities <= limit


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return probabilities [N, classes] from logits, computed in float64."""
    wide = logits.astype(np.float64)
    powers = np.exp(wide - wide.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
