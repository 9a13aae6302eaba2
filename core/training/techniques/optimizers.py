"""Makes a recipe's optimizer, without PyTorch's compiler, which takes two seconds and 150 MB.

A training with random views loads it all the same, because torchvision does.
"""

import functools
import inspect
from typing import Any

import torch
from torch.optim import SGD, Adam, AdamW, Optimizer


def make_optimizer(name: str, groups: list[dict[str, Any]], device: torch.device) -> Optimizer:
    """Return the recipe's optimizer; its learning rate is set before every step."""
    # Fused: one pass over the memory instead of several.
    fused = device.type in ("cpu", "cuda")
    if name == "sgd":
        return uncompiled(SGD)(groups, lr=0.0, momentum=0.9, nesterov=True, fused=fused)
    return uncompiled(Adam if name == "adam" else AdamW)(groups, lr=0.0, fused=fused)


@functools.cache
def uncompiled(kind: type[Optimizer]) -> type[Any]:
    """Return an optimizer whose methods do not tell PyTorch's compiler what to leave alone: that would load it.

    The methods are the optimizer's own, below torch's decorators (see torch/_compile.py and torch/optim/optimizer.py).
    """
    names = ("add_param_group", "zero_grad", "state_dict", "load_state_dict")
    methods = {name: inspect.unwrap(getattr(kind, name)) for name in names}
    return type(kind.__name__, (kind,), {**methods, "step": torch.no_grad()(inspect.unwrap(kind.step))})
