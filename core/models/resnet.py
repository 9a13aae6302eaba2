"""The residual network, from its blocks to its logits.

Follows He et al. 2015, "Deep residual learning for image recognition" (arXiv 1512.03385), with torchvision's parameter
names, so that state dicts travel in both directions. Shapes below are for a picture of H x W pixels and N pictures.
"""

import torch
from torch import Tensor, nn

from core.errors import ModelError
from core.models.zoo import ResNetConfig, config_of

STAGES = ("stem", "layer1", "layer2", "layer3", "layer4")


def conv3x3(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    """A 3x3 convolution that keeps the picture's size, or halves it with stride 2 (the norm after it has the bias)."""
    return nn.Conv2d(inputs, outputs, kernel_size=3, stride=stride, padding=1, bias=False)


def conv1x1(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    """A 1x1 convolution: mixes channels, sees no neighbors."""
    return nn.Conv2d(inputs, outputs, kernel_size=1, stride=stride, bias=False)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and the skip: [N, inputs, H, W] -> [N, width, H/stride, W/stride] (figure 5, left)."""

    def __init__(self, inputs: int, width: int, stride: int, stride_in: str, downsample: nn.Module | None) -> None:
        super().__init__()
        self.conv1 = conv3x3(inputs, width, stride)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = conv3x3(width, width)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        skip = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return self.relu(out + skip)


class Bottleneck(nn.Module):
    """1x1 down, 3x3, 1x1 up, and the skip: [N, inputs, H, W] -> [N, 4 width, H/stride, W/stride] (figure 5, right)."""

    def __init__(self, inputs: int, width: int, stride: int, stride_in: str, downsample: nn.Module | None) -> None:
        super().__init__()
        # v1 strides in the first 1x1 and so drops three positions of four unseen; in v1.5 the 3x3 sees all of them.
        first, second = (stride, 1) if stride_in == "1x1" else (1, stride)
        self.conv1 = conv1x1(inputs, width, first)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = conv3x3(width, width, second)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = conv1x1(width, width * 4)
        self.bn3 = nn.BatchNorm2d(width * 4)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        skip = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        return self.relu(out + skip)


class ResNet(nn.Module):
    """A residual network: pictures [N, 3, H, W], normalized, to logits [N, classes].

    The picture shrinks 4 times in the stem and 2 times in each of layer2, layer3 and layer4: 224 -> 56, 56, 28, 14, 7.
    """

    def __init__(self, config: ResNetConfig, classes: int = 1000) -> None:
        super().__init__()
        self.config = config
        self.feature_width = config.feature_width
        width = config.width
        self.conv1 = nn.Conv2d(3, width, kernel_size=7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        self.layer1 = _make_layer(config, 1, inputs=width, stride=1)
        self.layer2 = _make_layer(config, 2, inputs=width * config.expansion, stride=2)
        self.layer3 = _make_layer(config, 3, inputs=width * config.expansion * 2, stride=2)
        self.layer4 = _make_layer(config, 4, inputs=width * config.expansion * 4, stride=2)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(config.feature_width, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                # He et al. 2015 (arXiv 1502.01852): the variance of the gradients stays the same through ReLU layers.
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """Normalized pictures [N, 3, H, W] -> logits [N, classes]."""
        return self.forward_head(self.forward_features(x))

    def forward_features(self, x: Tensor) -> Tensor:
        """Normalized pictures [N, 3, H, W] -> the last feature maps [N, feature_width, H/32, W/32]."""
        return self.forward_to(x, STAGES[-1])

    def forward_head(self, features: Tensor) -> Tensor:
        """The last feature maps [N, feature_width, h, w] -> logits [N, classes]."""
        return self.fc(torch.flatten(self.avgpool(features), 1))

    def forward_to(self, x: Tensor, stage: str) -> Tensor:
        """Normalized pictures [N, 3, H, W] -> the feature maps that `stage` puts out; raises ModelError."""
        for name in STAGES[: _place(stage) + 1]:
            x = self._run(name, x)
        return x

    def forward_from(self, features: Tensor, stage: str) -> Tensor:
        """The feature maps that `stage` put out -> logits [N, classes]; with `forward_to`, `forward` cut in two."""
        for name in STAGES[_place(stage) + 1 :]:
            features = self._run(name, features)
        return self.forward_head(features)

    def reset_classifier(self, classes: int, generator: torch.Generator | None = None) -> None:
        """Put in a new linear layer [classes, feature_width] with nn.Linear's own random start.

        With a `generator` (on the CPU) the weights come from it alone, and the global random state stays untouched.
        """
        old = self.fc.weight
        # Drawn on the CPU, so that one seed gives one classifier on every device.
        fc: nn.Linear = nn.utils.skip_init(nn.Linear, self.feature_width, classes, device="cpu")
        bound = self.feature_width**-0.5
        with torch.no_grad():
            fc.weight.uniform_(-bound, bound, generator=generator)
            fc.bias.uniform_(-bound, bound, generator=generator)
        self.fc = fc.to(device=old.device, dtype=old.dtype)

    def _run(self, stage: str, x: Tensor) -> Tensor:
        if stage == "stem":
            return self.maxpool(self.relu(self.bn1(self.conv1(x))))
        return self.get_submodule(stage)(x)


def build(arch: str, classes: int = 1000) -> ResNet:
    """A network of a named architecture with random weights; raises UnknownArchitecture."""
    return ResNet(config_of(arch), classes)


def _make_layer(config: ResNetConfig, stage: int, inputs: int, stride: int) -> nn.Sequential:
    width = config.width * 2 ** (stage - 1)
    outputs = width * config.expansion
    block = Bottleneck if config.block == "bottleneck" else BasicBlock
    downsample = None
    if stride != 1 or inputs != outputs:
        # Where the shapes differ the skip is a projection, option B of the paper's section 3.3.
        downsample = nn.Sequential(conv1x1(inputs, outputs, stride), nn.BatchNorm2d(outputs))
    blocks: list[nn.Module] = [block(inputs, width, stride, config.stride_in, downsample)]
    blocks += [block(outputs, width, 1, config.stride_in, None) for _ in range(1, config.layers[stage - 1])]
    return nn.Sequential(*blocks)


def _place(stage: str) -> int:
    if stage not in STAGES:
        raise ModelError(f"The network has no stage {stage!r}. Choose one of: {', '.join(STAGES)}.")
    return STAGES.index(stage)
