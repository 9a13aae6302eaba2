"""Measure how preprocessing affects accuracy: three ways to make a photo square, and four preprocessing mistakes."""

import hashlib
import math
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import Tensor

from core.data.pictures.decoding import decode
from core.data.pictures.transforms import Preprocessing, to_tensor
from core.inspection.measuring.report import Rate
from core.inspection.predicting.predictor import Predictor, batched
from core.lessons.result_cache import ExperimentSteps
from core.training.choices import Mode
from core.training.events import Progress

VERSION = 1
SIDE = 128
"""Input size of the experiments in pixels: about that of the sample birds, and a third of the work of 224."""
FOLDS = 5

MODES: tuple[Mode, ...] = ("crop", "squash", "letterbox")
Mistake = Literal["right", "swapped", "not normalized", "bytes", "twice"]
MISTAKES: tuple[Mistake, ...] = ("right", "swapped", "not normalized", "bytes", "twice")

_BATCH = 16


@dataclass(frozen=True)
class LabelledPhotos:
    """Photos and their labels."""

    paths: tuple[Path, ...]
    labels: tuple[str, ...]
    digest: str
    """Identifies the photos and their labels, independent of where the files are."""

    @classmethod
    def of(cls, frame: pd.DataFrame) -> "LabelledPhotos":
        """Take the photos of a snapshot's table."""
        lines = "\n".join(f"{image}\t{label}" for image, label in zip(frame["image"], frame["label"], strict=True))
        digest = hashlib.sha256(lines.encode(errors="surrogatepass")).hexdigest()
        return cls(tuple(Path(path) for path in frame["path"]), tuple(frame["label"]), digest)


def crop_to_ratio(image: Image.Image, shape: float | None) -> Image.Image:
    """Return the largest central part with this ratio of width to height; the whole image for None."""
    if shape is None:
        return image
    width = min(image.width, max(1, round(image.height * shape)))
    height = min(image.height, max(1, round(image.width / shape)))
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def crop_box(preprocessing: Preprocessing, size: tuple[int, int]) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of the centre crop in an image of this width and height."""
    width, height = size
    side = min(size) * preprocessing.size / preprocessing.resize
    left, top = (width - side) / 2, (height - side) / 2
    return left, top, left + side, top + side


def network_input(preprocessing: Preprocessing, image: Image.Image, mistake: Mistake) -> Tensor:
    """Return the network input of an image, float32 [3, size, size], with this preprocessing mistake made."""
    pixels = to_tensor(preprocessing.view(image))[None]
    if mistake == "bytes":
        return pixels[0].float()
    if mistake == "not normalized":
        return pixels[0].float() / 255
    if mistake == "swapped":
        # OpenCV reads images in the order blue, green, red; programs that expect red first then swap the two.
        return preprocessing.normalise(pixels.flip(1))[0]
    x = preprocessing.normalise(pixels)[0]
    if mistake == "right":
        return x
    mean, std = (torch.tensor(numbers).view(3, 1, 1) for numbers in (preprocessing.mean, preprocessing.std))
    return (x - mean) / std


def input_as_picture(preprocessing: Preprocessing, x: Tensor) -> Image.Image:
    """Undo the correct normalisation to show an input as an image; values out of range are clipped."""
    mean, std = (torch.tensor(numbers).view(3, 1, 1) for numbers in (preprocessing.mean, preprocessing.std))
    pixels = (x * std + mean).clamp(0, 1).mul(255).round().byte()
    return Image.fromarray(pixels.permute(1, 2, 0).numpy())


def logits_of(predictor: Predictor, inputs: Sequence[Tensor]) -> np.ndarray:
    """Return the network's logits [N, classes] for inputs that need no further preprocessing."""
    batch = torch.stack(list(inputs)).to(predictor.device).contiguous(memory_format=torch.channels_last)
    with predictor.lock, torch.inference_mode():
        return predictor.network(batch).float().cpu().numpy()


