"""Weights with everything that is needed to use them. Does not import torch."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Pretrained:
    """Weights with everything that is needed to use them."""

    arch: str
    """The architecture that they need: ``resnet50-v1`` if resnet50 was asked for and npm delivered it."""
    state: "dict[str, Tensor]"
    """A complete state dict, float32 on the CPU."""
    classes: tuple[str, ...]
    """Empty if the state dict has no classifier."""
    preprocessing: dict[str, Any]
    origin: dict[str, str]
    """``source``, ``name``, ``address``, ``sha256`` (or ``md5``), ``licence``, ``top1`` and ``top1_from``."""
    named: bool = True
    """Whether the classes are known; False for a file that does not name them, whose names here are a guess."""
    notes: tuple[str, ...] = ()
    """Sentences on what was taken of a user's own file, and what was left out."""


def imagenet_classes() -> list[str]:
    """Return ImageNet's 1000 class names in the order of the logits."""
    from torchvision.models import ResNet50_Weights

    return list(ResNet50_Weights.IMAGENET1K_V1.meta["categories"])
