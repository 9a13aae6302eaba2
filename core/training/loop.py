"""One training step and one evaluation step."""

import math

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast
from torch import Tensor, nn

from core.data.pictures.transforms import Preprocessing
from core.errors import RunError
from core.training.batch_loading import LoadedBatch
from core.training.device import precision_name
from core.training.metrics import Tally
from core.training.network import without_wrapper
from core.training.objectives import Objective
from core.training.techniques.batch_changes import BatchChanges

_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def train_step(
    accelerator: Accelerator,
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    objective: Objective,
    preprocessing: Preprocessing,
    loaded: LoadedBatch,
    changes: BatchChanges | None = None,
) -> Tally:
    """Train on one batch; returns the tally from before the step, with the plain loss.

    The weights change if the batch ends an update; otherwise its gradients are kept and added up. The sum is exactly
    the gradient of the whole update's photos. Where ``changes`` mix two photos, the loss, the plain loss and the
    accuracy count the labels of both by their shares.

    Raises RunError if the loss is not a finite number, the device runs out of memory, or a deterministic recipe needs
    a computation that the device cannot repeat.
    """
    network.train()
    batch, mix = loaded.batch, None
    try:
        images, targets = _placed(accelerator, preprocessing, loaded)
        if changes is not None:
            images = changes.erase(images, batch)
            mix = changes.mix(batch, *images.shape[-2:])
        if mix is not None:
            images = mix.images(images)
        outputs = _outputs(network, images, loaded.stage)
        value = objective.loss(outputs, targets)
        if mix is not None:
            value = mix.share * value + (1 - mix.share) * objective.loss(outputs, mix.partners_of(targets))
        # Processes average their gradients; with this factor that is the mean over all photos of the update.
        loss = value * (accelerator.num_processes / (batch.accumulated or batch.everyone))
        accelerator.backward(loss)
        if batch.ends_update:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
    except torch.OutOfMemoryError as error:
        raise RunError(
            f"The device ran out of memory for {len(loaded.labels)} photos of {preprocessing.size} pixels per step. "
            "Choose a smaller batch size, a smaller image size or fewer layers to train."
        ) from error
    except RuntimeError as error:
        if not torch.are_deterministic_algorithms_enabled() or "deterministic" not in str(error).lower():
            raise
        raise RunError(
            "Repeatable computation is on, but this device has no repeatable form of one step "
            f"({str(error).split()[0]}). Train without it, or on the CPU."
        ) from error
    sums = objective.sums(outputs.detach(), targets)
    if mix is not None:
        sums = mix.share * sums + (1 - mix.share) * objective.sums(outputs.detach(), mix.partners_of(targets))
    # A single transfer from the device for all numbers.
    step_loss, *figures = torch.cat([loss.detach()[None], sums]).tolist()
    if not math.isfinite(step_loss):
        raise RunError(
            f"The loss became {step_loss} in epoch {loaded.batch.epoch}: the learning rate was too high. "
            "The best earlier epoch, if there is one, is kept. Start again with a tenth of the learning rate."
        )
    return Tally.of(figures, len(loaded.labels))


@torch.no_grad()
def sync_batchnorm_buffers(accelerator: Accelerator, network: nn.Module) -> None:
    """Copy BatchNorm's running statistics from the first process to all others.

    Each process saw different photos in the last step. Those of the first are saved, so they are also evaluated.
    """
    if accelerator.num_processes > 1:
        for statistics in without_wrapper(network).buffers():
            statistics.copy_(broadcast(statistics))


@torch.no_grad()
def evaluate_step(
    accelerator: Accelerator,
    network: nn.Module,
    objective: Objective,
    preprocessing: Preprocessing,
    loaded: LoadedBatch,
) -> Tally:
    """Evaluate one validation batch, without training."""
    if not len(loaded.labels):
        return Tally()
    # Without the wrapper for several processes: they need not synchronise here, and some may have no photos.
    alone = without_wrapper(network).eval()
    images, targets = _placed(accelerator, preprocessing, loaded)
    return Tally.of(objective.sums(_outputs(alone, images, loaded.stage), targets).tolist(), len(loaded.labels))


def _outputs(network: nn.Module, images: Tensor, stage: str | None) -> Tensor:
    outputs: Tensor = network(images) if stage is None else network(images, stage)
    return outputs.float()


def _placed(
    accelerator: Accelerator, preprocessing: Preprocessing, loaded: LoadedBatch
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Move photos and targets to the device. Photos are sent as bytes, a quarter of the size, and normalised there.

    Maps get the numbers in which the frozen layers would hand them on.
    """
    device = accelerator.device
    images = loaded.images.to(device, non_blocking=True)
    if loaded.stage is None:
        images = preprocessing.normalise(images)
    else:
        images = images.to(_DTYPES[precision_name(accelerator)])
    targets = tuple(target.to(device, non_blocking=True) for target in loaded.targets)
    return images.contiguous(memory_format=torch.channels_last), targets
