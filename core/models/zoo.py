"""The architectures by name: their block, the number of blocks, and other settings. Does not import torch.

Options may follow a name: ``resnet18+small-stem`` or ``resnet50+small-stem+plain``. The name is enough to build the
network again, so recipes and bundles store only the name. ``resnet50+stages`` has a head that takes the vectors of
several stages; solving a head makes it, recipes do not.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

from core.errors import ModelError, UnknownArchitecture

STAGES = ("stem", "layer1", "layer2", "layer3", "layer4")
"""The parts of every network, from the picture to the last feature maps."""
POOLED = "pooled"
"""The means of the last feature maps: a picture's feature vector."""
HEAD_STAGES = ("layer2", "layer3", "layer4")
"""The stages of which a head on several stages takes the means, each vector scaled to length 1, side by side."""
STAGE_VECTORS = tuple(POOLED if stage == STAGES[-1] else f"{POOLED}-{stage}" for stage in HEAD_STAGES)
"""The outputs of an engine that such a head takes, in this order."""


@dataclass(frozen=True)
class ResNetConfig:
    """The settings of a residual network (He et al. 2015, arXiv 1512.03385, table 1)."""

    block: Literal["basic", "bottleneck"]
    """Basic: two 3x3 convolutions. Bottleneck: 1x1, 3x3, 1x1, with four times as many output channels."""
    layers: tuple[int, int, int, int]
    """Blocks in each of the four stages. 0 omits a stage, as in the paper's networks for 32-pixel pictures."""
    stride_in: Literal["3x3", "1x1"] = "3x3"
    """Which convolution of a bottleneck halves the picture: the 3x3 (v1.5, torchvision) or the first 1x1 (v1)."""
    width: int = 64
    """Channels of the stem; the blocks of the four stages have 1, 2, 4 and 8 times as many."""
    groups: int = 1
    """Groups of a bottleneck's 3x3 convolution (ResNeXt's cardinality; Xie et al. 2017, arXiv 1611.05431)."""
    width_per_group: int = 64
    """Channels of each group in the first stage; more than 64 in one group is a wide network (arXiv 1605.07146)."""
    squeeze: bool = False
    """Whether each block ends with squeeze-and-excitation (Hu et al. 2018, arXiv 1709.01507)."""
    preactivation: bool = False
    """V2: norm and ReLU before each convolution (He et al. 2016, arXiv 1603.05027), as in Keras: the stem has no norm,
    the last block of a stage strides instead of the first, and layer4 ends with a norm and a ReLU."""
    stem: Literal["imagenet", "small"] = "imagenet"
    """A 7x7 convolution and a pooling that divide the side by 4; or, for pictures under about 96 pixels, a 3x3
    convolution that keeps the size."""
    skip: bool = True
    """Whether blocks add their input to their output. False gives the plain network of the same shape, without skip
    connections and projections."""
    conv_bias: bool = False
    """Whether a convolution has a bias although the norm after it has one. Without a norm it always has a bias."""
    norm_eps: float = 1e-5
    """The epsilon that BatchNorm adds to the variance."""
    head: Literal["last", "stages"] = "last"
    """Whether the classifier takes the means of the last stage, or those of HEAD_STAGES (the cheap form of Head2Toe,
    Evci et al. 2022, arXiv 2201.03529)."""

    def __post_init__(self) -> None:
        if self.block == "basic" and (self.preactivation or self.groups > 1 or self.width_per_group != 64):
            raise ValueError("groups, their width and pre-activation are defined for bottlenecks")

    @property
    def expansion(self) -> int:
        """Output channels of a block, as a multiple of those inside it."""
        return 4 if self.block == "bottleneck" else 1

    @property
    def feature_width(self) -> int:
        """Channels of the last feature maps."""
        return self.width_of(STAGES[-1])

    @property
    def head_width(self) -> int:
        """Numbers that the classifier gets."""
        return sum(map(self.width_of, HEAD_STAGES)) if self.head == "stages" else self.feature_width

    def width_of(self, stage: str) -> int:
        """Return the channels of a stage's feature maps; a stage without blocks passes on those before it."""
        with_blocks = (number for number, blocks in enumerate(self.layers[: STAGES.index(stage)]) if blocks)
        last = max(with_blocks, default=None)
        return self.width if last is None else self.width * 2**last * self.expansion


_50, _101, _152 = (3, 4, 6, 3), (3, 4, 23, 3), (3, 8, 36, 3)

