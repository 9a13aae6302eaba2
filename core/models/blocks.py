"""The blocks that residual networks are built of: y = F(x) + x, with F of two or three convolutions.

Shapes are for N pictures and feature maps of H x W; every block maps [N, inputs, H, W] -> [N, outputs, H/stride,
W/stride]. Parameter names are torchvision's, and timm's for the squeeze.
"""

from types import ModuleType

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.models.zoo import ResNetConfig

_FEWEST_STRIDED_CHANNELS = 8


class SlicedConv2d(nn.Conv2d):
    """A strided 1x1 convolution as a slice followed by a convolution with stride 1: the same result.

    oneDNN's backward pass of a strided 1x1 convolution with fewer than eight input channels in channels_last writes
    beyond its memory on processors with AVX2 and without AVX512 (seen with the oneDNN of torch 2.14.1); it ends the
    whole process. ``tests/models/test_small_convolutions.py`` runs every narrow shape there.
    """

    def forward(self, x: Tensor) -> Tensor:
        rows, columns = self.stride
        return functional.conv2d(x[:, :, ::rows, ::columns], self.weight, self.bias, groups=self.groups)


class Kit:
    """Makes the layers of one network: what its config says of all of them is said here, once.

    `layers` is where they come from: torch.nn, or a module with the same names such as core.models.layers.
    """

    def __init__(self, config: ResNetConfig, layers: ModuleType = nn) -> None:
        self.config = config
        self.layers = layers

    def conv(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1, normed: bool = True
    ) -> nn.Module:
        """A convolution that keeps the picture's size, or divides it by `stride`.

        One that a norm follows (`normed`) needs no bias, since the norm has one.
        """
        bias = self.config.conv_bias or not normed
        narrow = kernel == 1 and stride > 1 and inputs < _FEWEST_STRIDED_CHANNELS
        if narrow and self.layers is nn:
            return SlicedConv2d(inputs, outputs, 1, stride=stride, groups=groups, bias=bias)
        return self.layers.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, groups=groups, bias=bias)

    def norm(self, channels: int) -> nn.Module:
        return self.layers.BatchNorm2d(channels, eps=self.config.norm_eps)

    def relu(self) -> nn.Module:
        return self.layers.ReLU(inplace=True)

    def projection(self, inputs: int, outputs: int, stride: int) -> nn.Module:
        """The skip where the shapes differ: a 1x1 convolution, option B of section 3.3 of the paper.

        Between two norms, as in V2, it has none of its own.
        """
        normed = not self.config.preactivation
        parts = [self.conv(inputs, outputs, 1, stride, normed=normed)]
        return self.layers.Sequential(*parts, *([self.norm(outputs)] if normed else []))

    def squeeze(self, channels: int) -> "SqueezeExcite | None":
        return SqueezeExcite(self, channels) if self.config.squeeze else None


