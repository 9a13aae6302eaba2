"""Summarise an architecture: every layer with its shape, parameters and cost, and the stages for a drawing.

The shapes come from a forward pass on torch's meta device, which needs no memory and no arithmetic. Keras's networks
are counted as in Keras: BatchNorm's running statistics are non-trainable parameters. In all others they are not
parameters, as in torchvision.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from core.errors import ModelError
from core.models.blocks import Block
from core.models.resnet import STAGES, ResNet, build

SMALLEST_SIZE = 32  # the network halves the picture five times
_BYTES = 4  # of a float32 number


@dataclass(frozen=True)
class LayerRow:
    """One layer; layers are in the order of the forward pass."""

    name: str
    """As in the parameters' names; a ReLU used twice becomes ``layer1.0.relu:2``, a sum ``layer1.0.add``."""
    type: str
    output_shape: tuple[int, ...]
    """Without the batch: (channels, height, width), or (width,)."""
    parameters: int
    connected_to: tuple[str, ...]
    """The layers whose outputs are the inputs; ``input`` is the picture."""
    kernel: int
    """The side of the window of a convolution or pooling; 0 for other layers."""
    multiply_adds: int
    """Multiplications, each with an addition, for one picture; only convolutions and linear layers, as in papers."""
    receptive_field: int
    """The side in pixels of the region that one output value depends on through convolutions and poolings. Borders are
    ignored, so it can be larger than the picture."""
    whole_picture: bool
    """Whether each output value also depends on the whole picture, through a mean over all positions: in
    squeeze-and-excitation or before the classifier."""
    memory: int
    """Bytes of the output for one picture in float32; 0 if the layer works in place."""


@dataclass(frozen=True)
class Summary:
    """An architecture's layers and totals."""

    arch: str
    classes: int
    size: int
    rows: tuple[LayerRow, ...]
    total: int
    """All parameters."""
    trainable: int
    non_trainable: int
    statistics: int
    """BatchNorm's running means and variances; part of the total in Keras's networks, not in others."""
    multiply_adds: int
    """For one picture."""
    memory: int
    """Bytes of all outputs for one picture in float32: roughly what training keeps for the backward pass."""


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
    """Return every layer of an architecture with its inputs and output, for pictures of size x size pixels.

    Raises UnknownArchitecture, and ModelError if the pictures or the number of classes are too small.
    """
    model = _on_meta(arch, classes, size)
    rows = tuple(_trace(model, size, _count_of(arch)))
    total = sum(row.parameters for row in rows)
    trainable = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    return Summary(
        arch=arch,
        classes=classes,
        size=size,
        rows=rows,
        total=total,
        trainable=trainable,
        non_trainable=total - trainable,
        statistics=_statistics(model),
        multiply_adds=sum(row.multiply_adds for row in rows),
        memory=sum(row.memory for row in rows),
    )


def stages_of(arch: str, size: int = 224, classes: int = 1000) -> list[StageInfo]:
    """Return the stages of an architecture in order and the head last; raises the same errors as `summarize`."""
    model = _on_meta(arch, classes, size)
    count = _count_of(arch)
    maps = model.forward_to(torch.empty(1, 3, size, size, device="meta"), "stem")
    stages = []
    for place, stage in enumerate(STAGES):
        if stage == "stem":
            parameters = count(model.conv1) + count(model.bn1)
            stages.append(StageInfo(stage, 0, tuple(maps.shape[1:]), parameters, "stem"))
        else:
            layers = model.get_submodule(stage)
            maps = layers(maps)
            blocks = model.config.layers[place - 1]
            stages.append(StageInfo(stage, blocks, tuple(maps.shape[1:]), count(layers), model.config.block))
    return [*stages, StageInfo("head", 0, (classes,), count(model.fc), "head")]


def _on_meta(arch: str, classes: int, size: int) -> ResNet:
    if size < SMALLEST_SIZE:
        raise ModelError(f"A picture of {size} pixels is too small for the network. Use {SMALLEST_SIZE} or more.")
    if classes < 1:
        raise ModelError(f"A network with {classes} classes cannot predict anything. Use 1 or more.")
    with torch.device("meta"):
        return build(arch, classes).eval()


def _count_of(arch: str) -> Callable[[nn.Module], int]:
    """Return the function that counts a module's parameters: as Keras does for its networks, else as torchvision."""
    keras = arch.startswith("keras-")

    def count(module: nn.Module) -> int:
        return sum(parameter.numel() for parameter in module.parameters()) + (_statistics(module) if keras else 0)

    return count


