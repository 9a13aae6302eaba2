"""What a training tells while it runs: progress, steps, epochs. Free of torch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """Something that takes its time before or between the steps, in plain words."""

    phase: str
    """What is being done: "reading the photos"."""
    done: int
    total: int | None
    """None where nobody knows."""


@dataclass(frozen=True)
class Step:
    """One batch learned from; epochs and batches count from 1."""

    epoch: int
    batch: int
    batches: int
    loss: float
    """Mean loss of this batch, without label smoothing and class weights."""
    accuracy: float
    """Share of this batch that was right, before the step."""
    learning_rate: float
    """The head's."""
    images_per_second: float
    """Mean since the epoch began."""
    seconds: float
    """Since the epoch began."""


@dataclass(frozen=True)
class Epoch:
    """All training photos seen once, then all validation photos checked; epochs count from 1.

    Both losses are plain means, without label smoothing and class weights, so that the two curves can be compared.
    """

    epoch: int
    epochs: int
    train_loss: float
    train_accuracy: float
    val_loss: float
    val_accuracy: float
    val_n: int
    """Validation photos that the two figures are taken over."""
    learning_rate: float
    """The head's, in the last step."""
    seconds: float
    """Training, validation and saving of this epoch."""
    images_per_second: float
    """Training photos per second of training."""
    best: bool
    """The best so far, by ``score`` and then by validation loss; it is the one in ``best/``."""

    @property
    def score(self) -> float:
        """What the best epoch is chosen by."""
        return self.val_accuracy

    @property
    def sentence(self) -> str:
        """The epoch in a line of a log."""
        return (
            f"epoch {self.epoch} of {self.epochs}: training loss {self.train_loss:.4f}, {self._figures('train')}; "
            f"validation loss {self.val_loss:.4f}, {self._figures('val')}"
            f"{' (best so far)' if self.best else ''}; {self.seconds:.1f} s"
        )

    def _figures(self, part: str) -> str:
        return f"accuracy {getattr(self, f'{part}_accuracy'):.1%}"


@dataclass(frozen=True)
class BoxEpoch(Epoch):
    """An epoch of a localization; its losses are those of classes and box together."""

    train_iou: float
    """Mean intersection over union of predicted and true boxes."""
    val_iou: float
    val_found: float
    """The same with 0 for photos whose class is wrong."""

    @property
    def score(self) -> float:
        return self.val_found

    def _figures(self, part: str) -> str:
        return f"mean IoU {getattr(self, f'{part}_iou'):.3f}, {super()._figures(part)}"


Event = Progress | Step | Epoch
