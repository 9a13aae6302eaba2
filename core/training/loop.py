"""One step of learning, and one pass of checking."""

import math

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast
from torch import Tensor, nn

from core.data.pictures.transforms import Preprocessing
from core.errors import RunError
from core.training.metrics import Tally
from core.training.objectives import Objective
from core.training.stream import LoadedBatch


def train_step(
    accelerator: Accelerator,
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    objective: Objective,
    preprocessing: Preprocessing,
    loaded: LoadedBatch,
) -> Tally:
    """One step on one batch; the tally is from before the step, in the plain loss.

    Raises RunError where the loss is no longer a finite number, or the device's memory is not enough.
    """
    network.train()
    try:
        images, targets = _placed(accelerator.device, preprocessing, loaded)
        outputs = network(images).float()
        # Processes average their gradients; scaled so, that is the mean over all photos of the step.
        loss = objective.loss(outputs, targets) * (accelerator.num_processes / loaded.batch.everyone)
        accelerator.backward(loss)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    except torch.OutOfMemoryError as error:
        raise RunError(
            f"The device's memory is not enough for {len(loaded.labels)} photos of {preprocessing.size} pixels a step. "
            "Choose a smaller batch size, a smaller size or fewer layers to train."
        ) from error
    sums = objective.sums(outputs.detach(), targets)
    # One transfer from the device for all numbers.
    value, *figures = torch.cat([loss.detach()[None], sums]).tolist()
    if not math.isfinite(value):
        raise RunError(
            f"The loss became {value} in epoch {loaded.batch.epoch}: the steps were too large. "
            "The best epoch before, if there is one, is kept. Start again with a learning rate of a tenth."
        )
    return Tally.of(figures, len(loaded.labels))


@torch.no_grad()
def sync_batchnorm_buffers(accelerator: Accelerator, network: nn.Module) -> None:
    """Give every process BatchNorm's running statistics of the first one.

    Each has seen other photos in the last step. The first one's are saved, so they are the ones to be checked.
    """
    if accelerator.num_processes > 1:
        for statistics in accelerator.unwrap_model(network).buffers():
            statistics.copy_(broadcast(statistics))


@torch.no_grad()
def evaluate_step(
    accelerator: Accelerator,
    network: nn.Module,
    objective: Objective,
    preprocessing: Preprocessing,
    loaded: LoadedBatch,
) -> Tally:
    """Look at one validation batch without learning."""
    if not len(loaded.labels):
        return Tally()
    # Without the wrapper for several processes: nothing has to be agreed on here, and some may have no photos.
    alone = accelerator.unwrap_model(network).eval()
    images, targets = _placed(accelerator.device, preprocessing, loaded)
    return Tally.of(objective.sums(alone(images).float(), targets).tolist(), len(loaded.labels))


def _placed(
    device: torch.device, preprocessing: Preprocessing, loaded: LoadedBatch
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Photos and targets on the device. Photos travel as bytes and become numbers there, a quarter of the way to go."""
    images = preprocessing.normalise(loaded.images.to(device, non_blocking=True))
    targets = tuple(target.to(device, non_blocking=True) for target in loaded.targets)
    return images.contiguous(memory_format=torch.channels_last), targets
