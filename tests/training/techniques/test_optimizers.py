"""The optimizers without PyTorch's compiler take the same steps as PyTorch's own."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Optimizer

from core.training.techniques.optimizers import make_optimizer, uncompiled


def trained(kind: Any, rates: list[float], state: dict[str, Any] | None = None, **settings: Any) -> tuple[Any, Tensor]:
    """Train a layer; returns its optimizer and its weights."""
    torch.manual_seed(1)
    layer = nn.Linear(4, 3)
    optimizer: Optimizer = kind(layer.parameters(), lr=0.1, **settings)
    if state is not None:
        optimizer.load_state_dict(state)
    optimizer.add_param_group({"params": [nn.Parameter(torch.ones(1))]})
    for rate in rates:
        optimizer.param_groups[0]["lr"] = rate
        layer(torch.randn(8, 4)).square().sum().backward()
        optimizer.step()
        optimizer.zero_grad()
    assert layer.weight.grad is None and torch.is_grad_enabled()
    optimizer.param_groups.pop()
    return optimizer, layer.weight.detach()


@pytest.mark.parametrize(("kind", "settings"), [(SGD, {"momentum": 0.9, "nesterov": True}), (Adam, {}), (AdamW, {})])
def test_every_step_has_the_same_bits(kind: type[Optimizer], settings: dict[str, Any]) -> None:
    settings |= {"fused": True, "weight_decay": 0.05}
    (ours, weights), (theirs, expected) = (trained(one, [0.1, 0.05], **settings) for one in (uncompiled(kind), kind))
    assert torch.equal(weights, expected)
    _, resumed = trained(uncompiled(kind), [0.1], ours.state_dict(), **settings)
    assert torch.equal(resumed, trained(kind, [0.1], theirs.state_dict(), **settings)[1])
    assert not torch.equal(resumed, trained(kind, [0.1], **settings)[1]), "the state must matter"


@pytest.mark.parametrize(("name", "kind"), [("sgd", SGD), ("adam", Adam), ("adamw", AdamW)])
def test_each_name_is_an_optimizer_of_pytorch(name: str, kind: type[Optimizer]) -> None:
    made = make_optimizer(name, [{"params": [nn.Parameter(torch.ones(1))]}], torch.device("cpu"))
    assert isinstance(made, kind) and not (name == "adam" and isinstance(made, AdamW))
    assert made.defaults["fused"] is True and made.defaults["lr"] == 0
