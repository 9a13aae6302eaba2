"""What a run minimizes and counts, one objective for each task."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.ops import generalized_box_iou_loss

from core.models.heads import SIDES
from core.training.events import BoxEpoch, Epoch
from core.training.metrics import Tally


class Objective(Protocol):
    """Outputs are those of core.models.heads, targets those of core.data.dataset."""

    def loss(self, outputs: Tensor, targets: Sequence[Tensor]) -> Tensor:
        """What is minimized, summed over the photos."""

    def sums(self, outputs: Tensor, targets: Sequence[Tensor]) -> Tensor:
        """The figures of a Tally but n, in their order: float32 [2] or [4]."""

    def epoch(self, train: Tally, val: Tally, **shared: Any) -> Epoch:
        """What is told of an epoch."""


@dataclass(frozen=True)
class ClassObjective:
    """Cross-entropy, perhaps smoothed, perhaps with weights for the classes."""

    label_smoothing: float
    class_weights: Tensor | None

    def loss(self, outputs: Tensor, targets: Sequence[Tensor]) -> Tensor:
        """Logits [N, classes] and labels [N]."""
        return functional.cross_entropy(
            outputs, targets[0], weight=self.class_weights, reduction="sum", label_smoothing=self.label_smoothing
        )

    def sums(self, outputs: Tensor, targets: Sequence[Tensor]) -> Tensor:
        """Summed plain cross-entropy, and the number of right answers."""
        plain = functional.cross_entropy(outputs, targets[0], reduction="sum")
        return torch.stack([plain, _right(outputs, targets[0]).sum()])

    def epoch(self, train: Tally, val: Tally, **shared: Any) -> Epoch:
        return Epoch(**shared, **_figures(train, val))


@dataclass(frozen=True)
class BoxObjective:
    """The objective of the classes plus that of the box."""

    classes: ClassObjective
    box_loss: str

    def loss(self, outputs: Tensor, targets: Sequence[Tensor]) -> Tensor:
        """Logits and boxes [N, classes + 4], labels [N] and boxes [N, 4] as shares of the square."""
        logits, boxes = _split(outputs)
        return self.classes.loss(logits, targets) + BOX_LOSSES[self.box_loss](boxes, targets[1])

    def sums(self, outputs: Tensor, targets: Sequence[Tensor]) -> Tensor:
        logits, boxes = _split(outputs)
        plain, right = self.classes.sums(logits, targets)
        overlap = iou(boxes, targets[1])
        found = (overlap * _right(logits, targets[0])).sum()
        return torch.stack([plain + BOX_LOSSES[self.box_loss](boxes, targets[1]), right, overlap.sum(), found])

    def epoch(self, train: Tally, val: Tally, **shared: Any) -> Epoch:
        figures = {**shared, **_figures(train, val)}
        return BoxEpoch(**figures, train_iou=train.iou, val_iou=val.iou, val_found=val.found)


def giou_loss(boxes: Tensor, truths: Tensor) -> Tensor:
    """1 less the generalized IoU (Rezatofighi et al. 2019, arXiv 1902.09630): 0 for the same box, 2 for far apart."""
    return generalized_box_iou_loss(boxes, truths, reduction="sum")


def smooth_l1_loss(boxes: Tensor, truths: Tensor) -> Tensor:
    """The smooth L1 distance of the edges, summed over the four.

    Below a twentieth of the square it is quadratic. The factor brings it to the size of the other loss.
    """
    return 5 * functional.smooth_l1_loss(boxes, truths, beta=0.05, reduction="sum")


BOX_LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"giou": giou_loss, "smooth-l1": smooth_l1_loss}


def iou(boxes: Tensor, truths: Tensor) -> Tensor:
    """[N]: the intersection over the union of each two boxes [N, 4] by corners."""
    low, high = torch.maximum(boxes[:, :2], truths[:, :2]), torch.minimum(boxes[:, 2:], truths[:, 2:])
    shared = (high - low).clamp(min=0).prod(1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(1) + (truths[:, 2:] - truths[:, :2]).prod(1)
    return shared / (areas - shared)


def balanced_weights(labels: Sequence[int], classes: int) -> Tensor:
    """[classes]: the inverse of each class's photos, scaled so that the mean over the photos is 1."""
    counts = torch.bincount(torch.tensor(labels), minlength=classes)
    return len(labels) / ((counts > 0).sum() * counts.clamp(min=1)).float()


def _split(outputs: Tensor) -> tuple[Tensor, Tensor]:
    return outputs[:, :-SIDES], outputs[:, -SIDES:]


def _right(logits: Tensor, labels: Tensor) -> Tensor:
    return (logits.argmax(1) == labels).float()


def _figures(train: Tally, val: Tally) -> dict[str, Any]:
    return {
        "train_loss": train.loss,
        "train_accuracy": train.accuracy,
        "val_loss": val.loss,
        "val_accuracy": val.accuracy,
        "val_n": val.n,
    }
