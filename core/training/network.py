"""The network as a run trains it: frozen and trainable layers, BatchNorm over all processes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, distributed, nn

from core.models.heads import head_modules, outputs, outputs_from
from core.models.resnet import STAGES, ResNet
from core.training.recipe import Recipe

PARTS = (*STAGES, "head")

_TRAINED = {
    "head": ("head",),
    "layer4": ("layer4", "head"),
    "layer3": ("layer3", "layer4", "head"),
    "all": PARTS,
}

# Devices for which torch's SyncBatchNorm has a kernel (see its forward).
_WITH_SYNC_KERNEL = ("cuda", "xpu", "hpu")

# The rate of pretrained stages relative to the head's, chosen on 800 photos of hand signs (unlike ImageNet's photos).
# With Adam the rate sets the step size; with SGD small gradients already make small steps.
_TRUNK_RATES = {"adamw": 0.1, "adam": 0.1, "sgd": 0.4}


@dataclass(frozen=True)
class Phase:
    """Consecutive epochs that train the same layers at the same rates."""

    first: int
    """The number of its first epoch; epochs count from 1."""
    epochs: int
    rates: dict[str, float]
    """For each trainable part, its learning rate as a multiple of the recipe's."""

    @property
    def end(self) -> int:
        """The number of its last epoch."""
        return self.first + self.epochs - 1


def phases(recipe: Recipe) -> list[Phase]:
    """Return the phases of a training: two if it is staged, otherwise one.

    A new head trains at the full rate. Pretrained stages use a fraction of it, so that what they have learned is not
    lost. In the second phase of a staged training the rate decreases from stage to stage downwards (discriminative
    fine-tuning, Howard and Ruder 2018, arXiv 1801.06146). From random weights, all layers use the full rate. A
    recipe's ``layer_decay`` replaces all of that: each stage's rate is that multiple of the rate of the part above it.
    """
    found = _usual_phases(recipe)
    if recipe.layer_decay == 1:
        return found
    depths = {part: depth for depth, part in enumerate(reversed(PARTS))}
    return [
        replace(phase, rates={part: phase.rates["head"] * recipe.layer_decay ** depths[part] for part in phase.rates})
        for phase in found
    ]


def _usual_phases(recipe: Recipe) -> list[Phase]:
    if recipe.train == "automatic":
        raise ValueError("an automatic training is made of trainings with recipes of their own")
    pretrained = recipe.weights != "none"
    trunk = _TRUNK_RATES[recipe.gradient_optimizer()]
    if recipe.train == "staged":
        rates = {stage: 2 * trunk * 0.7**depth for depth, stage in enumerate(reversed(STAGES))}
        second = {**rates, "head": 0.5} if pretrained else dict.fromkeys(PARTS, 1.0)
        head_epochs = recipe.resolved_head_epochs()
        return [Phase(1, head_epochs, {"head": 1.0}), Phase(head_epochs + 1, recipe.epochs - head_epochs, second)]
    rates = {part: trunk if part != "head" and pretrained else 1.0 for part in _TRAINED[recipe.train]}
    return [Phase(1, recipe.epochs, rates)]


class FineTuned(nn.Module):
    """A residual network with frozen and trainable parts; [N, 3, H, W] -> the outputs of its task.

    The frozen part runs without gradients, so it costs no more than inference. It stays in evaluation mode, so its
    BatchNorm statistics never change. With ``keeps_statistics``, neither do those of the trained parts: their
    BatchNorm normalises as in evaluation, and only its scale and offset are trained.
    """

    def __init__(self, model: ResNet, trained: Sequence[str], *, keeps_statistics: bool = False) -> None:
        super().__init__()
        self.model = model
        self.keeps_statistics = keeps_statistics
        self.frozen = tuple(part for part in PARTS if part not in trained)
        for part in PARTS:
            for module in modules_of(model, part):
                module.requires_grad_(part not in self.frozen)
        frozen_stages = [stage for stage in STAGES if stage in self.frozen]
        # The trainable parts are the upper ones, so gradients end at the last frozen stage.
        self.cut = frozen_stages[-1] if frozen_stages else None
        """The last frozen stage; None if there is none."""

    def forward(self, images: Tensor, stage: str | None = None) -> Tensor:
        """Return the outputs of pictures; with a frozen stage, ``images`` are its maps, computed before."""
        if stage is not None:
            return outputs_from(self.model, images, stage)
        if self.cut is None:
            return outputs(self.model, images)
        with torch.no_grad():
            features = self.model.forward_to(images, self.cut)
        return outputs_from(self.model, features, self.cut)

    def train(self, mode: bool = True) -> "FineTuned":
        super().train(mode)
        for part in self.frozen:
            for module in modules_of(self.model, part):
                module.eval()
        if self.keeps_statistics:
            for module in self.model.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()
        return self


