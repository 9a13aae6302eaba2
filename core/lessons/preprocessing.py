"""What preprocessing does to a network's accuracy: three ways to a square, and four mistakes with the channels."""

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
from core.lessons.result_cache import Computing
from core.training.events import Progress

VERSION = 1
SIDE = 128
"""Pixels of a view in the experiments: as large as the sample birds, and a third of the work of 224."""
FOLDS = 5

Mode = Literal["crop", "squash", "letterbox"]
MODES: tuple[Mode, ...] = ("crop", "squash", "letterbox")
Mistake = Literal["right", "swapped", "not normalized", "bytes", "twice"]
MISTAKES: tuple[Mistake, ...] = ("right", "swapped", "not normalized", "bytes", "twice")

_BATCH = 16


@dataclass(frozen=True)
class Labelled:
    """Photos with their classes."""

    paths: tuple[Path, ...]
    labels: tuple[str, ...]
    digest: str
    """Names the pictures and their classes, wherever the files lie."""

    @classmethod
    def of(cls, frame: pd.DataFrame) -> "Labelled":
        """Those of a snapshot's table."""
        told = "\n".join(f"{image}\t{label}" for image, label in zip(frame["image"], frame["label"], strict=True))
        digest = hashlib.sha256(told.encode(errors="surrogatepass")).hexdigest()
        return cls(tuple(Path(path) for path in frame["path"]), tuple(frame["label"]), digest)