class SqueezeExcite(nn.Module):
    """Weighs each channel by what the whole picture shows: [N, C, H, W] -> the same (Hu et al. 2018, arXiv 1709.01507).

    The reduction is timm's: 16 times fewer channels in between, rounded to a multiple of 8.
    """

    def __init__(self, kit: Kit, channels: int) -> None:
        super().__init__()
        between = max(8, (channels // 16 + 4) // 8 * 8)
        self.pool = kit.layers.AdaptiveAvgPool2d(1)
        self.fc1 = kit.conv(channels, between, 1, normed=False)
        self.relu = kit.relu()
        self.fc2 = kit.conv(between, channels, 1, normed=False)

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(self.fc2(self.relu(self.fc1(self.pool(x)))))


class Block(nn.Module):
    """What all blocks share: the way around them, the squeeze at the end of F, and the sum."""

    skip: bool
    downsample: nn.Module | None
    se: nn.Module | None

    def around(self, x: Tensor, start: Tensor) -> Tensor | None:
        """What goes around the block: x, or the projection of `start` where shapes differ; nothing in a plain one."""
        if not self.skip:
            return None
        return x if self.downsample is None else self.downsample(start)

    def join(self, out: Tensor, skip: Tensor | None) -> Tensor:
        """F(x) + x; F(x) alone in a plain network."""
        if self.se is not None:
            out = self.se(out)
        return out if skip is None else out + skip


class BasicBlock(Block):
    """Two 3x3 convolutions, then the sum and a ReLU (figure 5, left, of arXiv 1512.03385); outputs = width."""

    def __init__(self, kit: Kit, inputs: int, width: int, stride: int, downsample: nn.Module | None) -> None:
        super().__init__()
        self.skip = kit.config.skip
        self.conv1 = kit.conv(inputs, width, 3, stride)
        self.bn1 = kit.norm(width)
        self.relu = kit.relu()
        self.conv2 = kit.conv(width, width, 3)
        self.bn2 = kit.norm(width)
        self.downsample = downsample
        self.se = kit.squeeze(width)

    def forward(self, x: Tensor) -> Tensor:
        skip = self.around(x, x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return self.relu(self.join(out, skip))


class Bottleneck(Block):
    """1x1 down, 3x3, 1x1 up, then the sum and a ReLU (figure 5, right, of arXiv 1512.03385); outputs = 4 width."""

    def __init__(self, kit: Kit, inputs: int, width: int, stride: int, downsample: nn.Module | None) -> None:
        super().__init__()
        config = kit.config
        self.skip = config.skip
        # v1 strides in the first 1x1 and so drops three positions of four unseen; in v1.5 the 3x3 sees all of them.
        first, second = (stride, 1) if config.stride_in == "1x1" else (1, stride)
        inside = width * config.width_per_group // 64 * config.groups
        self.conv1 = kit.conv(inputs, inside, 1, first)
        self.bn1 = kit.norm(inside)
        self.conv2 = kit.conv(inside, inside, 3, second, config.groups)
        self.bn2 = kit.norm(inside)
        self.conv3 = kit.conv(inside, width * 4, 1)
        self.bn3 = kit.norm(width * 4)
        self.relu = kit.relu()
        self.downsample = downsample
        self.se = kit.squeeze(width * 4)

    def forward(self, x: Tensor) -> Tensor:
        skip = self.around(x, x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        return self.relu(self.join(out, skip))


class PreActivation(Block):
    """Norm and ReLU before the convolutions: y = F(x) + x, and nothing stands in the way of x (arXiv 1603.05027).

    1x1 down, 3x3, 1x1 up; outputs = 4 width. As in Keras a projection starts from the activated x; where there is none
    and the block strides, a 1x1 pooling halves x by dropping positions.
    """

    def __init__(self, kit: Kit, inputs: int, width: int, stride: int, downsample: nn.Module | None) -> None:
        super().__init__()
        config = kit.config
        self.skip = config.skip
        inside = width * config.width_per_group // 64 * config.groups
        self.bn1 = kit.norm(inputs)
        self.conv1 = kit.conv(inputs, inside, 1)
        self.bn2 = kit.norm(inside)
        self.conv2 = kit.conv(inside, inside, 3, stride, config.groups)
        self.bn3 = kit.norm(inside)
        self.conv3 = kit.conv(inside, width * 4, 1, normed=False)
        self.relu = kit.relu()
        self.downsample = downsample
        pooled = config.skip and downsample is None and stride > 1
        self.pool = kit.layers.MaxPool2d(1, stride) if pooled else None
        self.se = kit.squeeze(width * 4)

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu(self.bn1(x))
        skip = self.around(x, out)
        out = self.relu(self.bn2(self.conv1(out)))
        out = self.relu(self.bn3(self.conv2(out)))
        return self.join(self.conv3(out), skip)

    def around(self, x: Tensor, start: Tensor) -> Tensor | None:
        return super().around(x, start) if self.pool is None else self.pool(x)
