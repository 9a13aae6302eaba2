"""An architecture in numbers: every layer with its shape and parameters, and the stages for a drawing.

The shapes come from a real forward pass on torch's meta device: no memory and no arithmetic is spent.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from core.errors import ModelError
from core.models.blocks import Block
from core.models.resnet import STAGES, ResNet, build

SMALLEST_SIZE = 32  # the network halves the picture five times


@dataclass(frozen=True)
class LayerRow:
    """One layer, in the order in which a picture passes through."""

    name: str
    """As in the parameters' names; a ReLU that a block uses again is ``layer1.0.relu:2``; sums are ``layer1.0.add``."""
    type: str
    output_shape: tuple[int, ...]
    """Without the batch: (channels, height, width), or (width,)."""
    parameters: int
    connected_to: tuple[str, ...]
    """The layers whose outputs go in; ``input`` is the picture."""


@dataclass(frozen=True)
class Summary:
    """An architecture's layers, and its numbers in all."""

    arch: str
    classes: int
    size: int
    rows: tuple[LayerRow, ...]
    total: int
    """All parameters, as torchvision counts them."""
    trainable: int
    non_trainable: int
    statistics: int
    """BatchNorm's running means and variances: no parameters, though Keras counts them as non-trainable ones."""


@dataclass(frozen=True)
class StageInfo:
    """One stage for a drawing."""

    name: str
    """One of STAGES, or ``head``."""
    blocks: int
    """Residual blocks in it; 0 in the stem and the head."""
    output_shape: tuple[int, ...]
    """(channels, height, width); (classes,) for the head."""
    parameters: int
    kind: str
    """``stem``, ``basic``, ``bottleneck`` or ``head``."""


def summarize(arch: str, classes: int = 1000, size: int = 224) -> Summary:
    """Every layer of an architecture with what goes in and comes out, for pictures of size x size pixels.

    Raises UnknownArchitecture, and ModelError for pictures or class lists that are too small.
    """
    model = _on_meta(arch, classes, size)
    rows = _trace(model, size)
    parameters = list(model.parameters())
    return Summary(
        arch=arch,
        classes=classes,
        size=size,
        rows=tuple(rows),
        total=sum(p.numel() for p in parameters),
        trainable=sum(p.numel() for p in parameters if p.requires_grad),
        non_trainable=sum(p.numel() for p in parameters if not p.requires_grad),
        statistics=sum(b.numel() for name, b in model.named_buffers() if not name.endswith("num_batches_tracked")),
    )


def stages_of(arch: str, size: int = 224, classes: int = 1000) -> list[StageInfo]:
    """The stages of an architecture in order, and the head last; raises as `summarize` does."""
    model = _on_meta(arch, classes, size)
    pictures = torch.empty(1, 3, size, size, device="meta")
    stages = []
    for place, stage in enumerate(STAGES):
        shape = tuple(model.forward_to(pictures, stage).shape[1:])
        if stage == "stem":
            stages.append(StageInfo(stage, 0, shape, _count(model.conv1, model.bn1), "stem"))
        else:
            blocks = model.config.layers[place - 1]
            stages.append(StageInfo(stage, blocks, shape, _count(model.get_submodule(stage)), model.config.block))
    return [*stages, StageInfo("head", 0, (classes,), _count(model.fc), "head")]


def _on_meta(arch: str, classes: int, size: int) -> ResNet:
    if size < SMALLEST_SIZE:
        raise ModelError(f"A picture of {size} pixels is too small for the network. Give {SMALLEST_SIZE} or more.")
    if classes < 1:
        raise ModelError(f"A network with {classes} classes has no answer to give. Give 1 or more.")
    with torch.device("meta"):
        return build(arch, classes).eval()


def _count(*modules: nn.Module) -> int:
    return sum(parameter.numel() for module in modules for parameter in module.parameters())


class _Tracer(TorchFunctionMode):
    """Notes each layer as it runs, and the sums and the flattening that are no modules."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[LayerRow] = []
        self.block = ""
        # By identity, with the tensor beside its name so that no identity is used twice.
        self.made_by: dict[int, tuple[Tensor, str]] = {}

    def note(self, name: str, type_: str, inputs: Sequence[Tensor], output: Tensor, parameters: int) -> None:
        sources = tuple(self.made_by[id(x)][1] for x in inputs)
        uses = sum(row.name.partition(":")[0] == name for row in self.rows)
        name = f"{name}:{uses + 1}" if uses else name
        self.rows.append(LayerRow(name, type_, tuple(output.shape[1:]), parameters, sources))
        self.made_by[id(output)] = (output, name)

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        output = func(*args, **(kwargs or {}))
        if func in (Tensor.add, Tensor.__add__):
            self.note(f"{self.block}.add", "Add", args[:2], output, 0)
        elif func is torch.flatten:
            self.note("flatten", "Flatten", args[:1], output, 0)
        return output


def _trace(model: ResNet, size: int) -> list[LayerRow]:
    tracer = _Tracer()
    pictures = torch.empty(1, 3, size, size, device="meta")
    tracer.made_by[id(pictures)] = (pictures, "input")

    def enter(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            tracer.block = name

        return hook

    def leave(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            tracer.note(name, type(module).__name__, inputs, output, _count(module))

        return hook

    # The network is this function's own and is thrown away with its hooks.
    for name, module in model.named_modules():
        if isinstance(module, Block):
            module.register_forward_pre_hook(enter(name))
        elif not list(module.children()) and not isinstance(module, nn.Identity):
            module.register_forward_hook(leave(name))
    with tracer:
        model(pictures)
    return tracer.rows