ARCHITECTURES: dict[str, ResNetConfig] = {
    "resnet18": ResNetConfig("basic", (2, 2, 2, 2)),
    "resnet34": ResNetConfig("basic", (3, 4, 6, 3)),
    "resnet50": ResNetConfig("bottleneck", _50),
    "resnet101": ResNetConfig("bottleneck", _101),
    "resnet152": ResNetConfig("bottleneck", _152),
    # The original placement of the stride: the same parameters, different outputs; see `stride_in`.
    "resnet50-v1": ResNetConfig("bottleneck", _50, stride_in="1x1"),
    "resnet101-v1": ResNetConfig("bottleneck", _101, stride_in="1x1"),
    "resnet152-v1": ResNetConfig("bottleneck", _152, stride_in="1x1"),
    "resnext50-32x4d": ResNetConfig("bottleneck", _50, groups=32, width_per_group=4),
    "resnext101-32x8d": ResNetConfig("bottleneck", _101, groups=32, width_per_group=8),
    "wide-resnet50-2": ResNetConfig("bottleneck", _50, width_per_group=128),
    "seresnet50": ResNetConfig("bottleneck", _50, squeeze=True),
    "seresnet101": ResNetConfig("bottleneck", _101, squeeze=True),
    "seresnet152": ResNetConfig("bottleneck", _152, squeeze=True),
    "keras-resnet50": ResNetConfig("bottleneck", _50, stride_in="1x1", conv_bias=True, norm_eps=1.001e-5),
    "keras-resnet101": ResNetConfig("bottleneck", _101, stride_in="1x1", conv_bias=True, norm_eps=1.001e-5),
    "keras-resnet152": ResNetConfig("bottleneck", _152, stride_in="1x1", conv_bias=True, norm_eps=1.001e-5),
    "keras-resnet50v2": ResNetConfig("bottleneck", _50, preactivation=True, norm_eps=1.001e-5),
    "keras-resnet101v2": ResNetConfig("bottleneck", _101, preactivation=True, norm_eps=1.001e-5),
    "keras-resnet152v2": ResNetConfig("bottleneck", _152, preactivation=True, norm_eps=1.001e-5),
}

OPTIONS: dict[str, dict[str, Any]] = {
    "small-stem": {"stem": "small"},
    "plain": {"skip": False},
    "conv-bias": {"conv_bias": True},
}
"""The options that may follow a name after a plus, and the fields that they change."""
_STAGES_HEAD = "stages"
_ALL_OPTIONS = {**OPTIONS, _STAGES_HEAD: {"head": "stages"}}


def config_of(arch: str) -> ResNetConfig:
    """Return the configuration of a name with its options; UnknownArchitecture lists the known names."""
    name, *options = arch.split("+")
    if name not in ARCHITECTURES:
        raise UnknownArchitecture(f"There is no architecture {name!r}. Choose one of: {', '.join(ARCHITECTURES)}.")
    config = ARCHITECTURES[name]
    for option in options:
        if option not in _ALL_OPTIONS or options.count(option) > 1:
            twice = option in _ALL_OPTIONS
            raise UnknownArchitecture(
                f"{arch!r} has the option {option!r}, which is {'given twice' if twice else 'not known'}. "
                f"Options for {name}, each at most once: {', '.join(f'+{known}' for known in OPTIONS)}."
            )
        config = replace(config, **_ALL_OPTIONS[option])
    return config


def with_stages_head(arch: str) -> str:
    """Return the architecture with a head on several stages."""
    return f"{with_plain_head(arch)}+{_STAGES_HEAD}"


def with_plain_head(arch: str) -> str:
    """Return the architecture with a head on the last stage alone."""
    return "+".join(part for part in arch.split("+") if part != _STAGES_HEAD)


def same_layers(one: str, other: str) -> bool:
    """Return whether two architectures differ at most in the place of the stride (v1) and in their head."""
    first, second = (with_plain_head(arch).removesuffix("-v1") for arch in (one, other))
    return first == second


def stage_of(output: str) -> str:
    """Return the stage whose maps an output is made of; raises ModelError if there is no such output."""
    stage = STAGES[-1] if output == POOLED else output.removeprefix(f"{POOLED}-")
    if stage not in STAGES:
        known = ", ".join((POOLED, *STAGES))
        raise ModelError(f"The network has no output {output!r}. Choose one of: {known}, or pooled- and a stage.")
    return stage


_FAMILY_NAMES = {
    "keras-resnet": "Keras ResNet",
    "wide-resnet": "Wide ResNet-",
    "seresnet": "SE-ResNet-",
    "resnext": "ResNeXt-",
    "resnet": "ResNet-",
}
"""The usual spelling of the start of an architecture's name; longer starts first."""


def network_name(arch: str) -> str:
    """Return the usual spelling of an architecture, whatever its head: "ResNet-50 v1" for ``resnet50-v1+stages``."""
    arch = with_plain_head(arch)
    start = next((start for start in _FAMILY_NAMES if arch.startswith(start)), "")
    rest = arch.removeprefix(start)
    rest = rest.replace("v2", "V2") if start.startswith("keras") else rest.replace("-v1", " v1").replace("-32x", " 32x")
    return _FAMILY_NAMES.get(start, "") + rest
