"""Which epoch is the best so far, and how long the run has waited for a better one."""

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass
class BestEpoch:
    """The validation figures of the best epoch so far.

    The score of an epoch is its accuracy; for localization the mean IoU, with 0 for photos whose class is wrong.
    """

    score: float = -1.0
    loss: float = math.inf
    top_score: float = -1.0
    lowest_loss: float = math.inf
    waited: int = 0

    @classmethod
    def restored(cls, saved: Mapping[str, float]) -> "BestEpoch":
        """From what a checkpoint holds; version 0.1 called the score an accuracy."""
        return cls(**{name.replace("accuracy", "score"): value for name, value in saved.items()})  # type: ignore[arg-type]

    def improved(self, score: float, loss: float) -> bool:
        """Record an epoch; whether it is the best: the higher score, then the lower loss, then the earlier one.

        Waiting is counted apart from that: an epoch that betters either figure is worth going on for.
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

    def begin_phase(self) -> None:
        """What the head reached alone is no measure for how long the whole network may take."""
        self.top_score, self.lowest_loss, self.waited = -1.0, math.inf, 0
