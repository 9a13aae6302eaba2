"""Which epoch is the best so far, and how long the run has waited for a better one."""

import math
from dataclasses import dataclass


@dataclass
class Standing:
    """The best figures of the validation part so far.

    What is called accuracy here is the score of the epoch: for localization the mean IoU of what was found.
    """

    accuracy: float = -1.0
    loss: float = math.inf
    top_accuracy: float = -1.0
    lowest_loss: float = math.inf
    waited: int = 0

    def improved(self, accuracy: float, loss: float) -> bool:
        """Take in an epoch; whether it is the best: the higher accuracy, then the lower loss, then the earlier one.

        Waiting is counted apart from that: an epoch that betters either figure is worth going on for.
        """
        self.waited += 1
        if accuracy > self.top_accuracy or loss < self.lowest_loss:
            self.waited = 0
        self.top_accuracy = max(accuracy, self.top_accuracy)
        self.lowest_loss = min(loss, self.lowest_loss)
        best = (accuracy, -loss) > (self.accuracy, -self.loss)
        if best:
            self.accuracy, self.loss = accuracy, loss
        return best

    def begin_phase(self) -> None:
        """What the head reached alone is no measure for how long the whole network may take."""
        self.top_accuracy, self.lowest_loss, self.waited = -1.0, math.inf, 0
