"""The residual network from stem to logits; its blocks are in core.models.blocks.

Follows He et al. 2015, "Deep residual learning for image recognition" (arXiv 1512.03385), with torchvision's parameter
names, so that state dicts can be exchanged in both directions. Shapes are for N pictures of H x W pixels.
"""

from types import ModuleType

import torch
from torch import Tensor, nn
from torch.nn import functional

from core.errors import ModelError
from core.models.blocks import BasicBlock, Bottleneck, LayerFactory, PreActivation
from core.models.zoo import HEAD_STAGES, STAGES, ResNetConfig, config_of


class ResNet(nn.Module):
    """A residual network: normalised pictures [N, 3, H, W] -> logits [N, classes].

    The stem divides the side of the picture by 4, and layer2, layer3 and layer4 each by 2: 224 -> 56, 56, 28, 14, 7.
    With pre-activation, the ends of layer1, layer2 and layer3 do so instead: 56, 28, 14, 7, 7.
    With 0 classes there is no classifier, and the output is what it would get [N, head_width].
    `layers` is a module with torch.nn's names; core.models.layers builds the same network from re-created layers.
    """

    def __init__(self, config: ResNetConfig, classes: int = 1000, layers: ModuleType = nn) -> None:
        super().__init__()
        self.config = config
        self.feature_width = config.feature_width
        factory = LayerFactory(config, layers)
        normed = not config.preactivation
        small = config.stem == "small"
        self.conv1 = factory.conv(3, config.width, 3 if small else 7, stride=1 if small else 2, normed=normed)
        # Without a norm the stem keeps these two names, because training refers to them.
        self.bn1 = factory.norm(config.width) if normed else nn.Identity()
        self.relu = factory.relu() if normed else nn.Identity()
        self.maxpool = nn.Identity() if small else _pooling(factory)
        inputs = config.width
        stages = []
        for stage in range(4):
            stages.append(_make_layer(factory, stage, inputs))
            inputs = config.width * 2**stage * config.expansion if config.layers[stage] else inputs
        self.layer1, self.layer2, self.layer3, self.layer4 = stages
        if config.preactivation:
            # Part of layer4, because the sum of the last block alone is not what the classifier sees.
            self.layer4.add_module("norm", factory.norm(inputs))
            self.layer4.add_module("relu", factory.relu())
        self.avgpool = layers.AdaptiveAvgPool2d(1)
        self._linear: type[nn.Linear] = layers.Linear
        self.fc: nn.Linear = self._linear(config.head_width, classes) if classes else nn.Identity()  # type: ignore[assignment]
        for module in self.modules():
            # Weights without numbers (the meta device) take none; drawing them would import torch's compiler, 1.3 s.
            if isinstance(module, layers.Conv2d) and not module.weight.is_meta:
                # He et al. 2015 (arXiv 1502.01852): the variance of the gradients stays the same through ReLU layers.
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Normalised pictures [N, 3, H, W] -> logits [N, classes]."""
        return self.forward_head(self.forward_features(x))

    def forward_features(self, x: Tensor) -> Tensor:
        """Normalised pictures [N, 3, H, W] -> what the head takes.

        The last feature maps [N, feature_width, H/32, W/32] or, for a head on several stages, their vectors side by
        side [N, head_width, 1, 1].
        """
        return self._head_features(*self.forward_split(x, STAGES[-1]), STAGES[-1])

    def forward_head(self, features: Tensor) -> Tensor:
        """What `forward_features` returns -> logits [N, classes]."""
        pooled = features if self.config.head == "stages" else self.avgpool(features)
        return self.fc(torch.flatten(pooled, 1))

    def forward_to(self, x: Tensor, stage: str) -> Tensor:
        """Normalised pictures [N, 3, H, W] -> the feature maps of `stage`; raises ModelError for an unknown stage."""
        for name in STAGES[: _place(stage) + 1]:
            x = self._run(name, x)
        return x

    def forward_split(self, x: Tensor, stage: str) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return what `forward_to` does, and the vectors below `stage` that a head on several stages also takes."""
        below: tuple[Tensor, ...] = ()
        for name in STAGES[: _place(stage) + 1]:
            x = self._run(name, x)
            if name != stage:
                below += self._vectors(x, name)
        return x, below

    def forward_from(self, features: Tensor, stage: str, below: tuple[Tensor, ...] = ()) -> Tensor:
        """The feature maps of `stage` -> logits [N, classes]; `forward_split` and this one together are `forward`.

        Where the head takes the last stage alone, nothing is ``below``, and `forward_to` does. Raises ModelError if the
        head takes vectors that are missing in ``below``.
        """
        wanted = HEAD_STAGES.index(stage) if stage in HEAD_STAGES else 0
        if self.config.head == "stages" and len(below) != wanted:
            raise ModelError(
                f"The head takes {wanted} vectors of stages before {stage}, but got {len(below)}. Pass those that "
                "forward_split returns."
            )
        return self.forward_head(self._head_features(features, below, stage))

    def _head_features(self, features: Tensor, below: tuple[Tensor, ...], stage: str) -> Tensor:
        below += self._vectors(features, stage)
        for name in STAGES[_place(stage) + 1 :]:
            features = self._run(name, features)
            below += self._vectors(features, name)
        return torch.cat(below, 1) if self.config.head == "stages" else features

    def _vectors(self, features: Tensor, stage: str) -> tuple[Tensor, ...]:
        """A stage's maps [N, C, h, w] -> their means, scaled to length 1 [N, C, 1, 1]; none if the head has no use."""
        if self.config.head != "stages" or stage not in HEAD_STAGES:
            return ()
        return (functional.normalize(self.avgpool(features), dim=1),)

    def reset_classifier(self, classes: int, generator: torch.Generator | None = None) -> None:
        """Replace the classifier by a new linear layer [classes, head_width], initialised as nn.Linear is.

        With a `generator` (on the CPU) the weights come from it alone; the global random state does not change.
        """
        like = next(self.parameters())
        # Drawn on the CPU, so that one seed gives one classifier on every device.
        with torch.device("cpu"), torch.random.fork_rng(devices=[]):
            fc = self._linear(self.config.head_width, classes)
        bound = self.config.head_width**-0.5
        with torch.no_grad():
            fc.weight.uniform_(-bound, bound, generator=generator)
            fc.bias.uniform_(-bound, bound, generator=generator)
        self.fc = fc.to(device=like.device, dtype=like.dtype)

    def _run(self, stage: str, x: Tensor) -> Tensor:
        if stage == "stem":
            return self.maxpool(self.relu(self.bn1(self.conv1(x))))
        return self.get_submodule(stage)(x)


