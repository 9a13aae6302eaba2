"""The predictor: a trained model for inference, shared by evaluation, pages, command line and demo.

It always computes in fp32, so that all of them agree with each other and with the example code in an exported bundle:
with torch in channels_last, and with onnxruntime where an evaluation prepares for many photos. (bf16 would be twice as
fast on a CPU that supports it, but sometimes predicts another class.)
"""

import difflib
import threading
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from core.data.pictures.box import Box
from core.data.pictures.crop_geometry import box_of
from core.data.pictures.transforms import Preprocessing
from core.errors import ModelError
from core.exact_products import use_exact_fp32
from core.inspection.deciding.decide import Decided, decided
from core.inspection.deciding.foreign_score import ForeignScore
from core.inspection.predicting.averaged_views import averaged_logits, checked_views, variations, views_of_recipe
from core.inspection.predicting.loading import bundle_with_score, imagenet_network
from core.inspection.predicting.many_photos import Forward, forward_for_many
from core.inspection.predicting.predictions import (
    TOP,
    Prediction,
    predictions_of_decided,
    ranked,
    softmax,
    table_of,
)
from core.models.bundle import BundleInfo
from core.models.heads import outputs, outputs_and_vectors, task_of
from core.models.resnet import ResNet
from core.processors import limit_threads
from core.progress import PhaseCallback

__all__ = ["Predictor", "imagenet_network", "table_of"]

BATCH = 16
IMAGENET = "imagenet"
T = TypeVar("T")


