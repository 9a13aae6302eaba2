"""Sums over photos, divided once at the end."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from accelerate import Accelerator


@dataclass
class Tally:
    """The plain loss, correct predictions and, for localization, box overlap, each summed over n photos."""

    loss_sum: float = 0.0
    correct: int = 0
    n: int = 0
    iou_sum: float = 0.0
    """Intersection over union of predicted and true boxes."""
    found_sum: float = 0.0
    """``iou_sum`` with 0 for photos whose predicted class is wrong."""

    @classmethod
    def of(cls, sums: Sequence[float], n: int) -> "Tally":
        """Make a tally from an objective's sums over n photos."""
        loss_sum, correct, *overlap = sums
        return cls(loss_sum, round(correct), n, *overlap)

    def add(self, other: "Tally") -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    @property
    def loss(self) -> float:
        return self.loss_sum / self.n

    @property
    def accuracy(self) -> float:
        return self.correct / self.n

    @property
    def iou(self) -> float:
        return self.iou_sum / self.n

    @property
    def found(self) -> float:
        return self.found_sum / self.n

    def over_processes(self, accelerator: Accelerator) -> "Tally":
        """Return the tally of all processes together."""
        if accelerator.num_processes == 1:
            return self
        mine = [self.loss_sum, self.correct, self.n, self.iou_sum, self.found_sum]
        sums = torch.tensor(mine, device=accelerator.device)
        loss_sum, correct, n, iou_sum, found_sum = accelerator.reduce(sums, reduction="sum").tolist()
        return Tally(loss_sum, round(correct), round(n), iou_sum, found_sum)