def cut(image: Image.Image, shape: float | None) -> Image.Image:
    """The largest part in the middle that is so many times as wide as it is high; all of it for None."""
    if shape is None:
        return image
    width = min(image.width, max(1, round(image.height * shape)))
    height = min(image.height, max(1, round(image.width / shape)))
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def seen_by_crop(preprocessing: Preprocessing, size: tuple[int, int]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of what mode crop shows of a picture of that width and height."""
    width, height = size
    side = min(size) * preprocessing.size / preprocessing.resize
    left, top = (width - side) / 2, (height - side) / 2
    return left, top, left + side, top + side


def given(preprocessing: Preprocessing, image: Image.Image, mistake: Mistake) -> Tensor:
    """What the network is given of a picture, float32 [3, size, size], where this mistake was made on the way."""
    pixels = to_tensor(preprocessing.view(image))[None]
    if mistake == "bytes":
        return pixels[0].float()
    if mistake == "not normalized":
        return pixels[0].float() / 255
    if mistake == "swapped":
        # As programs do that read pictures with OpenCV, which gives blue first, and then go on as if it were red.
        return preprocessing.normalise(pixels.flip(1))[0]
    x = preprocessing.normalise(pixels)[0]
    if mistake == "right":
        return x
    mean, std = (torch.tensor(numbers).view(3, 1, 1) for numbers in (preprocessing.mean, preprocessing.std))
    return (x - mean) / std


def drawn_back(preprocessing: Preprocessing, x: Tensor) -> Image.Image:
    """The picture that a right input of these numbers would have come from; what is out of range is clipped."""
    mean, std = (torch.tensor(numbers).view(3, 1, 1) for numbers in (preprocessing.mean, preprocessing.std))
    pixels = (x * std + mean).clamp(0, 1).mul(255).round().byte()
    return Image.fromarray(pixels.permute(1, 2, 0).numpy())


def logits_of(predictor: Predictor, inputs: Sequence[Tensor]) -> np.ndarray:
    """The network's logits [N, classes] for inputs as they are, without any preprocessing."""
    batch = torch.stack(list(inputs)).to(predictor.device).contiguous(memory_format=torch.channels_last)
    with predictor.lock, torch.inference_mode():
        return predictor.network(batch).float().cpu().numpy()


def modes_compared(photos: Labelled, predictor: Predictor, shape: float | None) -> Computing:
    """A row a mode: how often a new head on the frozen network is right about photos that it has not learned from.

    Photos are cut to ``shape`` first (None: left as they are). Each mode has heads of its own, as in a
    project that chooses it. Of the photos it has ``gained`` right and the crop wrong, ``lost`` the other way round;
    ``p_value`` is of McNemar's exact test on the two.
    """
    pictures = [cut(_picture(path), shape) for path in photos.paths]
    rows = []
    known: tuple[list[Image.Image], np.ndarray] | None = None
    by_crop: np.ndarray | None = None
    for place, mode in enumerate(MODES):
        preprocessing = _sized(predictor.preprocessing, mode)
        views = [preprocessing.view(picture) for picture in pictures]
        if known is None or views != known[0]:  # of square photos, squash and letterbox make the same
            inputs = [preprocessing.normalise(to_tensor(view)[None])[0] for view in views]
            done, total = place * len(views), len(MODES) * len(views)
            known = views, (yield from _features(predictor, inputs, f"{mode}, {_named(shape)}", done, total))
        right = _held_out(known[1], known[1], photos.labels)
        by_crop = right if by_crop is None else by_crop
        gained, lost = int((right & ~by_crop).sum()), int((by_crop & ~right).sum())
        paired = {"gained": gained, "lost": lost, "p_value": _chance(gained, lost)}
        named = {"shape": math.nan if shape is None else shape, "mode": mode, "arch": predictor.arch}
        rows.append({**named, **_rate(right), **paired})
    return pd.DataFrame(rows)


def mistakes_compared(photos: Labelled, predictor: Predictor) -> Computing:
    """A row a mistake: how often heads that learned from right inputs are right where the mistake is made later."""
    preprocessing = _sized(predictor.preprocessing, "crop")
    pictures = [_picture(path) for path in photos.paths]
    found: dict[Mistake, np.ndarray] = {}
    for place, mistake in enumerate(MISTAKES):
        inputs = [given(preprocessing, picture, mistake) for picture in pictures]
        done, total = place * len(inputs), len(MISTAKES) * len(inputs)
        found[mistake] = yield from _features(predictor, inputs, "asking the network again and again", done, total)
    rows = [
        {"mistake": mistake, **_rate(_held_out(found["right"], features, photos.labels)), "arch": predictor.arch}
        for mistake, features in found.items()
    ]
    return pd.DataFrame(rows)


def _picture(path: Path) -> Image.Image:
    return decode(path, path.name).image


def _sized(preprocessing: Preprocessing, mode: Mode) -> Preprocessing:
    """The preprocessing of the weights at the side of the experiments."""
    resize = round(SIDE * preprocessing.resize / preprocessing.size)
    return preprocessing.model_copy(update={"mode": mode, "size": SIDE, "resize": resize})


def _features(
    predictor: Predictor, inputs: Sequence[Tensor], phase: str, done: int, total: int
) -> Generator[Progress, None, np.ndarray]:
    """The pooled vectors [N, feature_width] of inputs as they are."""
    network = predictor.network
    parts = []
    for some in batched(inputs, _BATCH):
        yield Progress(phase, done, total)
        batch = torch.stack(some).to(predictor.device).contiguous(memory_format=torch.channels_last)
        with predictor.lock, torch.inference_mode():
            parts.append(network.avgpool(network.forward_features(batch)).flatten(1).float().cpu().numpy())
        done += len(some)
    return np.concatenate(parts)


def _held_out(learned: np.ndarray, asked: np.ndarray, labels: Sequence[str]) -> np.ndarray:
    """Whether each photo is answered rightly, bool [N], by a head that learned from the other folds' photos.

    Heads learn from the features ``learned`` and are asked about the features ``asked`` of the photos left out.
    """
    # Here, because it takes a second.
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    truths = np.asarray(labels)
    right = np.zeros(len(truths), dtype=bool)
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(learned, truths):
        # Strong regularization, as there are more features than photos.
        head = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=2000))
        right[test] = head.fit(learned[train], truths[train]).predict(asked[test]) == truths[test]
    return right


def _rate(right: np.ndarray) -> Mapping[str, float | int | None]:
    rate = Rate.of(int(right.sum()), len(right))
    return {"correct": rate.correct, "n": rate.n, "accuracy": rate.value, "low": rate.low, "high": rate.high}


def _chance(gained: int, lost: int) -> float:
    """How often luck alone made a difference so large or larger, were each photo's change a coin's toss."""
    from scipy.stats import binomtest  # here, because it takes most of a second

    return float(binomtest(gained, gained + lost, 0.5).pvalue) if gained + lost else 1.0


def _named(shape: float | None) -> str:
    return "photos as they are" if shape is None else f"photos {shape:g} times as wide as high"
