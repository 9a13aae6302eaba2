"""Which parts of a network learn, at which rate, and what frozen means."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

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

# The rate of pretrained stages as a part of the head's, chosen on 800 photos of hand signs (unlike ImageNet's photos).
# With Adam the rate itself is the size of a step; with SGD small gradients make small steps already.
_TRUNK_RATES = {"adamw": 0.1, "adam": 0.1, "sgd": 0.4}


@dataclass(frozen=True)
class Phase:
    """A stretch of epochs in which the same parts learn at the same rates."""

    first: int
    """The number of its first epoch; epochs count from 1."""
    epochs: int
    rates: dict[str, float]
    """Each part that learns, and its learning rate as a multiple of the recipe's."""

    @property
    def end(self) -> int:
        """The number of its last epoch."""
        return self.first + self.epochs - 1


def phases(recipe: Recipe) -> list[Phase]:
    """One phase, or two where the training is staged.

    A new head starts from nothing and takes the full rate; pretrained stages below take a part of it, so that what they
    know is not lost. The second phase of a staged training takes less from stage to stage downwards (discriminative
    fine-tuning, Howard and Ruder 2018, arXiv 1801.06146). From random numbers all takes the full rate.
    """
    pretrained = recipe.weights != "none"
    trunk = _TRUNK_RATES[recipe.optimizer]
    if recipe.train == "staged":
        rates = {stage: 2 * trunk * 0.7**depth for depth, stage in enumerate(reversed(STAGES))}
        second = {**rates, "head": 0.5} if pretrained else dict.fromkeys(PARTS, 1.0)
        head_epochs = recipe.resolved_head_epochs()
        return [Phase(1, head_epochs, {"head": 1.0}), Phase(head_epochs + 1, recipe.epochs - head_epochs, second)]
    rates = {part: trunk if part != "head" and pretrained else 1.0 for part in _TRAINED[recipe.train]}
    return [Phase(1, recipe.epochs, rates)]


class FineTuned(nn.Module):
    """A residual network of which only some parts learn; [N, 3, H, W] -> the outputs of its task.

    The frozen part runs without gradients, so it costs an inference, and in evaluation mode, so its BatchNorm
    statistics stay as they are, whatever mode the whole is put in.
    """

    def __init__(self, model: ResNet, trained: Sequence[str]) -> None:
        super().__init__()
        self.model = model
        self.frozen = tuple(part for part in PARTS if part not in trained)
        for part in PARTS:
            for module in modules_of(model, part):
                module.requires_grad_(part not in self.frozen)
        frozen_stages = [stage for stage in STAGES if stage in self.frozen]
        # The parts that learn are the upper ones, so the last frozen stage is where gradients end.
        self._cut = frozen_stages[-1] if frozen_stages else None

    def forward(self, images: Tensor) -> Tensor:
        if self._cut is None:
            return outputs(self.model, images)
        with torch.no_grad():
            features = self.model.forward_to(images, self._cut)
        return outputs_from(self.model, features, self._cut)

    def train(self, mode: bool = True) -> "FineTuned":
        super().train(mode)
        for part in self.frozen:
            for module in modules_of(self.model, part):
                module.eval()
        return self


def modules_of(model: ResNet, part: str) -> list[nn.Module]:
    """The modules of a part that hold parameters."""
    if part == "stem":
        return [model.conv1, model.bn1]
    return head_modules(model) if part == "head" else [model.get_submodule(part)]


def parameter_groups(model: ResNet, phase: Phase, weight_decay: float) -> list[dict[str, Any]]:
    """Groups for an optimizer, each with its ``rate``; BatchNorm and biases do not decay (arXiv 1812.01187)."""
    groups = []
    for part, rate in phase.rates.items():
        parameters = [p for module in modules_of(model, part) for p in module.parameters()]
        for decayed in (True, False):
            chosen = [p for p in parameters if (p.ndim > 1) == decayed]
            groups.append({"params": chosen, "rate": rate, "weight_decay": weight_decay if decayed else 0.0})
    return [group for group in groups if group["params"]]


def make_optimizer(name: str, groups: list[dict[str, Any]], device: torch.device) -> torch.optim.Optimizer:
    """The recipe's optimizer; its rate is set before every step."""
    # One pass over the memory instead of several.
    fused = device.type in ("cpu", "cuda")
    if name == "sgd":
        return torch.optim.SGD(groups, lr=0.0, momentum=0.9, nesterov=True, fused=fused)
    if name == "adam":
        return torch.optim.Adam(groups, lr=0.0, fused=fused)
    return torch.optim.AdamW(groups, lr=0.0, fused=fused)


def part_sentence(model: ResNet, phase: Phase) -> str:
    """What learns, in words and numbers."""
    learning = sum(p.numel() for part in phase.rates for m in modules_of(model, part) for p in m.parameters())
    total = sum(p.numel() for p in model.parameters())
    what = "every layer" if set(phase.rates) == set(PARTS) else ", ".join(phase.rates)
    return f"What learns: {what} ({learning:,} of {total:,} parameters)."
