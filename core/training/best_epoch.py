"""Tracks which epoch is the best so far, and how many epochs have passed without improvement."""

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass
class BestEpochTracker:
    """The validation score and loss of the best epoch so far, and a count for early stopping.

    The score is the accuracy; for localization, the mean IoU with 0 for photos whose class is wrong.
    """

    score: float = -1.0
    loss: float = math.inf
    top_score: float = -1.0
    lowest_loss: float = math.inf
    waited: int = 0

    @classmethod
    def from_checkpoint(cls, saved: Mapping[str, float]) -> "BestEpochTracker":
        """Restore from a checkpoint; version 0.1 called the score an accuracy."""
        return cls(**{name.replace("accuracy", "score"): value for name, value in saved.items()})  # type: ignore[arg-type]

    def update(self, score: float, loss: float) -> bool:
        """Record an epoch and return whether it is the best: higher score, then lower loss, then earlier.

        Early stopping counts separately: an epoch that improves either figure resets ``waited``.
        """
        self.waited += 1
        if score > self.top_score or loss < self.lowest_loss:
            self.waited = 0
        self.top_score = max(score, self.top_score)
        self.lowest_loss = min(loss, self.lowest_loss)
        best = (score, -loss) > (self.score, -self.loss)
        if best:
            self.score, self.loss = score, loss
        return best

    def start_phase(self) -> None:
        """Reset the early-stopping count: what the head reached alone is no measure for the whole network."""
        self.top_score, self.lowest_loss, self.waited = -1.0, math.inf, 0
