"""The heads of a residual network, one for each task: classes, or classes and the box of one object.

The outputs of a network for its task are one tensor: [N, classes] for classification and [N, classes + 4] for
localization.
"""

from types import ModuleType
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from core.models.resnet import STAGES, ResNet
from core.models.zoo import ResNetConfig, config_of

SIDES = 4
"""A box is left, top, right and bottom, as fractions of the square input picture."""

_NECK = 128
"""Channels between the feature maps and the votes."""

# An untrained head predicts a box of half the width and height, in the centre.
_QUARTER = -1.26  # softplus of it is a quarter


class BoxHead(nn.Module):
    """The last feature maps [N, C, h, w] -> the object's box [N, 4].

    Each position of the map predicts its distances to the four edges (as in FCOS, Tian et al. 2019, arXiv 1904.01355)
    and the weight of its vote (a softmax over all positions); the box is the weighted mean of the votes. Positions
    share their weights, while a linear layer on flattened or pooled maps would have to learn each one separately.
    Mean IoU on 148 photos in three-fold cross-validation with a frozen trunk: pooled and linear 0.58, flattened 0.61,
    votes without the neck 0.67, with a neck of one 1 x 1 convolution 0.70, with this one 0.75.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.neck = nn.Sequential(
            *(nn.Conv2d(width, _NECK, 1, bias=False), nn.BatchNorm2d(_NECK), nn.ReLU()),
            *(nn.Conv2d(_NECK, _NECK, 3, padding=1, bias=False), nn.BatchNorm2d(_NECK), nn.ReLU()),
        )
        self.votes = nn.Conv2d(_NECK, SIDES + 1, 1)
        nn.init.zeros_(self.votes.weight)
        if self.votes.bias is not None:
            nn.init.constant_(self.votes.bias, _QUARTER)

    def strength(self, features: Tensor) -> Tensor:
        """Return the total strength of the votes [N, 1]: the logarithm of their softmax's denominator.

        A score for heatmaps of a box, which has no logit: its gradient at a position is the weight of that vote.
        """
        return self.votes(self.neck(features)).float()[:, SIDES].flatten(1).logsumexp(1, keepdim=True)

    def forward(self, features: Tensor) -> Tensor:
        votes = self.votes(self.neck(features)).float()
        rows, columns = votes.shape[2:]
        x = ((torch.arange(columns, device=votes.device) + 0.5) / columns).expand(rows, columns)
        y = ((torch.arange(rows, device=votes.device) + 0.5) / rows)[:, None].expand(rows, columns)
        left, top, right, bottom = softplus(votes[:, :SIDES]).unbind(1)
        boxes = torch.stack([x - left, y - top, x + right, y + bottom], 1)  # [N, 4, h, w]
        counts = votes[:, SIDES].flatten(1).softmax(1)  # [N, h * w]
        return (boxes.flatten(2) * counts[:, None]).sum(2)


class Localizer(ResNet):
    """A residual network with a second head for the object's box; ``forward`` returns the logits alone."""

    def __init__(self, config: ResNetConfig, classes: int = 1000, layers: ModuleType = nn) -> None:
        super().__init__(config, classes, layers)
        self.box = BoxHead(config.feature_width)

    def outputs_from(self, features: Tensor, stage: str) -> Tensor:
        """The feature maps of `stage` -> logits and box [N, classes + 4], float32."""
        features = self._last(features, stage)
        return torch.cat([self.forward_head(features).float(), self.box(features)], 1)

    def strength_from(self, features: Tensor, stage: str) -> Tensor:
        """The feature maps of `stage` -> the total strength [N, 1] of the votes for the box."""
        return self.box.strength(self._last(features, stage))

    def _last(self, features: Tensor, stage: str) -> Tensor:
        for name in STAGES[STAGES.index(stage) + 1 :]:
            features = self._run(name, features)
        return features


NETWORKS: dict[str, type[ResNet]] = {"classification": ResNet, "localization": Localizer}
"""The network of each task."""


def build_for(task: str, arch: str, classes: int) -> ResNet:
    """Return a network for a task, with random weights; raises UnknownArchitecture."""
    return NETWORKS[task](config_of(arch), classes)


def task_of(network: ResNet) -> Literal["classification", "localization"]:
    return "localization" if isinstance(network, Localizer) else "classification"


def outputs(network: ResNet, pictures: Tensor) -> Tensor:
    """Normalised pictures [N, 3, H, W] -> all outputs of the network for its task."""
    return outputs_from(network, network.forward_to(pictures, STAGES[0]), STAGES[0])


def outputs_from(network: ResNet, features: Tensor, stage: str) -> Tensor:
    """The feature maps of `stage` -> all outputs of the network for its task."""
    if isinstance(network, Localizer):
        return network.outputs_from(features, stage)
    return network.forward_from(features, stage)


def outputs_and_vectors(network: ResNet, pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Normalised pictures [N, 3, H, W] -> all outputs, and the means of the last stage's maps [N, feature_width]."""
    last = STAGES[-1]
    features, below = network.forward_split(pictures, last)
    vectors = torch.flatten(network.avgpool(features), 1)
    if isinstance(network, Localizer):
        return network.outputs_from(features, last), vectors
    return network.forward_from(features, last, below), vectors


def head_modules(network: ResNet) -> list[nn.Module]:
    """Return the modules of the head."""
    return [network.fc, network.box] if isinstance(network, Localizer) else [network.fc]
