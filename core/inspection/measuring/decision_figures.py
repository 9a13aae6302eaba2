"""What a bundle's decision does on labelled photos: how many are answered, and how many of the answers are right."""

from collections.abc import Sequence

import numpy as np

from core.inspection.deciding.decide import decided
from core.inspection.measuring.report import DecisionFigures, Rate
from core.models.decision import Decision


def decision_figures(
    logits: np.ndarray,
    labels: np.ndarray,
    decision: Decision,
    classes: Sequence[str],
    foreign: np.ndarray | None = None,
) -> DecisionFigures:
    """Return the figures for logits [N, C], true classes [N] and, if known, the scores for "none of these" [N]."""
    found = decided(logits, decision, classes, foreign)
    right, kept = found.chosen == labels, ~found.unsure
    count = len(labels)
    has_sets = decision.set_level in decision.conformal
    return DecisionFigures(
        chosen=Rate.of(int(right.sum()), count),
        answered=Rate.of(int(kept.sum()), count),
        accuracy=Rate.of(int((right & kept).sum()), int(kept.sum())),
        set_level=decision.set_level if has_sets else None,
        covered=Rate.of(int(found.sets[np.arange(count), labels].sum()), count) if has_sets else None,
        mean_set=float(found.sets.sum(axis=1).mean()) if has_sets and count else None,
        threshold_class=None if decision.threshold is None else decision.threshold.class_name,
        decision_sha256=decision.digest,
    )


def are_of(figures: DecisionFigures, decision: Decision | None) -> bool | None:
    """Return whether figures are of this decision, which may have changed since; None if nobody noted it."""
    if figures.decision_sha256 is None:
        return None
    return figures.decision_sha256 == (decision or Decision()).digest
