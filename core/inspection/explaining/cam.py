"""Class activation maps: heatmaps of where in an image a network sees evidence for a class.

The methods come from the grad-cam package. It receives a small module whose input is the feature maps of the chosen
stage, not the network itself. So the earlier stages run once, without gradients. The package changes modes, clears
gradients and adds hooks; this way it never touches a network that other threads may be using.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from PIL import Image
from pytorch_grad_cam import EigenCAM, GradCAM, GradCAMPlusPlus, HiResCAM, LayerCAM, ScoreCAM, XGradCAM
from pytorch_grad_cam.base_cam import BaseCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import Tensor, nn
from torch.nn.functional import interpolate

from core.data.pictures.box import Box
from core.data.pictures.crop_geometry import corners_of
from core.errors import ModelError
from core.inspection.explaining.explanation import THE_BOX, Explanation, overlay, side_by_side
from core.inspection.explaining.methods import BOX, METHODS, STAGES, Target
from core.inspection.measuring.overlap import ious
from core.inspection.predicting.draw_boxes import Corners
from core.models.heads import Localizer

if TYPE_CHECKING:
    from core.inspection.predicting.predictor import Predictor
    from core.models.resnet import ResNet

__all__ = ["BOX", "METHODS", "STAGES", "Explanation", "explain", "heatmap_of", "overlay", "side_by_side"]

SCORE_CHANNELS = 128
SCORE_BATCH = 16

LEAST_MAP = 4
"""Feature maps of fewer rows or columns cannot show a place: an earlier stage is used instead."""


class Heatmap(NamedTuple):
    """A heatmap [H, W], float32 from 0 to 1, with the scores [classes] of the same forward pass.

    ``stage`` is the stage whose feature maps were used, and ``size`` their height and width. ``asked_size`` is the size
    at the requested stage: below LEAST_MAP, an earlier stage replaced it.
    """

    values: np.ndarray
    scores: np.ndarray
    stage: str
    size: tuple[int, int]
    asked_size: tuple[int, int]


class _Tail(nn.Module):
    """The network from a stage's feature maps to the logits, in the form the package expects.

    With ``of_box`` the output is a single score instead: the strength of the evidence for the box.
    """

    def __init__(self, network: "ResNet", stage: str, device: torch.device, of_box: bool = False) -> None:
        super().__init__()
        self.watched = nn.Identity()
        # The package reads the device from the model's first parameter.
        self.device = nn.Parameter(torch.empty(0, device=device), requires_grad=False)
        # In a function, so that the network does not become a submodule and the package cannot reach it.
        forward_from: Callable[[Tensor, str], Tensor] = network.forward_from
        if of_box and isinstance(network, Localizer):
            forward_from = network.strength_from
        self.rest: Callable[[Tensor], Tensor] = lambda features: forward_from(features, stage)
        self.whole: Callable[[Tensor], Tensor] = lambda pictures: forward_from(
            network.forward_to(pictures, STAGES[-1]), STAGES[-1]
        )

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

    def __init__(self, tail: _Tail, picture: Tensor, channels: int = SCORE_CHANNELS) -> None:
        super().__init__(tail, [tail.watched])
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


@contextmanager
def _evaluation_mode(network: nn.Module) -> Iterator[None]:
    """Evaluation mode and no parameter gradients inside the block; everything is restored, also after an error.

    A network already in this state, such as a Predictor's, is not modified, so that threads do not interfere.
    """
    training = [module for module in network.modules() if module.training]
    trainable = [parameter for parameter in network.parameters() if parameter.requires_grad]
    try:
        for module in training:
            module.training = False
        for parameter in trainable:
            parameter.requires_grad_(False)
        yield
    finally:
        for module in training:
            module.training = True
        for parameter in trainable:
            parameter.requires_grad_(True)


def heatmap_of(
    network: "ResNet",
    picture: Tensor,
    *,
    method: str = "gradcam",
    stage: str = "layer4",
    target: int | Target | None = None,
) -> Heatmap:
    """Return the heatmap and the logits of one normalised image [1, 3, H, W].

    The heatmap is the positive part of the method's map, divided by its peak. ``target`` is the index of a class; None
    is the predicted class. With BOX the heatmap shows the evidence for a Localizer's box, and its score replaces the
    logits. A heatmap of zeros means no evidence for the target. If the stage's feature maps are smaller than LEAST_MAP
    on a side, the latest earlier stage that is large enough is used; layer1 if none is.
    Raises ModelError for an unknown method or stage, a network without a box, or a heatmap that is not finite.
    """
    if target is BOX and not isinstance(network, Localizer):
        raise ModelError("This model predicts no box, so a box cannot be explained. Choose a class.")
    if method not in METHODS:
        raise ModelError(f"There is no heatmap method {method!r}. Choose one of: {', '.join(METHODS)}.")
    if stage not in STAGES:
        raise ModelError(f"The network has no stage {stage!r}. Choose one of: {', '.join(STAGES)}.")
    with _evaluation_mode(network), torch.inference_mode(False):
        features, stage, asked_size = _detailed_features(network, picture, stage)
        tail = _Tail(network, stage, picture.device, of_box=target is BOX)
        cam = _BoundedScoreCAM(tail, picture) if method == "scorecam" else _SIMPLE[method](tail, [tail.watched])
        # Not `with cam`: the package's __exit__ swallows an IndexError raised inside.
        try:
            targets = None if target is None else [ClassifierOutputTarget(0 if target is BOX else target)]
            with torch.set_grad_enabled(METHODS[method].needs_gradients):
                coarse = cam(features.detach().requires_grad_(METHODS[method].needs_gradients), targets)  # [1, h, w]
            scores = cam.outputs.detach().float().cpu().numpy()[0]
        finally:
            cam.activations_and_grads.release()
    if not np.isfinite(coarse).all():
        raise ModelError(
            f"{METHODS[method].label} at {stage} gave a heatmap with infinite or undefined values for this image. "
            "Try another method."
        )
    values = _fitted(coarse, picture.shape[-2], picture.shape[-1])
    return Heatmap(values, scores, stage, _size_of(features), asked_size)


def _size_of(features: Tensor) -> tuple[int, int]:
    return features.shape[-2], features.shape[-1]


@torch.no_grad()
def _detailed_features(network: "ResNet", picture: Tensor, stage: str) -> tuple[Tensor, str, tuple[int, int]]:
    """Return feature maps [1, C, h, w], the stage they are from, and their size at the stage that was asked for."""
    features = network.forward_to(picture, stage)
    asked_size = _size_of(features)
    for earlier in reversed(STAGES[: STAGES.index(stage)]):
        if min(_size_of(features)) >= LEAST_MAP:
            break
        features, stage = network.forward_to(picture, earlier), earlier
    return features, stage, asked_size


def _fitted(coarse: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize a heatmap [1, h, w] without negative values to the image and scale its peak to 1; zeros stay zeros."""
    heatmap = interpolate(
        torch.from_numpy(np.ascontiguousarray(coarse, dtype=np.float32))[None], (height, width), mode="bilinear"
    )[0, 0]
    peak = heatmap.max()
    return (heatmap / peak if peak > 0 else heatmap).numpy()


