"""The building blocks of residual networks: y = F(x) + x, where F has two or three convolutions.

Shapes are for N pictures and feature maps of H x W. Every block maps [N, inputs, H, W] -> [N, outputs, H/stride,
W/stride]. Parameter names are torchvision's; those of squeeze-and-excitation are timm's.
"""

from types import ModuleType

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.models.zoo import ResNetConfig

_MIN_STRIDED_CHANNELS = 8


class SlicedConv2d(nn.Conv2d):
    """A strided 1x1 convolution, computed as a slice and a convolution with stride 1. The result is the same.

    On processors with AVX2 but without AVX512, oneDNN's backward pass of a strided 1x1 convolution with fewer than
    eight input channels in channels_last writes beyond its memory and ends the process (oneDNN of torch 2.14.1).
    ``tests/models/test_small_convolutions.py`` runs every narrow shape.
    """

    def forward(self, x: Tensor) -> Tensor:
        rows, columns = self.stride
        return functional.conv2d(x[:, :, ::rows, ::columns], self.weight, self.bias, groups=self.groups)


class LayerFactory:
    """Makes the layers of one network with the settings that they share, such as the bias and BatchNorm's epsilon.

    `layers` is torch.nn, or a module with the same names such as core.models.layers.
    """

    def __init__(self, config: ResNetConfig, layers: ModuleType = nn) -> None:
        self.config = config
        self.layers = layers

    def conv(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1, normed: bool = True
    ) -> nn.Module:
        """Return a convolution that keeps the picture's size, or divides it by `stride`.

        With a norm after it (`normed`), a convolution needs no bias, because the norm has one.
        """
        bias = self.config.conv_bias or not normed
        narrow = kernel == 1 and stride > 1 and inputs < _MIN_STRIDED_CHANNELS
        if narrow and self.layers is nn:
            return SlicedConv2d(inputs, outputs, 1, stride=stride, groups=groups, bias=bias)
        return self.layers.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, groups=groups, bias=bias)

    def norm(self, channels: int) -> nn.Module:
        return self.layers.BatchNorm2d(channels, eps=self.config.norm_eps)

    def relu(self) -> nn.Module:
        return self.layers.ReLU(inplace=True)

    def projection(self, inputs: int, outputs: int, stride: int) -> nn.Module:
        """Return the skip connection for differing shapes: a 1x1 convolution, option B in section 3.3 of the paper.

        In V2 it lies between two norms and has none of its own.
        """
        normed = not self.config.preactivation
        parts = [self.conv(inputs, outputs, 1, stride, normed=normed)]
        return self.layers.Sequential(*parts, *([self.norm(outputs)] if normed else []))

    def squeeze(self, channels: int) -> "SqueezeExcite | None":
        return SqueezeExcite(self, channels) if self.config.squeeze else None