def build(arch: str, classes: int = 1000) -> ResNet:
    """Return a named architecture with random weights; raises UnknownArchitecture."""
    return ResNet(config_of(arch), classes)


def _pooling(factory: LayerFactory) -> nn.Module:
    """Return the stem's pooling: [N, C, H, W] -> [N, C, H/2, W/2]. torch pads with minus infinity."""
    if not factory.config.preactivation:
        return factory.layers.MaxPool2d(kernel_size=3, stride=2, padding=1)
    # Keras pads with zeros. After a ReLU that makes no difference, but here values can still be negative.
    return factory.layers.Sequential(factory.layers.ZeroPad2d(1), factory.layers.MaxPool2d(kernel_size=3, stride=2))


def _make_layer(factory: LayerFactory, stage: int, inputs: int) -> nn.Sequential:
    """Return the blocks of a stage, counted from 0; [N, inputs, H, W] -> [N, width 2^stage expansion, ...]."""
    config = factory.config
    width = config.width * 2**stage
    outputs = width * config.expansion
    count = config.layers[stage]
    if config.preactivation:
        block: type[nn.Module] = PreActivation
        strides = [1] * (count - 1) + [1 if stage == 3 else 2]
    else:
        block = Bottleneck if config.block == "bottleneck" else BasicBlock
        strides = [1 if stage == 0 else 2] + [1] * (count - 1)
    blocks = []
    for stride in strides[:count]:
        reshapes = inputs != outputs or (stride != 1 and not config.preactivation)
        downsample = factory.projection(inputs, outputs, stride) if config.skip and reshapes else None
        blocks.append(block(factory, inputs, width, stride, downsample))
        inputs = outputs
    return factory.layers.Sequential(*blocks)


def _place(stage: str) -> int:
    if stage not in STAGES:
        raise ModelError(f"The network has no stage {stage!r}. Choose one of: {', '.join(STAGES)}.")
    return STAGES.index(stage)