class Predictor:
    """A network in evaluation mode with its classes and preprocessing; may be shared by threads. It owns the network.

    ``lock`` is held during every forward pass, so that threads wait for each other instead of competing for cores and
    memory.
    """

    def __init__(
        self,
        network: ResNet,
        preprocessing: Preprocessing,
        classes: Sequence[str],
        *,
        name: str,
        arch: str,
        info: BundleInfo | None = None,
        device: str | torch.device = "cpu",
        test_time_views: int = 1,
        foreign_score: ForeignScore | None = None,
    ) -> None:
        limit_threads()
        self.device = torch.device(device)
        if self.device.type == "cuda":
            use_exact_fp32()
        self.network = network.eval().requires_grad_(False).to(self.device).to(memory_format=torch.channels_last)
        self.preprocessing = preprocessing
        self.classes = tuple(classes)
        self.name = name
        self.arch = arch
        self.task = task_of(network)
        # Boxes of different views have no mean that is a good box.
        self.test_time_views = checked_views(test_time_views) if self.task == "classification" else 1
        self.info = info
        self.decision = info.decision if info else None
        self.foreign_score = foreign_score
        self.lock = threading.Lock()
        self._forward: Forward | None = None

    def use_graphics_card(self) -> None:
        """Move the network to the graphics card, if there is one and it is not there yet.

        For processes that get their card later than their model: those of a Hugging Face Space on ZeroGPU.
        """
        if self.device.type == "cpu" and torch.cuda.is_available():
            with self.lock:
                use_exact_fp32()
                self.device = torch.device("cuda")
                self.network.to(self.device)

    def prepare_for(self, photos: int) -> None:
        """Choose how outputs are computed by how many photos will come; for a predictor that nobody else uses.

        ``predicted_outputs`` and ``outputs_of_pixels`` then differ from before by rounding.
        """
        if self.device.type == "cpu":
            self._forward = forward_for_many(self.network, self.preprocessing, photos)

    @classmethod
    def load(
        cls,
        reference: str | Path,
        device: str = "auto",
        progress: PhaseCallback | None = None,
        *,
        test_time_views: int | None = None,
    ) -> "Predictor":
        """Load a bundle folder, or the pretrained network for ``"imagenet"``, downloaded if necessary.

        Predictions average as many views as the bundle's recipe says, unless ``test_time_views`` is given.
        Raises BundleError for a bad bundle, WeightsUnavailable if no source provides the weights.
        """
        foreign_score = None
        if str(reference) == IMAGENET:
            network, info = imagenet_network(progress)
            name = "ImageNet"
        else:
            folder = Path(reference)
            network, info, foreign_score = bundle_with_score(folder)
            name = folder.resolve().name
        return cls(
            network,
            Preprocessing.model_validate(info.preprocessing),
            info.classes,
            name=name,
            arch=info.arch,
            info=info,
            device=chosen_device(device),
            test_time_views=views_of_recipe(info.recipe) if test_time_views is None else test_time_views,
            foreign_score=foreign_score,
        )

    @property
    def version(self) -> str:
        """Says all that an answer depends on besides the name: when the model was made, and its decision."""
        if self.info is None:
            return ""
        return f"{self.info.created} {self.decision.model_dump_json() if self.decision else ''}".strip()

    def view(self, image: Image.Image) -> Image.Image:
        """Return the network's square input image for an image."""
        return self.preprocessing.view(image)

    def sharp_view(self, image: Image.Image, most: float = 3) -> Image.Image:
        """Return the same part of the image at up to ``most`` times the view's size, if the image has enough pixels."""
        seen = self.preprocessing
        scale = min(most, min(image.size) / (seen.resize if seen.mode == "crop" else seen.size))
        if scale <= 1:
            return self.view(image)
        larger = {"size": round(seen.size * scale), "resize": round(seen.resize * scale)}
        return seen.model_copy(update=larger).view(image)

    def batch_of_views(self, views: Sequence[Image.Image]) -> Tensor:
        """Return views as the network's input: float32 [N, 3, size, size] on its device, in channels_last."""
        return self._batch(_pixels(views))

    def logits(self, images: Iterable[Image.Image]) -> np.ndarray:
        """Return the logits [N, classes] as float32; a generator of images is never held in memory as a whole."""
        parts = [self.predicted_outputs(_pixels(views)) for views in batched(map(self.view, images), BATCH)]
        return self.logits_of(np.concatenate(parts)) if parts else np.empty((0, len(self.classes)), np.float32)

    def outputs_of_views(self, views: Sequence[Image.Image]) -> np.ndarray:
        """Return the network's outputs for one batch of views, float32 [N, classes (+ 4)].

        For localization, the last four are the box in the form that ``box_in`` expects.
        """
        return self._run(self.batch_of_views(views))

    def outputs_of_pixels(self, pixels: Tensor) -> np.ndarray:
        """Return the network's outputs for one batch of views given as uint8 [N, 3, size, size]."""
        if self._forward is not None:
            with self.lock:
                return self._forward(pixels)
        return self._run(self._batch(pixels))

    def predicted_outputs(self, pixels: Tensor) -> np.ndarray:
        """Return the outputs that predictions follow, for one batch of views given as uint8 [N, 3, size, size].

        With test-time views these are logits whose softmax is the mean of the probabilities of all of them.
        """
        if self.test_time_views == 1:
            return self.outputs_of_pixels(pixels)
        return averaged_logits([self.outputs_of_pixels(seen) for seen in variations(pixels, self.test_time_views)])

    def outputs_and_foreign(self, pixels: Tensor) -> tuple[np.ndarray, np.ndarray | None]:
        """Return ``predicted_outputs`` and the scores [N] for "none of these"; None if the model has no such score.

        The score is of the first view alone: the vectors that it compares with are too.
        """
        if self.foreign_score is None:
            return self.predicted_outputs(pixels), None
        computed, foreign = self.single_outputs(self._batch(pixels))
        if self.test_time_views == 1:
            return computed, foreign
        others = islice(variations(pixels, self.test_time_views), 1, None)
        return averaged_logits([computed, *(self.outputs_of_pixels(seen) for seen in others)]), foreign

    def single_outputs(self, batch: Tensor) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the outputs and the scores for "none of these" [N] of one batch of views, each as it is."""
        if self.foreign_score is None:
            return self._run(batch), None
        with self.lock, torch.inference_mode():
            computed, vectors = (one.float().cpu().numpy() for one in outputs_and_vectors(self.network, batch))
        return computed, self.foreign_score.scores(vectors)

    def vectors_of_pixels(self, pixels: Tensor) -> np.ndarray:
        """Return the means of the last stage's maps [N, D] for one batch of views, uint8 [N, 3, size, size]."""
        batch = self._batch(pixels)
        with self.lock, torch.inference_mode():
            return outputs_and_vectors(self.network, batch)[1].float().cpu().numpy()

    def decided(self, logits: np.ndarray, foreign: np.ndarray | None = None) -> Decided:
        """Return the answers that the model's decision gives to logits [N, classes]."""
        return decided(logits, self.decision, self.classes, foreign)

    def logits_of(self, outputs: np.ndarray) -> np.ndarray:
        """Return the logits [N, classes] from the outputs."""
        return outputs[:, : len(self.classes)]

    def box_in(self, outputs: np.ndarray, size: tuple[int, int]) -> Box | None:
        """Return the box from one image's outputs, in pixels of an image of that size; None without localization."""
        if self.task != "localization":
            return None
        seen = self.preprocessing
        corners = outputs[len(self.classes) :].astype(np.float64) * seen.size
        return seen.view_placement(*size).back(box_of(*map(float, corners)))

    def probabilities(self, images: Iterable[Image.Image]) -> np.ndarray:
        """Return the class probabilities [N, classes], calibrated if the model's decision says so."""
        return self.decided(self.logits(images)).probabilities

    def probabilities_of_views(self, views: Sequence[Image.Image]) -> np.ndarray:
        """Return the class probabilities [N, classes] for one batch of views, each as it is."""
        return self.decided(self.logits_of(self.outputs_of_views(views))).probabilities

    def predict(self, images: Iterable[Image.Image], top: int = TOP) -> list[Prediction]:
        """Return the likeliest classes of each image, and the box for localization."""
        found: list[Prediction] = []
        for some in batched(images, BATCH):
            views, sizes = [self.view(image) for image in some], [image.size for image in some]
            found += self.predictions_of_views(views, sizes, top)
        return found

    def predictions_of_views(
        self, views: Sequence[Image.Image], sizes: Sequence[tuple[int, int]], top: int = TOP
    ) -> list[Prediction]:
        """Return predictions for one batch of views of images with those sizes."""
        if not views:
            return []
        computed, foreign = self.outputs_and_foreign(_pixels(views))
        boxes = [self.box_in(one, size) for one, size in zip(computed, sizes, strict=True)]
        return self.predictions_of_logits(self.logits_of(computed), boxes, foreign, top)

    def predictions_of_logits(
        self, logits: np.ndarray, boxes: Sequence[Box | None], foreign: np.ndarray | None = None, top: int = TOP
    ) -> list[Prediction]:
        """Return the predictions that the model's decision makes of logits [N, classes]."""
        decision = self.decision
        leaves = decision is not None and (decision.leave_below is not None or decision.foreign is not None)
        found = self.decided(logits, foreign)
        return predictions_of_decided(self.classes, found, boxes, foreign, may_be_unsure=leaves, top=top)

    def ranked(self, probabilities: np.ndarray, top: int = TOP, box: Box | None = None) -> Prediction:
        """Return a prediction from one row of probabilities."""
        return ranked(self.classes, probabilities, top, box)

    def index_of(self, target: str | int) -> int:
        """Return the index of a class; raises ModelError if the model has no such class."""
        if isinstance(target, int):
            if not 0 <= target < len(self.classes):
                raise ModelError(
                    f"{self.name} has {len(self.classes)} classes, so there is no class number {target}. "
                    f"Choose 0 to {len(self.classes) - 1}."
                )
            return target
        if target in self.classes:
            return self.classes.index(target)
        near = difflib.get_close_matches(target, self.classes, n=5, cutoff=0.5)
        shown = near or list(self.classes[:8])
        more = "" if near or len(self.classes) <= 8 else ", ..."
        raise ModelError(f"{self.name} has no class {target!r}. Choose one of: {', '.join(shown)}{more}.")

    @staticmethod
    def softmax(logits: np.ndarray) -> np.ndarray:
        """Return probabilities [N, classes] from logits, computed in float64."""
        return softmax(logits)

    def _batch(self, pixels: Tensor) -> Tensor:
        """Convert uint8 [N, 3, size, size] to the network's input."""
        return self.preprocessing.normalise(pixels.to(self.device)).contiguous(memory_format=torch.channels_last)

    def _run(self, batch: Tensor) -> np.ndarray:
        with self.lock, torch.inference_mode():
            return outputs(self.network, batch).float().cpu().numpy()


def _pixels(views: Sequence[Image.Image]) -> Tensor:
    """Return views as uint8 [N, 3, size, size]."""
    return torch.from_numpy(np.stack([np.asarray(view) for view in views])).permute(0, 3, 1, 2)


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield lists of ``size`` items, the last one shorter; ``itertools.batched`` needs Python 3.12."""
    remaining = iter(items)
    while some := list(islice(remaining, size)):
        yield some


def chosen_device(device: str) -> str:
    """Return the device; ``auto`` is the first accelerator or the CPU. Raises ModelError for an unavailable device."""
    if device == "auto":
        accelerator = torch.accelerator.current_accelerator(check_available=True)
        return accelerator.type if accelerator else "cpu"
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # unknown, not compiled in, or not present
        raise ModelError(f"PyTorch finds no device {device!r} on this machine. Use auto or cpu.") from error
    return device
