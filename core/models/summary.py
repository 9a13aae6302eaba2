"""An architecture in numbers: every layer with its shape, parameters and cost, and the stages for a drawing.

The shapes come from a real forward pass on torch's meta device: no memory and no arithmetic is spent.
Networks of Keras are counted as Keras counts: BatchNorm's running statistics are parameters that gradients do not
train. In all others they are no parameters, as in torchvision.
"""

from collections import Counter
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
_BYTES = 4  # of a float32 number


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
    kernel: int
    """The side of the window of a convolution or pooling; 0 in other layers."""
    multiply_adds: int
    """Multiplications, each with its addition, for one picture; of convolutions and linear layers, as papers count."""
    receptive_field: int
    """The side in pixels of the part of the picture on which one number of the output depends through the windows of
    convolutions and poolings, borders left aside: so it may be larger than the picture."""
    whole_picture: bool
    """Whether each number depends on the whole picture besides, through a mean over all places: a squeeze's, or the
    one before the classifier."""
    memory: int
    """Bytes of the output for one picture in float32; 0 where the layer writes over its input."""


@dataclass(frozen=True)
class Summary:
    """An architecture's layers, and its numbers in all."""

    arch: str
    classes: int
    size: int
    rows: tuple[LayerRow, ...]
    total: int
    """All parameters."""
    trainable: int
    non_trainable: int
    statistics: int
    """BatchNorm's running means and variances; of the total in networks of Keras, and beside it in all others."""
    multiply_adds: int
    """For one picture."""
    memory: int
    """Bytes of all outputs for one picture in float32: what a training keeps for the way back, about."""


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
    """The stages of an architecture in order, and the head last; raises as `summarize` does."""
    model = _on_meta(arch, classes, size)
    count = _count_of(arch)
    pictures = torch.empty(1, 3, size, size, device="meta")
    stages = []
    for place, stage in enumerate(STAGES):
        shape = tuple(model.forward_to(pictures, stage).shape[1:])
        if stage == "stem":
            stages.append(StageInfo(stage, 0, shape, count(model.conv1) + count(model.bn1), "stem"))
        else:
            blocks = model.config.layers[place - 1]
            stages.append(StageInfo(stage, blocks, shape, count(model.get_submodule(stage)), model.config.block))
    return [*stages, StageInfo("head", 0, (classes,), count(model.fc), "head")]


def _on_meta(arch: str, classes: int, size: int) -> ResNet:
    if size < SMALLEST_SIZE:
        raise ModelError(f"A picture of {size} pixels is too small for the network. Give {SMALLEST_SIZE} or more.")
    if classes < 1:
        raise ModelError(f"A network with {classes} classes has no answer to give. Give 1 or more.")
    with torch.device("meta"):
        return build(arch, classes).eval()


def _count_of(arch: str) -> Callable[[nn.Module], int]:
    """How the parameters of one of this architecture's modules are counted: as Keras does it, or as torchvision."""
    keras = arch.startswith("keras-")

    def count(module: nn.Module) -> int:
        return sum(parameter.numel() for parameter in module.parameters()) + (_statistics(module) if keras else 0)

    return count


def _statistics(module: nn.Module) -> int:
    return sum(buffer.numel() for name, buffer in module.named_buffers() if not name.endswith("num_batches_tracked"))


@dataclass(frozen=True)
class _Made:
    """What is known of a tensor: the layer that made it, and what one of its numbers depends on."""

    tensor: Tensor  # held, so that its identity stands for no other tensor
    layer: str
    field: int
    step: int
    """Pixels of the picture between two neighbors."""
    whole: bool = False
    """Whether it depends on the whole picture as well."""


class _Tracer(TorchFunctionMode):
    """Notes each layer as it runs, and the steps that are no modules: sums, the squeeze's product, the flattening."""

    def __init__(self, pictures: Tensor, count: Callable[[nn.Module], int]) -> None:
        super().__init__()
        self.rows: list[LayerRow] = []
        self.uses: Counter[str] = Counter()
        self.block = ""
        self.count = count
        self.made = {id(pictures): _Made(pictures, "input", field=1, step=1)}

    def layer(self, name: str, module: nn.Module, inputs: Sequence[Tensor], output: Tensor) -> None:
        """Note a module that has run."""
        kernel, stride, multiply_adds = 0, 1, 0
        if isinstance(module, nn.Conv2d | nn.MaxPool2d):
            kernel, stride = _side(module.kernel_size), _side(module.stride)
        elif isinstance(module, nn.AdaptiveAvgPool2d):
            kernel = max(inputs[0].shape[2:])
        if isinstance(module, nn.Conv2d):
            multiply_adds = output.numel() * module.weight[0].numel()
        elif isinstance(module, nn.Linear):
            multiply_adds = module.weight.numel()
        self.note(name, type(module).__name__, inputs, output, self.count(module), kernel, stride, multiply_adds)

    def note(
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
        sources = [self.made[id(x)] for x in inputs]
        step = max(source.step for source in sources)
        # A mean over all places is no window: its number belongs to no place.
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
                memory=0 if id(output) in self.made else output.numel() * _BYTES,
            )
        )
        self.made[id(output)] = _Made(output, self.rows[-1].name, field, step * stride, whole)

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        output = func(*args, **(kwargs or {}))
        if func in (Tensor.add, Tensor.__add__):
            self.note(f"{self.block}.add", "Add", args[:2], output)
        elif func in (Tensor.mul, Tensor.__mul__):
            self.note(f"{self.block}.se.multiply", "Multiply", args[:2], output)
        elif func is torch.sigmoid:
            self.note(f"{self.block}.se.sigmoid", "Sigmoid", args[:1], output)
        elif func is torch.flatten:
            self.note("flatten", "Flatten", args[:1], output)
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

    # The network is this function's own and is thrown away with its hooks.
    for name, module in model.named_modules():
        if isinstance(module, Block):
            module.register_forward_pre_hook(enter(name))
        elif not list(module.children()) and not isinstance(module, nn.Identity):
            module.register_forward_hook(leave(name))
    with tracer:
        model(pictures)
    return tracer.rows
