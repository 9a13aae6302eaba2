"""One step of learning, and one pass of checking."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.nn import functional

from core.data.transforms import Preprocessing
from core.errors import RunError
from core.training.metrics import Tally
from core.training.stream import Loaded


@dataclass(frozen=True)
class Objective:
    """What a run minimizes: cross-entropy, perhaps smoothed, perhaps with weights for the classes."""

    label_smoothing: float
    class_weights: Tensor | None

    def __call__(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Logits [N, classes] and labels [N] -> the sum over the photos."""
        return functional.cross_entropy(
            logits, labels, weight=self.class_weights, reduction="sum", label_smoothing=self.label_smoothing
        )


def balanced_weights(labels: Sequence[int], classes: int) -> Tensor:
    """[classes]: the inverse of each class's photos, scaled so that the mean over the photos is 1."""
    counts = torch.bincount(torch.tensor(labels), minlength=classes)
    return len(labels) / ((counts > 0).sum() * counts.clamp(min=1)).float()


def learn(
    accelerator: Accelerator,
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    objective: Objective,
    preprocessing: Preprocessing,
    loaded: Loaded,
) -> Tally:
    """One step on one batch; the tally is from before the step, in plain cross-entropy.

    Raises RunError where the loss is no longer a finite number, or the device's memory is not enough.
    """
    network.train()
    try:
        images, labels = _placed(accelerator.device, preprocessing, loaded)
        logits = network(images).float()
        # Processes average their gradients; scaled so, that is the mean over all photos of the step.
        loss = objective(logits, labels) * (accelerator.num_processes / loaded.batch.everyone)
        accelerator.backward(loss)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    except torch.OutOfMemoryError as error:
        raise RunError(
            f"The device's memory is not enough for {len(loaded.labels)} photos of {preprocessing.size} pixels a step. "
            "Choose a smaller batch size, a smaller size or fewer layers to train."
        ) from error
    plain, correct = _sums(logits.detach(), labels)
    # One transfer from the device for all three numbers.
    value, loss_sum, right = torch.stack([loss.detach(), plain, correct]).tolist()
    if not math.isfinite(value):
        raise RunError(
            f"The loss became {value} in epoch {loaded.batch.epoch}: the steps were too large. "
            "The best epoch before, if there is one, is kept. Start again with a learning rate of a tenth."
        )
    return Tally(loss_sum, round(right), len(labels))


@torch.no_grad()
def check(accelerator: Accelerator, network: nn.Module, preprocessing: Preprocessing, loaded: Loaded) -> Tally:
    """Look at one validation batch without learning."""
    if not len(loaded.labels):
        return Tally()
    # Without the wrapper for several processes: nothing has to be agreed on here, and some may have no photos.
    alone = accelerator.unwrap_model(network).eval()
    images, labels = _placed(accelerator.device, preprocessing, loaded)
    loss_sum, correct = torch.stack(_sums(alone(images).float(), labels)).tolist()
    return Tally(loss_sum, round(correct), len(labels))


def _placed(device: torch.device, preprocessing: Preprocessing, loaded: Loaded) -> tuple[Tensor, Tensor]:
    """Photos and labels on the device. Photos travel as bytes and become numbers there, a quarter of the way to go."""
    images = preprocessing.normalise(loaded.images.to(device, non_blocking=True))
    return images.contiguous(memory_format=torch.channels_last), loaded.labels.to(device, non_blocking=True)


def _sums(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Summed plain cross-entropy, and the number of right answers."""
    return functional.cross_entropy(logits, labels, reduction="sum"), (logits.argmax(1) == labels).sum().float()
