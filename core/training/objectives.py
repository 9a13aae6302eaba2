"""Training objectives: the loss and the metrics of each task."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from core.models.heads import SIDES
from core.training.events import BoxEpoch, Epoch
from core.training.metrics import Tally


class Objective(Protocol):
    """The loss and metrics of a task; outputs come from core.models.heads, targets from core.data.dataset."""

    def loss(self, outputs: Tensor, targets: Sequence[Tensor]) -> Tensor:
        """Return the loss to minimise, summed over the photos."""

    def sums(self, outputs: Tensor, targets: Sequence[Tensor]) -> Tensor:
        """Return the sums of a Tally without n, in its order: float32 [2] or [4]."""

    def epoch(self, train: Tally, val: Tally, **shared: Any) -> Epoch:
        """Return the event of an epoch."""


@dataclass(frozen=True)
class ClassObjective:
    """Cross-entropy or focal loss, with optional label smoothing and class weights."""

    label_smoothing: float
    class_weights: Tensor | None
    focal_gamma: float | None = None
    """The exponent of focal loss; None is cross-entropy."""

    def loss(self, outputs: Tensor, targets: Sequence[Tensor]) -> Tensor:
        """Return the loss of logits [N, classes] and labels [N]."""
        if self.focal_gamma is not None:
            return focal_loss(outputs, targets[0], self.focal_gamma, self.label_smoothing, self.class_weights)
        return functional.cross_entropy(
            outputs, targets[0], weight=self.class_weights, reduction="sum", label_smoothing=self.label_smoothing
        )

    def sums(self, outputs: Tensor, targets: Sequence[Tensor]) -> Tensor:
        """Return the summed plain cross-entropy and the number of correct predictions."""
        plain = functional.cross_entropy(outputs, targets[0], reduction="sum")
        return torch.stack([plain, _correct(outputs, targets[0]).sum()])

    def epoch(self, train: Tally, val: Tally, **shared: Any) -> Epoch:
        return Epoch(**shared, **_figures(train, val))


@dataclass(frozen=True)
class BoxObjective:
    """The class loss plus the box loss."""

    classes: ClassObjective
    box_loss: str

    def loss(self, outputs: Tensor, targets: Sequence[Tensor]) -> Tensor:
        """Return the loss of outputs [N, classes + 4] for labels [N] and boxes [N, 4] as shares of the square."""
        logits, boxes = _split(outputs)
        return self.classes.loss(logits, targets) + BOX_LOSSES[self.box_loss](boxes, targets[1])

    def sums(self, outputs: Tensor, targets: Sequence[Tensor]) -> Tensor:
        logits, boxes = _split(outputs)
        plain, correct = self.classes.sums(logits, targets)
        overlap = iou(boxes, targets[1])
        found = (overlap * _correct(logits, targets[0])).sum()
        return torch.stack([plain + BOX_LOSSES[self.box_loss](boxes, targets[1]), correct, overlap.sum(), found])

    def epoch(self, train: Tally, val: Tally, **shared: Any) -> Epoch:
        figures = {**shared, **_figures(train, val)}
        return BoxEpoch(**figures, train_iou=train.iou, val_iou=val.iou, val_found=val.found)


def giou_loss(boxes: Tensor, truths: Tensor) -> Tensor:
    """Return 1 minus the generalised IoU (Rezatofighi et al. 2019, arXiv 1902.09630): 0 if equal, 2 if far apart."""
    from torchvision.ops import generalized_box_iou_loss  # it takes seconds to load, and most trainings have no boxes

    return generalized_box_iou_loss(boxes, truths, reduction="sum")


def smooth_l1_loss(boxes: Tensor, truths: Tensor) -> Tensor:
    """Return the smooth L1 distance of the edges, summed over the four.

    It is quadratic below a twentieth of the square. The factor makes it about as large as the other box loss.
    """
    return 5 * functional.smooth_l1_loss(boxes, truths, beta=0.05, reduction="sum")


BOX_LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"giou": giou_loss, "smooth-l1": smooth_l1_loss}


def iou(boxes: Tensor, truths: Tensor) -> Tensor:
    """Return the intersection over union [N] of pairs of boxes [N, 4] given by corners."""
    low, high = torch.maximum(boxes[:, :2], truths[:, :2]), torch.minimum(boxes[:, 2:], truths[:, 2:])
    shared = (high - low).clamp(min=0).prod(1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(1) + (truths[:, 2:] - truths[:, :2]).prod(1)
    return shared / (areas - shared)


def focal_loss(
    logits: Tensor, labels: Tensor, gamma: float, label_smoothing: float = 0.0, class_weights: Tensor | None = None
) -> Tensor:
    """Return the focal loss, summed over the photos (Lin et al. 2017, arXiv 1708.02002).

    That is cross-entropy with each class's term multiplied by (1 - its probability) to the power of gamma; with
    gamma 0 it is cross-entropy, with label smoothing and class weights too.
    """
    log_probabilities = logits.log_softmax(1)  # [N, classes]
    classes = logits.shape[1]
    wanted = functional.one_hot(labels, classes) * (1 - label_smoothing) + label_smoothing / classes
    # Clamped: the slope of a power below 1 is infinite at 0.
    terms = -wanted * (1 - log_probabilities.exp()).clamp(min=1e-6) ** gamma * log_probabilities
    return (terms if class_weights is None else terms * class_weights).sum()


def balanced_weights(labels: Sequence[int], classes: int) -> Tensor:
    """Return class weights [classes]: inverse to the photos of each class, with a mean of 1 over all photos."""
    counts = torch.bincount(torch.tensor(labels), minlength=classes)
    return len(labels) / ((counts > 0).sum() * counts.clamp(min=1)).float()


def _split(outputs: Tensor) -> tuple[Tensor, Tensor]:
    return outputs[:, :-SIDES], outputs[:, -SIDES:]


def _correct(logits: Tensor, labels: Tensor) -> Tensor:
    return (logits.argmax(1) == labels).float()


def _figures(train: Tally, val: Tally) -> dict[str, Any]:
    return {
        "train_loss": train.loss,
        "train_accuracy": train.accuracy,
        "val_loss": val.loss,
        "val_accuracy": val.accuracy,
        "val_n": val.n,
    }