def _statistics(module: nn.Module) -> int:
    return sum(buffer.numel() for name, buffer in module.named_buffers() if not name.endswith("num_batches_tracked"))


@dataclass(frozen=True)
class _Source:
    """A tensor's origin: the layer that made it, and the region that one of its values depends on."""

    tensor: Tensor  # kept alive, so that no other tensor gets the same id
    layer: str
    field: int
    step: int
    """Pixels of the picture between two neighbouring values."""
    whole: bool = False
    """Whether it also depends on the whole picture."""


class _Tracer(TorchFunctionMode):
    """Records each layer as it runs, and steps that are not modules: sums, products and the flattening."""

    def __init__(self, pictures: Tensor, count: Callable[[nn.Module], int]) -> None:
        super().__init__()
        self.rows: list[LayerRow] = []
        self.uses: Counter[str] = Counter()
        self.block = ""
        self.count = count
        self.sources = {id(pictures): _Source(pictures, "input", field=1, step=1)}

    def layer(self, name: str, module: nn.Module, inputs: Sequence[Tensor], output: Tensor) -> None:
        """Record a module that has run."""
        kernel, stride, multiply_adds = 0, 1, 0
        if isinstance(module, nn.Conv2d | nn.MaxPool2d):
            kernel, stride = _side(module.kernel_size), _side(module.stride)
        elif isinstance(module, nn.AdaptiveAvgPool2d):
            kernel = max(inputs[0].shape[2:])
        if isinstance(module, nn.Conv2d):
            multiply_adds = output.numel() * module.weight[0].numel()
        elif isinstance(module, nn.Linear):
            multiply_adds = module.weight.numel()
        self.record(name, type(module).__name__, inputs, output, self.count(module), kernel, stride, multiply_adds)

    def record(
        self,
        name: str,
        type_: str,
        inputs: Sequence[Tensor],
        output: Tensor,
        parameters: int = 0,
        kernel: int = 0,
        stride: int = 1,
        multiply_adds: int = 0,
    ) -> None:
        sources = [self.sources[id(x)] for x in inputs]
        step = max(source.step for source in sources)
        # A mean over all positions is not a window: its value belongs to no position.
        mean = type_ == "AdaptiveAvgPool2d"
        field = max(source.field for source in sources) + (0 if mean else max(kernel - 1, 0) * step)
        whole = mean or any(source.whole for source in sources)
        uses = self.uses[name]
        self.uses[name] += 1
        self.rows.append(
            LayerRow(
                name=f"{name}:{uses + 1}" if uses else name,
                type=type_,
                output_shape=tuple(output.shape[1:]),
                parameters=parameters,
                connected_to=tuple(source.layer for source in sources),
                kernel=kernel,
                multiply_adds=multiply_adds,
                receptive_field=field,
                whole_picture=whole,
                memory=0 if id(output) in self.sources else output.numel() * _BYTES,
            )
        )
        self.sources[id(output)] = _Source(output, self.rows[-1].name, field, step * stride, whole)

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        output = func(*args, **(kwargs or {}))
        if func in (Tensor.add, Tensor.__add__):
            self.record(f"{self.block}.add", "Add", args[:2], output)
        elif func in (Tensor.mul, Tensor.__mul__):
            self.record(f"{self.block}.se.multiply", "Multiply", args[:2], output)
        elif func is torch.sigmoid:
            self.record(f"{self.block}.se.sigmoid", "Sigmoid", args[:1], output)
        elif func is functional.normalize:
            self.record("normalize", "Normalize", args[:1], output)
        elif func is torch.cat:
            self.record("concatenate", "Concatenate", args[0], output)
        elif func is torch.flatten:
            self.record("flatten", "Flatten", args[:1], output)
        return output


def _side(window: int | tuple[int, ...]) -> int:
    return window if isinstance(window, int) else window[0]


def _trace(model: ResNet, size: int, count: Callable[[nn.Module], int]) -> list[LayerRow]:
    pictures = torch.empty(1, 3, size, size, device="meta")
    tracer = _Tracer(pictures, count)

    def enter(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            tracer.block = name

        return hook

    def leave(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            tracer.layer(name, module, inputs, output)

        return hook

    # The network is local to this function, so its hooks need no removal.
    for name, module in model.named_modules():
        if isinstance(module, Block):
            module.register_forward_pre_hook(enter(name))
        elif not list(module.children()) and not isinstance(module, nn.Identity):
            module.register_forward_hook(leave(name))
    with tracer:
        model(pictures)
    return tracer.rows
