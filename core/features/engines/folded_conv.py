"""One convolution of a frozen network, together with the sum and the ReLU that follow it."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class FoldedConv:
    """y = convolution(x) [+ plus] [then ReLU]. It may write its result into ``plus``.

    On a processor, oneDNN computes all three in one pass over the memory, with weights in the order that suits it
    best: twice as fast as one after the other. These are the operations that torch.compile uses for frozen networks
    (torch/_inductor/mkldnn_lowerings.py). Where torch lacks them, the three run one after the other.
    """

    def __init__(self, layer: nn.Conv2d, device: torch.device, dtype: torch.dtype) -> None:
        self._weight = layer.weight.detach().to(device, dtype, memory_format=torch.channels_last)
        self._bias = None if layer.bias is None else layer.bias.detach().to(device, dtype)
        self._padding, self._stride, self._dilation = (
            [int(value) for value in values] for values in (layer.padding, layer.stride, layer.dilation)
        )
        self._groups = layer.groups
        self._fused = device.type == "cpu" and _has_fused_operations()
        self._packed = False

    def __call__(self, x: Tensor, *, relu: bool = False, plus: Tensor | None = None) -> Tensor:
        if not self._fused:
            return self._in_three_steps(x, relu, plus)
        if not self._packed:
            self._pack(list(x.shape))
        shape = (self._padding, self._stride, self._dilation, self._groups)
        operations = torch.ops.mkldnn
        activation = "relu" if relu else "none"
        if plus is None:
            return operations._convolution_pointwise(x, self._weight, self._bias, *shape, activation, [], "")
        unary = "relu" if relu else None
        return operations._convolution_pointwise_.binary(
            plus, x, self._weight, self._bias, *shape, "add", 1.0, unary, [], ""
        )

    def _pack(self, shape: list[int]) -> None:
        """Put the weights in oneDNN's order for inputs of this shape; other shapes work too."""
        self._weight = torch.ops.mkldnn._reorder_convolution_weight(
            self._weight, self._padding, self._stride, self._dilation, self._groups, shape
        )
        self._packed = True

    def _in_three_steps(self, x: Tensor, relu: bool, plus: Tensor | None) -> Tensor:
        padding, stride = tuple(self._padding), tuple(self._stride)
        y = functional.conv2d(x, self._weight, self._bias, stride, padding, groups=self._groups)
        if plus is not None:
            y = y.add_(plus)
        return functional.relu_(y) if relu else y


def _has_fused_operations() -> bool:
    """Return whether this torch has oneDNN, and the operations that are not part of its public interface."""
    names = ("_convolution_pointwise", "_convolution_pointwise_", "_reorder_convolution_weight")
    return torch.backends.mkldnn.is_available() and all(hasattr(torch.ops.mkldnn, name) for name in names)
