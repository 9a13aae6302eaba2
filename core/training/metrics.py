"""Sums over photos, divided once at the end."""

from dataclasses import dataclass

import torch
from accelerate import Accelerator


@dataclass
class Tally:
    """Cross-entropy and right answers, summed over n photos."""

    loss_sum: float = 0.0
    correct: int = 0
    n: int = 0

    def add(self, other: "Tally") -> None:
        self.loss_sum += other.loss_sum
        self.correct += other.correct
        self.n += other.n

    @property
    def loss(self) -> float:
        return self.loss_sum / self.n

    @property
    def accuracy(self) -> float:
        return self.correct / self.n

    def over_processes(self, accelerator: Accelerator) -> "Tally":
        """The tally of all processes together."""
        if accelerator.num_processes == 1:
            return self
        sums = torch.tensor([self.loss_sum, self.correct, self.n], device=accelerator.device)
        loss_sum, correct, n = accelerator.reduce(sums, reduction="sum").tolist()
        return Tally(loss_sum, round(correct), round(n))
