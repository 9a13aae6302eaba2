"""Class activation maps: heatmaps of where in an image a network sees evidence for a class.

The methods come from the grad-cam package. It receives a small module whose input is the feature maps of the chosen
stage, not the network itself. So the earlier stages run once, without gradients. The package changes modes, clears
gradients and adds hooks; this way it never touches a network that other threads may be using.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from PIL import Image
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import Tensor, nn
from torch.nn.functional import interpolate

from core.data.pictures.box import Box
from core.data.pictures.crop_geometry import corners_of
from core.errors import ModelError
from core.inspection.explaining.cam_methods import Tail, method_named
from core.inspection.explaining.exactness import Exactness, exactness_of
from core.inspection.explaining.explanation import THE_BOX, Explanation, overlay, side_by_side
from core.inspection.explaining.methods import BOX, METHODS, STAGES, Target
from core.inspection.measuring.overlap import ious
from core.inspection.predicting.draw_boxes import Corners
from core.models.heads import Localizer
from core.progress import CountCallback

if TYPE_CHECKING:
    from core.inspection.predicting.predictor import Predictor
    from core.models.resnet import ResNet

__all__ = ["BOX", "METHODS", "STAGES", "Explanation", "explain", "heatmap_of", "overlay", "side_by_side"]

LEAST_MAP = 4
"""Feature maps of fewer rows or columns cannot show a place: an earlier stage is used instead."""


class Heatmap(NamedTuple):
    """A heatmap [H, W], float32 from 0 to 1, with the scores [classes] of the same forward pass.

    ``stage`` is the stage whose feature maps were used, and ``size`` their height and width. ``asked_size`` is the size
    at the requested stage: below LEAST_MAP, an earlier stage replaced it. ``exactness`` says whether the values are
    what the places add to the score.
    """

    values: np.ndarray
    scores: np.ndarray
    stage: str
    size: tuple[int, int]
    asked_size: tuple[int, int]
    exactness: Exactness


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
    progress: CountCallback | None = None,
) -> Heatmap:
    """Return the heatmap and the logits of one normalised image [1, 3, H, W].

    The heatmap is the positive part of the method's map, divided by its peak. ``target`` is the index of a class; None
    is the predicted class. With BOX the heatmap shows the evidence for a Localizer's box, and its score replaces the
    logits. A heatmap of zeros means no evidence for the target. If the stage's feature maps are smaller than LEAST_MAP
    on a side, the latest earlier stage that is large enough is used; layer1 if none is. ``progress`` is called by
    Score-CAM, with the number of feature maps that are done.
    Raises ModelError for an unknown method or stage, a network without a box, or a heatmap that is not finite.
    """
    if target is BOX and not isinstance(network, Localizer):
        raise ModelError("This model predicts no box, so a box cannot be explained. Choose a class.")
    if method not in METHODS:
        raise ModelError(f"There is no heatmap method {method!r}. Choose one of: {', '.join(METHODS)}.")
    if stage not in STAGES:
        raise ModelError(f"The network has no stage {stage!r}. Choose one of: {', '.join(STAGES)}.")
    with _evaluation_mode(network), torch.inference_mode(False):
        features, below, stage, asked_size = _detailed_features(network, picture, stage)
        tail = Tail(network, stage, picture.device, below, of_box=target is BOX)
        cam = method_named(method, tail, picture, progress)
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
    of_box = isinstance(target, Target)
    index = int(scores.argmax()) if target is None or isinstance(target, Target) else target
    exactness = exactness_of(
        network, features, stage=stage, method=method, target=index, logit=float(scores[index]), of_box=of_box
    )
    return Heatmap(values, scores, stage, _size_of(features), asked_size, exactness)


def _size_of(features: Tensor) -> tuple[int, int]:
    return features.shape[-2], features.shape[-1]


@torch.no_grad()
def _detailed_features(
    network: "ResNet", picture: Tensor, stage: str
) -> tuple[Tensor, tuple[Tensor, ...], str, tuple[int, int]]:
    """Return feature maps [1, C, h, w], what else the head takes, the maps' stage, and the size at the stage asked for.

    What is below the stage counts as constant: the heatmap shows the evidence that goes through the stage.
    """
    features, below = network.forward_split(picture, stage)
    asked_size = _size_of(features)
    for earlier in reversed(STAGES[: STAGES.index(stage)]):
        if min(_size_of(features)) >= LEAST_MAP:
            break
        (features, below), stage = network.forward_split(picture, earlier), earlier
    return features, below, stage, asked_size


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
    progress: CountCallback | None = None,
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
    has_threshold = predictor.decision is not None and predictor.decision.threshold is not None
    outputs, foreign = None, None
    if located or predictor.foreign_score is not None or (wanted is None and has_threshold):
        outputs, foreign = predictor.single_outputs(predictor.batch_of_views([view]))
        if wanted is None:
            wanted = int(predictor.decided(predictor.logits_of(outputs)).chosen[0])
    box = predictor.box_in(outputs[0], image.size) if outputs is not None else None
    with predictor.lock:
        heatmap = heatmap_of(
            predictor.network,
            predictor.batch_of_views([view]),
            method=method,
            stage=stage,
            target=wanted,
            progress=progress,
        )
    logits = heatmap.scores[None] if outputs is None else predictor.logits_of(outputs)
    found = predictor.decided(logits)
    index = int(found.chosen[0]) if wanted is None else None if isinstance(wanted, Target) else wanted
    return Explanation(
        heatmap=heatmap.values,
        view=view,
        sharp=predictor.sharp_view(image),
        target=THE_BOX if index is None else predictor.classes[index],
        target_index=index,
        probability=None if index is None else float(found.probabilities[0, index]),
        prediction=predictor.predictions_of_logits(logits, [box], foreign)[0],
        method=method,
        stage=heatmap.stage,
        too_coarse=None if heatmap.stage == stage else (stage, *heatmap.asked_size),
        seconds=time.perf_counter() - started,
        corners=_on_view(predictor, box, image.size),
        true_corners=_on_view(predictor, true_box, image.size),
        exactness=heatmap.exactness,
        averaged_views=predictor.test_time_views,
        iou=float(ious([box], [true_box])[0]) if box and true_box else None,
    )


def _on_view(predictor: "Predictor", box: Box | None, size: tuple[int, int]) -> Corners | None:
    """Convert a box in pixels of an image of that size to shares of the image's view."""
    if box is None:
        return None
    side = predictor.preprocessing.size
    left, top, right, bottom = corners_of(predictor.preprocessing.view_placement(*size).there(box))
    return left / side, top / side, right / side, bottom / side