class SqueezeExcite(nn.Module):
    """Scales each channel by a weight computed from the whole picture (Hu et al. 2018, arXiv 1709.01507).

    [N, C, H, W] -> the same. The reduction is timm's: a sixteenth of the channels, rounded to a multiple of 8.
    """

    def __init__(self, factory: LayerFactory, channels: int) -> None:
        super().__init__()
        between = max(8, (channels // 16 + 4) // 8 * 8)
        self.pool = factory.layers.AdaptiveAvgPool2d(1)
        self.fc1 = factory.conv(channels, between, 1, normed=False)
        self.relu = factory.relu()
        self.fc2 = factory.conv(between, channels, 1, normed=False)

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(self.fc2(self.relu(self.fc1(self.pool(x)))))


class Block(nn.Module):
    """What all blocks share: the skip connection, squeeze-and-excitation at the end of F, and the sum."""

    skip: bool
    downsample: nn.Module | None
    se: nn.Module | None

    def shortcut(self, x: Tensor, start: Tensor) -> Tensor | None:
        """Return the skip connection: x, or the projection of `start` if shapes differ; None in a plain network."""
        if not self.skip:
            return None
        return x if self.downsample is None else self.downsample(start)

    def join(self, out: Tensor, skip: Tensor | None) -> Tensor:
        """Return F(x) + x, or F(x) in a plain network."""
        if self.se is not None:
            out = self.se(out)
        return out if skip is None else out + skip


class BasicBlock(Block):
    """Two 3x3 convolutions, then the sum and a ReLU (figure 5, left, of arXiv 1512.03385); outputs = width."""

    def __init__(
        self, factory: LayerFactory, inputs: int, width: int, stride: int, downsample: nn.Module | None
    ) -> None:
        super().__init__()
        self.skip = factory.config.skip
        self.conv1 = factory.conv(inputs, width, 3, stride)
        self.bn1 = factory.norm(width)
        self.relu = factory.relu()
        self.conv2 = factory.conv(width, width, 3)
        self.bn2 = factory.norm(width)
        self.downsample = downsample
        self.se = factory.squeeze(width)

    def forward(self, x: Tensor) -> Tensor:
        skip = self.shortcut(x, x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return self.relu(self.join(out, skip))


class Bottleneck(Block):
    """1x1 down, 3x3, 1x1 up, then the sum and a ReLU (figure 5, right, of arXiv 1512.03385); outputs = 4 width."""

    def __init__(
        self, factory: LayerFactory, inputs: int, width: int, stride: int, downsample: nn.Module | None
    ) -> None:
        super().__init__()
        config = factory.config
        self.skip = config.skip
        # v1 strides in the first 1x1, which ignores three positions of four; in v1.5 the 3x3 uses all of them.
        first, second = (stride, 1) if config.stride_in == "1x1" else (1, stride)
        inside = width * config.width_per_group // 64 * config.groups
        self.conv1 = factory.conv(inputs, inside, 1, first)
        self.bn1 = factory.norm(inside)
        self.conv2 = factory.conv(inside, inside, 3, second, config.groups)
        self.bn2 = factory.norm(inside)
        self.conv3 = factory.conv(inside, width * 4, 1)
        self.bn3 = factory.norm(width * 4)
        self.relu = factory.relu()
        self.downsample = downsample
        self.se = factory.squeeze(width * 4)

    def forward(self, x: Tensor) -> Tensor:
        skip = self.shortcut(x, x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        return self.relu(self.join(out, skip))


class PreActivation(Block):
    """Norm and ReLU before the convolutions: y = F(x) + x, where x passes unchanged (arXiv 1603.05027).

    1x1 down, 3x3, 1x1 up; outputs = 4 width. As in Keras, a projection takes the activated x. In a block that strides
    without a projection, a 1x1 pooling halves x by dropping positions.
    """

    def __init__(
        self, factory: LayerFactory, inputs: int, width: int, stride: int, downsample: nn.Module | None
    ) -> None:
        super().__init__()
        config = factory.config
        self.skip = config.skip
        inside = width * config.width_per_group // 64 * config.groups
        self.bn1 = factory.norm(inputs)
        self.conv1 = factory.conv(inputs, inside, 1)
        self.bn2 = factory.norm(inside)
        self.conv2 = factory.conv(inside, inside, 3, stride, config.groups)
        self.bn3 = factory.norm(inside)
        self.conv3 = factory.conv(inside, width * 4, 1, normed=False)
        self.relu = factory.relu()
        self.downsample = downsample
        pooled = config.skip and downsample is None and stride > 1
        self.pool = factory.layers.MaxPool2d(1, stride) if pooled else None
        self.se = factory.squeeze(width * 4)

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu(self.bn1(x))
        skip = self.shortcut(x, out)
        out = self.relu(self.bn2(self.conv1(out)))
        out = self.relu(self.bn3(self.conv2(out)))
        return self.join(self.conv3(out), skip)

    def shortcut(self, x: Tensor, start: Tensor) -> Tensor | None:
        return super().shortcut(x, start) if self.pool is None else self.pool(x)