def compare_modes(photos: LabelledPhotos, predictor: Predictor, shape: float | None) -> ExperimentSteps:
    """Measure the cross-validated accuracy of a linear head on the frozen network: a row per mode.

    Photos are first cropped to the ratio ``shape`` (None: not cropped). Every mode trains its own heads, as a project
    that chooses the mode would. ``gained`` counts the photos that this mode predicts correctly and the centre crop does
    not, ``lost`` the reverse; ``p_value`` is that of McNemar's exact test.
    """
    pictures = [crop_to_ratio(_picture(path), shape) for path in photos.paths]
    rows = []
    known: tuple[list[Image.Image], np.ndarray] | None = None
    by_crop: np.ndarray | None = None
    for place, mode in enumerate(MODES):
        preprocessing = _experiment_preprocessing(predictor.preprocessing, mode)
        views = [preprocessing.view(picture) for picture in pictures]
        if known is None or views != known[0]:  # for square photos, squash and letterbox are the same
            inputs = [preprocessing.normalise(to_tensor(view)[None])[0] for view in views]
            done, total = place * len(views), len(MODES) * len(views)
            known = views, (yield from _features(predictor, inputs, f"{mode}, {_shape_name(shape)}", done, total))
        right = _cross_validated(known[1], known[1], photos.labels)
        by_crop = right if by_crop is None else by_crop
        gained, lost = int((right & ~by_crop).sum()), int((by_crop & ~right).sum())
        paired = {"gained": gained, "lost": lost, "p_value": _mcnemar_p_value(gained, lost)}
        named = {"shape": math.nan if shape is None else shape, "mode": mode, "arch": predictor.arch}
        rows.append({**named, **_rate(right), **paired})
    return pd.DataFrame(rows)


def compare_mistakes(photos: LabelledPhotos, predictor: Predictor) -> ExperimentSteps:
    """Measure the accuracy of heads trained on correct inputs when a mistake is made later: a row per mistake."""
    preprocessing = _experiment_preprocessing(predictor.preprocessing, "crop")
    pictures = [_picture(path) for path in photos.paths]
    found: dict[Mistake, np.ndarray] = {}
    for place, mistake in enumerate(MISTAKES):
        inputs = [network_input(preprocessing, picture, mistake) for picture in pictures]
        done, total = place * len(inputs), len(MISTAKES) * len(inputs)
        found[mistake] = yield from _features(predictor, inputs, "predicting with each mistake", done, total)
    rows = [
        {"mistake": mistake, **_rate(_cross_validated(found["right"], features, photos.labels)), "arch": predictor.arch}
        for mistake, features in found.items()
    ]
    return pd.DataFrame(rows)


def _picture(path: Path) -> Image.Image:
    return decode(path, path.name).image


def _experiment_preprocessing(preprocessing: Preprocessing, mode: Mode) -> Preprocessing:
    """Return the preprocessing of the weights at the input size of the experiments."""
    resize = round(SIDE * preprocessing.resize / preprocessing.size)
    return preprocessing.model_copy(update={"mode": mode, "size": SIDE, "resize": resize})


def _features(
    predictor: Predictor, inputs: Sequence[Tensor], phase: str, done: int, total: int
) -> Generator[Progress, None, np.ndarray]:
    """Return the pooled features [N, feature_width] of inputs that need no further preprocessing."""
    network = predictor.network
    parts = []
    for some in batched(inputs, _BATCH):
        yield Progress(phase, done, total)
        batch = torch.stack(some).to(predictor.device).contiguous(memory_format=torch.channels_last)
        with predictor.lock, torch.inference_mode():
            parts.append(network.avgpool(network.forward_features(batch)).flatten(1).float().cpu().numpy())
        done += len(some)
    return np.concatenate(parts)


def _cross_validated(train_features: np.ndarray, test_features: np.ndarray, labels: Sequence[str]) -> np.ndarray:
    """Return whether each photo is predicted correctly, bool [N], by a head trained on the other folds.

    Heads train on ``train_features`` and predict from the ``test_features`` of the fold left out.
    """
    # Imported here, because it takes a second.
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    truths = np.asarray(labels)
    right = np.zeros(len(truths), dtype=bool)
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(train_features, truths):
        # Strong regularisation, because there are more features than photos.
        head = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=2000))
        head.fit(train_features[train], truths[train])
        right[test] = head.predict(test_features[test]) == truths[test]
    return right


def _rate(right: np.ndarray) -> Mapping[str, float | int | None]:
    rate = Rate.of(int(right.sum()), len(right))
    return {"correct": rate.correct, "n": rate.n, "accuracy": rate.value, "low": rate.low, "high": rate.high}


def _mcnemar_p_value(gained: int, lost: int) -> float:
    """Return the p-value of McNemar's exact test: as if a coin decided for each changed photo."""
    from scipy.stats import binomtest  # imported here, because it takes most of a second

    return float(binomtest(gained, gained + lost, 0.5).pvalue) if gained + lost else 1.0


def _shape_name(shape: float | None) -> str:
    return "uncropped photos" if shape is None else f"photos with ratio {shape:g}:1"
