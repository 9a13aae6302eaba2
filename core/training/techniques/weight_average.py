"""The exponential moving average of a network's weights during training (EMA)."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from core.errors import RunError
from core.models.resnet import ResNet
from core.training.network import state_of_parts


class WeightAverage:
    """Averages the weights and BatchNorm statistics of the parts of a network that are trained.

    After update t the average moves by ``1 - d`` towards the weights, with ``d = min(decay, (1 + t) / (10 + t))``: at
    first it follows quickly, so that the random start does not count for long (as in TensorFlow's
    ``ExponentialMovingAverage``). Whole numbers, such as BatchNorm's count of batches, are copied.
    """

    def __init__(self, model: ResNet, parts: tuple[str, ...], decay: float) -> None:
        self.decay, self.updates = decay, 0
        self.inside = state_of_parts(model, parts)
        """The tensors of the network itself."""
        self.beside = {name: tensor.clone() for name, tensor in self.inside.items()}
        """The averages; within ``applied`` the weights of the last step."""

    def update(self) -> None:
        """Take in the weights after a step."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        averages, weights = [], []
        for name, tensor in self.inside.items():
            if tensor.is_floating_point():
                averages.append(self.beside[name])
                weights.append(tensor)
            else:
                self.beside[name].copy_(tensor)
        torch._foreach_lerp_(averages, weights, 1 - decay)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Give the network the averages; on leaving, the weights of the last step again."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint needs beside the averages, within ``applied``: the weights of the last step."""
        return {"updates": self.updates, "weights": self.beside}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Continue from a checkpoint, whose averages the network now holds; raises RunError for a state of another."""
        updates, weights = saved.get("updates"), saved.get("weights")
        if type(updates) is not int or updates < 0 or not isinstance(weights, dict):
            raise RunError("training.pt holds no valid average of the weights. Start a new run instead.")
        if set(weights) != set(self.inside):
            raise RunError("training.pt holds the weights of another network. Start a new run instead.")
        for name, tensor in self.inside.items():
            if problem := _problem(weights[name], tensor):
                raise RunError(f"training.pt holds {problem} for {name}. Start a new run instead.")
        self.updates = updates
        for name, tensor in self.inside.items():
            tensor.copy_(weights[name])

    def _swap(self) -> None:
        for name, tensor in self.inside.items():
            kept = tensor.clone()
            tensor.copy_(self.beside[name])
            self.beside[name].copy_(kept)


def _problem(saved: Any, tensor: Tensor) -> str:
    if not isinstance(saved, Tensor) or saved.layout is not torch.strided or saved.is_meta:
        return "no tensor"
    if saved.shape != tensor.shape or saved.dtype != tensor.dtype:
        return f"a tensor of the shape {list(saved.shape)}, not {list(tensor.shape)},"
    if saved.is_floating_point() and not math.isfinite(float(saved.sum())):
        return "numbers that are not finite"
    return ""