class SharedBatchNorm(nn.BatchNorm2d):
    """BatchNorm that trains with the mean and variance of the photos of all processes together.

    The same numbers as in one process, except for rounding, also if the processes have different numbers of photos.
    torch's SyncBatchNorm does the same, but has no kernel for processors.
    """

    def forward(self, x: Tensor) -> Tensor:  # [N, C, H, W]
        if not self.training:
            return super().forward(x)
        values = x.float()
        count = _sum_over_processes(values.new_tensor([values[:, 0].numel()]))
        mean = _sum_over_processes(values.sum((0, 2, 3))) / count
        centred = values - mean[:, None, None]
        variance = _sum_over_processes(centred.square().sum((0, 2, 3))) / count
        self._remember(mean.detach(), variance.detach() * count / (count - 1))
        scaled = centred * ((variance + self.eps).rsqrt() * self.weight)[:, None, None]
        return (scaled + self.bias[:, None, None]).to(x.dtype)

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        """Move the running statistics towards this step's; the variance is the unbiased one, as in torch."""
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked.add_(1)
        momentum = self.momentum if self.momentum is not None else 1 / int(self.num_batches_tracked)
        self.running_mean.lerp_(mean, momentum)
        self.running_var.lerp_(variance, momentum)


def share_batchnorm(model: ResNet, accelerator: Accelerator) -> str:
    """Make BatchNorm train on the photos of all processes together; returns a log line, empty for one process."""
    if accelerator.num_processes == 1:
        return ""
    if not distributed.is_initialized():  # TPUs have their own way of communication
        return (
            "BatchNorm layers that are trained see only the photos of their own process on this device, so the result "
            "differs from that of one process. It is the same if only the head for classes is trained."
        )
    if accelerator.device.type in _WITH_SYNC_KERNEL:
        nn.SyncBatchNorm.convert_sync_batchnorm(model)
    else:
        for module in model.modules():
            if type(module) is nn.BatchNorm2d:
                module.__class__ = SharedBatchNorm  # the same parameters and statistics, computed another way
    return "BatchNorm layers that are trained see the photos of all processes together, as in one process."


class _SumOverProcesses(torch.autograd.Function):
    """The sum over all processes; the gradient of each process's summand is the sum of all gradients."""

    @staticmethod
    def forward(ctx: Any, summand: Tensor) -> Tensor:
        total = summand.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].clone()
        distributed.all_reduce(total)
        return total


def _sum_over_processes(summand: Tensor) -> Tensor:
    total: Tensor = _SumOverProcesses.apply(summand)
    return total


def modules_of(model: ResNet, part: str) -> list[nn.Module]:
    """Return the modules of a part that hold parameters."""
    if part == "stem":
        return [model.conv1, model.bn1]
    return head_modules(model) if part == "head" else [model.get_submodule(part)]


def state_of_parts(model: ResNet, parts: Collection[str]) -> dict[str, Tensor]:
    """Return the tensors of a network's state that belong to some parts, by name; they are the network's own."""
    wanted = {
        id(tensor)
        for part in parts
        for module in modules_of(model, part)
        for tensor in module.state_dict(keep_vars=True).values()
    }
    state = model.state_dict(keep_vars=True)
    return {name: tensor.detach() for name, tensor in state.items() if id(tensor) in wanted}


def parameter_groups(model: ResNet, phase: Phase, weight_decay: float) -> list[dict[str, Any]]:
    """Return an optimizer's parameter groups, each with its ``rate``; BatchNorm and biases get no weight decay
    (arXiv 1812.01187)."""
    groups = []
    for part, rate in phase.rates.items():
        parameters = [p for module in modules_of(model, part) for p in module.parameters()]
        for decayed in (True, False):
            chosen = [p for p in parameters if (p.ndim > 1) == decayed]
            groups.append({"params": chosen, "rate": rate, "weight_decay": weight_decay if decayed else 0.0})
    return [group for group in groups if group["params"]]


def without_wrapper(network: nn.Module) -> Any:
    """Return a network without the module that several processes wrap around it.

    As Accelerate's unwrap_model, which also looks for compiled networks and loads PyTorch's compiler for it.
    """
    return getattr(network, "module", network)


def trainable_sentence(model: ResNet, phase: Phase) -> str:
    """Return a log line that names the trainable layers and counts their parameters."""
    trainable = sum(p.numel() for part in phase.rates for m in modules_of(model, part) for p in m.parameters())
    total = sum(p.numel() for p in model.parameters())
    names = "all" if set(phase.rates) == set(PARTS) else ", ".join(phase.rates)
    return f"Trainable layers: {names} ({trainable:,} of {total:,} parameters)."
