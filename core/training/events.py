"""The events of a training: progress, steps, epochs. Does not import torch."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.progress import Progress

if TYPE_CHECKING:
    import numpy as np

__all__ = [
    "EPOCH_FILE",
    "BoxEpoch",
    "EarlyModel",
    "Epoch",
    "Event",
    "PhaseChange",
    "Progress",
    "SolverIteration",
    "Step",
]

EPOCH_FILE = "epoch.json"
"""In ``last/``: the fields of its epoch, so that a line lost from metrics.jsonl can be written again."""


@dataclass(frozen=True)
class Step:
    """One training step on one batch; epochs and batches count from 1."""

    epoch: int
    batch: int
    batches: int
    loss: float
    """Mean loss of this batch, without label smoothing and class weights."""
    accuracy: float
    """Accuracy on this batch before the step."""
    learning_rate: float
    """That of the head."""
    images_per_second: float
    """Mean since the start of the epoch."""
    seconds: float
    """Since the start of the epoch."""


@dataclass(frozen=True)
class Epoch:
    """One pass over all training photos, followed by validation; epochs count from 1.

    Both losses are plain means, without label smoothing and class weights, so that the two curves are comparable.
    """

    epoch: int
    epochs: int
    train_loss: float
    train_accuracy: float
    val_loss: float
    val_accuracy: float
    val_n: int
    """The number of validation photos."""
    learning_rate: float
    """That of the head in the last step."""
    seconds: float
    """For training, validation and saving."""
    images_per_second: float
    """During training, without validation."""
    best: bool
    """Whether it is the best so far, by ``score`` and then by validation loss; the best is saved in ``best/``."""

    @property
    def score(self) -> float:
        """The figure that decides which epoch is best."""
        return self.val_accuracy

    @property
    def sentence(self) -> str:
        """The epoch as a line for the log."""
        return (
            f"epoch {self.epoch} of {self.epochs}: training loss {self.train_loss:.4f}, {self._figures('train')}; "
            f"validation loss {self.val_loss:.4f}, {self._figures('val')}"
            f"{' (best so far)' if self.best else ''}; {self.seconds:.1f} s"
        )

    def _figures(self, part: str) -> str:
        return f"accuracy {getattr(self, f'{part}_accuracy'):.1%}"


@dataclass(frozen=True)
class SolverIteration(Epoch):
    """An iteration of a solver, which sees all training photos at once; it counts as an epoch. The last is the best."""

    @property
    def sentence(self) -> str:
        """The result as a line for the log; empty for the iterations before the last."""
        if not self.best:
            return ""
        return (
            f"iteration {self.epoch}, the last: training loss {self.train_loss:.4f}, {self._figures('train')}; "
            f"validation loss {self.val_loss:.4f}, {self._figures('val')}"
        )


@dataclass(frozen=True)
class BoxEpoch(Epoch):
    """An epoch of a localization training; its losses are the sum of class loss and box loss."""

    train_iou: float
    """Mean intersection over union of predicted and true boxes."""
    val_iou: float
    val_found: float
    """``val_iou`` with 0 for photos whose predicted class is wrong."""

    @property
    def score(self) -> float:
        return self.val_found

    def _figures(self, part: str) -> str:
        return f"mean IoU {getattr(self, f'{part}_iou'):.3f}, {super()._figures(part)}"


@dataclass(frozen=True)
class PhaseChange:
    """An automatic training begins a phase, has compared its model with the one before, or trains no further phase."""

    train: str
    """The layers of the present phase, as in a recipe."""
    epochs: int
    """The last epoch of the phase, counted through all phases."""
    sentence: str
    """The decision, as a line for the log."""


@dataclass(frozen=True)
class EarlyModel:
    """``best/`` has a first model from a part of the photos, while the features of the others are computed."""

    photos: int
    """Training photos that it has seen."""
    of: int
    """All training photos."""
    correct: int
    val_n: int
    """Validation photos that it was evaluated on."""
    arch: str
    engine: str
    seconds: float
    """Since the training began."""
    rows: "np.ndarray" = field(repr=False, compare=False)
    """Those validation photos, as rows of ``Snapshot.part``: [val_n]."""
    logits: "np.ndarray" = field(repr=False, compare=False)
    """float32 [val_n, classes]"""

    @property
    def sentence(self) -> str:
        """The model as a line for the log."""
        return (
            f"A first model, from {self.photos:,} of {self.of:,} training photos, is ready to try: "
            f"{self.correct:,} of {self.val_n:,} validation photos correct. The features of the other photos follow."
        )


Event = Progress | Step | Epoch | PhaseChange | EarlyModel
