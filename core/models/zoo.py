"""The architectures by name: which block, how many of them, and where a bottleneck strides. Free of torch."""

from dataclasses import dataclass
from typing import Literal

from core.errors import UnknownArchitecture


@dataclass(frozen=True)
class ResNetConfig:
    """What tells one residual network from another (He et al. 2015, arXiv 1512.03385, table 1)."""

    block: Literal["basic", "bottleneck"]
    """Basic: two 3x3 convolutions. Bottleneck: 1x1, 3x3, 1x1, with four times as many channels coming out."""
    layers: tuple[int, int, int, int]
    """Blocks in each of the four stages."""
    stride_in: Literal["3x3", "1x1"] = "3x3"
    """Which convolution of a bottleneck halves the picture: the 3x3 (v1.5, torchvision) or the first 1x1 (v1)."""
    width: int = 64
    """Channels of the stem; the stages have 1, 2, 4 and 8 times as many inside their blocks."""

    @property
    def expansion(self) -> int:
        """Channels that leave a block, as a multiple of those inside it."""
        return 4 if self.block == "bottleneck" else 1

    @property
    def feature_width(self) -> int:
        """Channels that the last stage hands to the classifier."""
        return self.width * 8 * self.expansion


ARCHITECTURES: dict[str, ResNetConfig] = {
    "resnet18": ResNetConfig("basic", (2, 2, 2, 2)),
    "resnet34": ResNetConfig("basic", (3, 4, 6, 3)),
    "resnet50": ResNetConfig("bottleneck", (3, 4, 6, 3)),
    "resnet101": ResNetConfig("bottleneck", (3, 4, 23, 3)),
    "resnet152": ResNetConfig("bottleneck", (3, 8, 36, 3)),
    # The original placement of the stride: the same parameters, other numbers; see `stride_in`.
    "resnet50-v1": ResNetConfig("bottleneck", (3, 4, 6, 3), stride_in="1x1"),
    "resnet101-v1": ResNetConfig("bottleneck", (3, 4, 23, 3), stride_in="1x1"),
    "resnet152-v1": ResNetConfig("bottleneck", (3, 8, 36, 3), stride_in="1x1"),
}


def config_of(arch: str) -> ResNetConfig:
    """The configuration of a named architecture; raises UnknownArchitecture, which lists the known names."""
    try:
        return ARCHITECTURES[arch]
    except KeyError:
        raise UnknownArchitecture(
            f"No architecture is called {arch!r}. Choose one of: {', '.join(ARCHITECTURES)}."
        ) from None
