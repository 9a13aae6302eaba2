"""The methods of the grad-cam package, without its shift and scaling of maps, and Score-CAM within bounds."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch
from pytorch_grad_cam import EigenCAM, GradCAM, GradCAMPlusPlus, HiResCAM, LayerCAM, ScoreCAM, XGradCAM
from pytorch_grad_cam.base_cam import BaseCAM
from torch import Tensor, nn
from torch.nn.functional import interpolate

from core.inspection.explaining.methods import STAGES
from core.models.heads import Localizer
from core.progress import CountCallback

if TYPE_CHECKING:
    from core.models.resnet import ResNet

SCORE_CHANNELS = 128
SCORE_BATCH = 16


class Tail(nn.Module):
    """The network from a stage's feature maps to the logits, in the form the package expects.

    With ``of_box`` the output is a single score instead: the strength of the evidence for the box.
    """

    def __init__(
        self,
        network: "ResNet",
        stage: str,
        device: torch.device,
        below: tuple[Tensor, ...] = (),
        of_box: bool = False,
    ) -> None:
        super().__init__()
        self.watched = nn.Identity()
        # The package reads the device from the model's first parameter.
        self.device = nn.Parameter(torch.empty(0, device=device), requires_grad=False)
        # In a function, so that the network does not become a submodule and the package cannot reach it.
        self.rest: Callable[[Tensor], Tensor] = lambda features: network.forward_from(features, stage, below)
        self.whole: Callable[[Tensor], Tensor] = lambda pictures: network(pictures)
        if of_box and isinstance(network, Localizer):
            strength = network.strength_from
            self.rest = lambda features: strength(features, stage)
            self.whole = lambda pictures: strength(network.forward_to(pictures, STAGES[-1]), STAGES[-1])

    def forward(self, features: Tensor) -> Tensor:
        return self.rest(self.watched(features))


class _RawMap(BaseCAM):
    """A method of the package that returns the positive part of its map [1, h, w], neither shifted nor scaled.

    The package subtracts each map's minimum. That turns a uniformly positive map into zeros ("no evidence"), and moves
    the share of the heat inside a box.
    """

    def compute_cam_per_layer(  # type: ignore[no-untyped-def]
        self, input_tensor, targets, eigen_smooth
    ) -> list[np.ndarray]:
        activations, gradients = (
            [one.cpu().numpy() for one in tensors] or [None]
            for tensors in (self.activations_and_grads.activations, self.activations_and_grads.gradients)
        )
        layer = self.target_layers[0]
        raw = self.get_cam_image(input_tensor, layer, targets, activations[0], gradients[0], eigen_smooth)
        return [np.maximum(raw, 0)]

    def aggregate_multi_layers(self, cam_per_target_layer: list[np.ndarray]) -> np.ndarray:
        return cam_per_target_layer[0]


class _GradCAM(_RawMap, GradCAM):
    """Selvaraju et al., ICCV 2017."""


class _GradCAMPlusPlus(_RawMap, GradCAMPlusPlus):
    """Chattopadhay et al., WACV 2018."""


class _XGradCAM(_RawMap, XGradCAM):
    """Fu et al., BMVC 2020."""


class _HiResCAM(_RawMap, HiResCAM):
    """Draelos and Carin, arXiv 2011.08891."""


class _LayerCAM(_RawMap, LayerCAM):
    """Jiang et al., IEEE TIP 2021."""


class _UprightEigenCAM(_RawMap, EigenCAM):
    """Eigen-CAM with a defined sign; the decomposition itself may return either of two opposite signs.

    The sign with the larger peak is used (Chung and Ying, Appl. Sci. 15, 7562, equation 13). The thin decomposition
    gives the same first component; at layer1 of ResNet-50 it takes a tenth of the full one's time.
    """

    def get_cam_image(  # type: ignore[no-untyped-def]
        self, input_tensor, target_layer, target_category, activations, grads, eigen_smooth
    ) -> np.ndarray:
        maps = []
        for channels in activations:  # [C, h, w]
            points = channels.reshape(len(channels), -1).T
            points = points - points.mean(axis=0)
            _, _, components = np.linalg.svd(points, full_matrices=False)
            projection = points @ components[0]
            if abs(projection.min()) > abs(projection.max()):
                projection = -projection
            maps.append(projection.reshape(channels.shape[1:]))
        return np.asarray(maps, dtype=np.float32)


class _BoundedScoreCAM(_RawMap, ScoreCAM):
    """Score-CAM that masks the image itself while the package sees feature maps, with bounded time and memory.

    The package's version builds all masked images together (1.2 GB for the 2048 channels of layer4) and runs each.
    This one uses at most SCORE_CHANNELS channels, those that vary most over the image, since dead or flat channels
    mask nothing. The others get weight 0.
    """

    def __init__(
        self,
        tail: Tail,
        picture: Tensor,
        channels: int = SCORE_CHANNELS,
        progress: CountCallback | None = None,
    ) -> None:
        super().__init__(tail, [tail.watched])
        self.progress = progress
        self.picture = picture
        self.whole = tail.whole
        self.channels = channels

    def get_cam_weights(  # type: ignore[no-untyped-def]
        self, input_tensor, target_layer, targets, activations, grads
    ) -> np.ndarray:
        maps = torch.from_numpy(activations[0])  # [C, h, w]
        chosen = maps.flatten(1).var(dim=1).argsort(descending=True, stable=True)[: self.channels]
        scores = []
        with torch.no_grad():
            for some in chosen.split(SCORE_BATCH):
                # align_corners as in the package's UpsamplingBilinear2d
                masks = interpolate(
                    maps[some, None].to(self.picture.device),
                    self.picture.shape[-2:],
                    mode="bilinear",
                    align_corners=True,
                )
                low, high = masks.amin((2, 3), keepdim=True), masks.amax((2, 3), keepdim=True)
                masks = (masks - low) / (high - low + 1e-8)
                outputs = self.whole(self.picture * masks)
                scores += [float(targets[0](row)) for row in outputs]
                if self.progress:
                    self.progress(len(scores), len(chosen))
        weights = np.zeros((1, len(maps)), dtype=np.float32)
        weights[0, chosen.numpy()] = torch.tensor(scores).softmax(0).numpy()
        return weights


_SIMPLE: dict[str, type[BaseCAM]] = {
    "gradcam": _GradCAM,
    "gradcam++": _GradCAMPlusPlus,
    "xgradcam": _XGradCAM,
    "hirescam": _HiResCAM,
    "layercam": _LayerCAM,
    "eigencam": _UprightEigenCAM,
}


def method_named(name: str, tail: Tail, picture: Tensor, progress: CountCallback | None = None) -> BaseCAM:
    """Return a method for the rest of a network and its input image; Score-CAM reports how many maps are done."""
    if name == "scorecam":
        return _BoundedScoreCAM(tail, picture, progress=progress)
    return _SIMPLE[name](tail, [tail.watched])
