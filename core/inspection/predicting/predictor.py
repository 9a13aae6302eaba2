"""A trained network that answers for pictures: the one path that evaluation, pages, command line and demo share.

All of them run in fp32 and channels_last, so that they agree with each other and with the snippet in an exported
bundle. (bf16 would be twice as fast on a CPU that has it, and would now and then name another class.)
"""

import difflib
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from core.data.pictures.box import Box
from core.data.pictures.crop_geometry import box_of
from core.data.pictures.decoding import decode
from core.data.pictures.transforms import Preprocessing
from core.errors import ImageRefused, ModelError
from core.inspection.predicting.predictions import TOP, FileAnswer, Prediction, table_of
from core.models.bundle import BundleInfo, load_bundle
from core.models.heads import outputs, task_of
from core.models.resnet import ResNet, build
from core.models.weights import fetch
from core.progress import PhaseCallback

__all__ = ["Predictor", "predict_files", "table_of"]

BATCH = 16
IMAGENET = "imagenet"
T = TypeVar("T")
FileSource = bytes | Path | Callable[[], bytes] | ImageRefused


class Predictor:
    """A network at rest with its classes and preprocessing; threads may share it. The network given becomes its own.

    ``lock`` is held during every pass through the network, so that threads wait for each other instead of fighting
    over the cores and the memory.
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
    ) -> None:
        self.device = torch.device(device)
        self.network = network.eval().requires_grad_(False).to(self.device).to(memory_format=torch.channels_last)
        self.preprocessing = preprocessing
        self.classes = tuple(classes)
        self.name = name
        self.arch = arch
        self.task = task_of(network)
        self.info = info
        self.lock = threading.Lock()

    @classmethod
    def load(cls, reference: str | Path, device: str = "auto", progress: PhaseCallback | None = None) -> "Predictor":
        """From a bundle folder, or the pretrained network itself for ``"imagenet"``, fetched where it is not there yet.

        Raises BundleError for a bad bundle, WeightsUnavailable where no source of the weights answers.
        """
        if str(reference) == IMAGENET:
            network, info = imagenet_network(progress)
            name = "ImageNet"
        else:
            folder = Path(reference)
            network, info = load_bundle(folder)
            name = folder.resolve().name
        return cls(
            network,
            Preprocessing.model_validate(info.preprocessing),
            info.classes,
            name=name,
            arch=info.arch,
            info=info,
            device=chosen_device(device),
        )

    def view(self, image: Image.Image) -> Image.Image:
        """The square picture that the network sees of an image."""
        return self.preprocessing.view(image)

    def sharp_view(self, image: Image.Image, most: float = 3) -> Image.Image:
        """The same part of the image with up to so many times the view's side, as far as the image has the pixels."""
        seen = self.preprocessing
        scale = min(most, min(image.size) / (seen.resize if seen.mode == "crop" else seen.size))
        if scale <= 1:
            return self.view(image)
        larger = {"size": round(seen.size * scale), "resize": round(seen.resize * scale)}
        return seen.model_copy(update=larger).view(image)

    def batch_of_views(self, views: Sequence[Image.Image]) -> Tensor:
        """Views as the network's input: float32 [N, 3, size, size] on its device, in channels_last."""
        return self._batch(torch.from_numpy(np.stack([np.asarray(view) for view in views])).permute(0, 3, 1, 2))

    def logits(self, images: Iterable[Image.Image]) -> np.ndarray:
        """The logits [N, classes] as float32; images are taken as they come, so a generator is never held whole."""
        parts = [self.outputs_of_views(views) for views in batched(map(self.view, images), BATCH)]
        return self.logits_of(np.concatenate(parts)) if parts else np.empty((0, len(self.classes)), np.float32)

    def outputs_of_views(self, views: Sequence[Image.Image]) -> np.ndarray:
        """All that the network says of pictures that ``view`` has made, float32 [N, classes (+ 4)]; one batch.

        The last four, of a localization's network, are the box as ``box_in`` takes it.
        """
        return self._run(self.batch_of_views(views))

    def outputs_of_pixels(self, pixels: Tensor) -> np.ndarray:
        """The same for one batch of views as uint8 [N, 3, size, size]."""
        return self._run(self._batch(pixels))

    def logits_of(self, outputs: np.ndarray) -> np.ndarray:
        """The logits [N, classes] among the outputs."""
        return outputs[:, : len(self.classes)]

    def box_in(self, outputs: np.ndarray, size: tuple[int, int]) -> Box | None:
        """The box among one picture's outputs, in pixels of the picture of that size; None where no box is learned."""
        if self.task != "localization":
            return None
        seen = self.preprocessing
        corners = outputs[len(self.classes) :].astype(np.float64) * seen.size
        return seen.view_placement(*size).back(box_of(*map(float, corners)))

    def probabilities(self, images: Iterable[Image.Image]) -> np.ndarray:
        """The classes' probabilities [N, classes]."""
        return self.softmax(self.logits(images))

    def probabilities_of_views(self, views: Sequence[Image.Image]) -> np.ndarray:
        """The same for pictures that ``view`` has made already; one batch."""
        return self.softmax(self.logits_of(self.outputs_of_views(views)))

    def predict(self, images: Iterable[Image.Image], top: int = TOP) -> list[Prediction]:
        """The likeliest classes of each image, and the box where one is learned."""
        found: list[Prediction] = []
        for some in batched(images, BATCH):
            views, sizes = [self.view(image) for image in some], [image.size for image in some]
            found += self.predictions_of_views(views, sizes, top)
        return found

    def predictions_of_views(
        self, views: Sequence[Image.Image], sizes: Sequence[tuple[int, int]], top: int = TOP
    ) -> list[Prediction]:
        """The same for pictures that ``view`` has made of pictures of those sizes; one batch."""
        if not views:
            return []
        outputs = self.outputs_of_views(views)
        probabilities = self.softmax(self.logits_of(outputs))
        return [
            self.ranked(row, top, self.box_in(one, size))
            for row, one, size in zip(probabilities, outputs, sizes, strict=True)
        ]

    def ranked(self, probabilities: np.ndarray, top: int = TOP, box: Box | None = None) -> Prediction:
        """One row of probabilities as a prediction."""
        order = np.argsort(-probabilities, kind="stable")[:top]
        return Prediction(tuple((self.classes[index], float(probabilities[index])) for index in order), box)

    def index_of(self, target: str | int) -> int:
        """The index of a class by its name; raises ModelError where the model has no such class."""
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
        """Probabilities [N, classes] from logits, computed in float64."""
        wide = logits.astype(np.float64)
        powers = np.exp(wide - wide.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def _batch(self, pixels: Tensor) -> Tensor:
        """uint8 [N, 3, size, size] as the network wants it."""
        return self.preprocessing.normalise(pixels.to(self.device)).contiguous(memory_format=torch.channels_last)

    def _run(self, batch: Tensor) -> np.ndarray:
        with self.lock, torch.inference_mode():
            return outputs(self.network, batch).float().cpu().numpy()


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of so many items, the last one shorter; itertools' own needs Python 3.12."""
    remaining = iter(items)
    while some := list(islice(remaining, size)):
        yield some


def predict_files(predictor: Predictor, files: Iterable[tuple[str, FileSource]]) -> Iterator[FileAnswer]:
    """An answer for each file, in their order; what is no picture is answered with the reason, and nothing stops.

    Files are read and decoded a batch at a time, so a folder or zip of any size may be given as a generator. A source
    is bytes, a path, a function that reads the bytes (as an import's candidates have), or why it was refused before.
    """
    for some in batched(files, BATCH):
        answers: list[FileAnswer] = []
        views: list[Image.Image] = []
        sizes: list[tuple[int, int]] = []
        for name, source in some:
            try:
                if isinstance(source, ImageRefused):
                    raise source
                decoded = decode(source() if callable(source) else source, name)
            except ImageRefused as error:
                answers.append(FileAnswer(name, None, refused=error.reason))
            else:
                # Only the small view is kept of it.
                views.append(predictor.view(decoded.image))
                sizes.append(decoded.image.size)
                answers.append(FileAnswer(name, None, remarks=decoded.remarks))
        predictions = iter(predictor.predictions_of_views(views, sizes))
        for answer in answers:
            yield answer if answer.refused else replace(answer, prediction=next(predictions))


def chosen_device(device: str) -> str:
    """``auto`` is the first accelerator, else the CPU; raises ModelError where the machine has no such device."""
    if device == "auto":
        accelerator = torch.accelerator.current_accelerator(check_available=True)
        return accelerator.type if accelerator else "cpu"
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # no such name; known, but not compiled in or not there
        raise ModelError(f"This machine has no device {device!r} that torch can use. Choose auto or cpu.") from error
    return device


def imagenet_network(progress: PhaseCallback | None = None) -> tuple[ResNet, BundleInfo]:
    """The pretrained network itself, with what a bundle would say of it; raises WeightsUnavailable."""
    found = fetch(progress=progress)
    with torch.device("meta"):
        network = build(found.arch, len(found.classes))
    network.to_empty(device="cpu")
    network.load_state_dict(found.state)
    info = BundleInfo(
        arch=found.arch,
        classes=found.classes,
        preprocessing=found.preprocessing,
        weights=found.origin,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    return network, info
