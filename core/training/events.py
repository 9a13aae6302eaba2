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
    """Mean cross-entropy of this batch, without label smoothing and class weights."""
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

    Both losses are plain mean cross-entropies, so that the two curves can be compared whatever the recipe minimizes.
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
    """The best so far, by validation accuracy and then by validation loss; it is the one in ``best/``."""


Event = Progress | Step | Epoch