def explain(
    predictor: "Predictor",
    image: Image.Image,
    *,
    method: str = "gradcam",
    stage: str = "layer4",
    target: str | int | Target | None = None,
    true_box: Box | None = None,
) -> Explanation:
    """Explain where the model saw evidence for ``target``, a class by name or index; None is the predicted class.

    For localization, the explanation also has the predicted box, and ``true_box`` (in pixels of the image) if known.
    The target can then be BOX; this is the default with a single class, whose score is not trained because there is
    nothing to distinguish it from. Raises ModelError for an unknown class, method or stage.
    """
    started = time.perf_counter()
    located = predictor.task == "localization"
    if target is None and located and len(predictor.classes) == 1:
        target = BOX
    wanted = target if target is None or isinstance(target, Target) else predictor.index_of(target)
    view = predictor.view(image)
    outputs = predictor.outputs_of_views([view])[0] if located else None
    box = predictor.box_in(outputs, image.size) if outputs is not None else None
    with predictor.lock:
        heatmap = heatmap_of(
            predictor.network, predictor.batch_of_views([view]), method=method, stage=stage, target=wanted
        )
    logits = heatmap.scores if outputs is None else predictor.logits_of(outputs[None])[0]
    probabilities = predictor.softmax(logits[None])[0]
    index = int(logits.argmax()) if wanted is None else None if isinstance(wanted, Target) else wanted
    return Explanation(
        heatmap=heatmap.values,
        view=view,
        sharp=predictor.sharp_view(image),
        target=THE_BOX if index is None else predictor.classes[index],
        target_index=index,
        probability=None if index is None else float(probabilities[index]),
        prediction=predictor.ranked(probabilities, box=box),
        method=method,
        stage=heatmap.stage,
        too_coarse=None if heatmap.stage == stage else (stage, *heatmap.asked_size),
        seconds=time.perf_counter() - started,
        corners=_on_view(predictor, box, image.size),
        true_corners=_on_view(predictor, true_box, image.size),
        iou=float(ious([box], [true_box])[0]) if box and true_box else None,
    )


def _on_view(predictor: "Predictor", box: Box | None, size: tuple[int, int]) -> Corners | None:
    """Convert a box in pixels of an image of that size to shares of the image's view."""
    if box is None:
        return None
    side = predictor.preprocessing.size
    left, top, right, bottom = corners_of(predictor.preprocessing.view_placement(*size).there(box))
    return left / side, top / side, right / side, bottom / side
