"""Fit a trained network's head again for larger photos, all other layers frozen (FixRes)."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core.data.dataset import Photos, photos_of
from core.data.pictures.resized_cache import ResizedCache
from core.data.pictures.transforms import Preprocessing
from core.data.snapshot import GROUP, Snapshot
from core.features.frozen_pass import map_ahead
from core.models.resnet import ResNet
from core.progress import Progress
from core.training.linear.linear_head import LinearHead, Score
from core.training.linear.logistic import LogisticRegression, TrainingVectors

_BATCH = 16
_BATCHES_AHEAD = 4


@dataclass(frozen=True)
class HeadRefit:
    """A head for larger photos, and whether it is worth it on the validation photos."""

    head: LinearHead
    preprocessing: Preprocessing
    """That of the photos which the head is for."""
    before: Score
    """The network as it was, at its own size."""
    enlarged: Score
    """The network as it was, at the larger size."""
    after: Score
    """With the new head, at the larger size."""

    @property
    def gains(self) -> bool:
        """Whether more validation photos are correct than before.

        A lower loss is not enough: every later prediction takes longer at the larger size, and a head that is fitted
        without augmentation is less certain of itself than one that was trained on, at any size.
        """
        return self.after.correct > self.before.correct

    def apply(self, model: ResNet) -> None:
        """Give the head to the network; its bundle must then have this preprocessing."""
        with torch.no_grad():
            model.fc.weight.copy_(torch.from_numpy(self.head.weight))
            model.fc.bias.copy_(torch.from_numpy(self.head.bias))


def refit_head(
    model: ResNet,
    preprocessing: Preprocessing,
    snapshot: Snapshot,
    size: int,
    cache: Path | None,
    seed: int = 0,
    *,
    class_weighting: str = "none",
    label_smoothing: float = 0.0,
    log: Callable[[str], None] | None = None,
) -> Generator[Progress, None, HeadRefit]:
    """Yield progress and return the head for photos of ``size`` pixels; the network itself stays as it is.

    Objects look larger in augmented training photos than in the central crop, so a network predicts best at a somewhat
    larger size than it was trained at, once its head knows the pooled features of that size (Touvron et al. 2019,
    arXiv 1906.06423). The head is logistic regression on the training photos and their mirror images, without
    augmentation. ``cache`` is the folder of resized photos; ``log`` learns why, if it cannot be written. For
    classification.
    """
    resize = round(preprocessing.resize * size / preprocessing.size)
    larger = preprocessing.model_copy(update={"size": size, "resize": resize})
    small, large = (
        {part: photos_of(snapshot, part, ResizedCache(cache, seen, log)) for part in ("train", "val")}
        for seen in (preprocessing, larger)
    )
    train, val = len(large["train"]), len(large["val"])
    total, done = train + 2 * val, 0
    found: dict[str, list[np.ndarray]] = {"before": [], "val": [], "plain": [], "mirrored": []}
    was_training = model.training
    model.eval()
    try:
        for name, photos in (("before", small["val"]), ("val", large["val"]), ("plain", large["train"])):
            for pixels in _batches(photos):
                found[name].append(_pooled(model, larger if name != "before" else preprocessing, pixels))
                if name == "plain":
                    found["mirrored"].append(_pooled(model, larger, pixels.flip(-1)))
                done += len(pixels)
                yield Progress("computing features at the larger size", done, total)
        yield Progress("solving the head for the larger size", 0, None)
    finally:
        model.train(was_training)
    vectors = {name: np.concatenate(parts) for name, parts in found.items()}
    labels = {part: np.array(large[part].labels) for part in ("train", "val")}
    frame = snapshot.part("train")
    groups = list(frame[GROUP]) if GROUP in frame else None
    views = [vectors["plain"], vectors["mirrored"]]
    training = TrainingVectors(
        views,
        labels["train"],
        len(snapshot.classes),
        groups=groups,
        class_weighting=class_weighting,
        label_smoothing=label_smoothing,
    )
    regression = LogisticRegression(training)
    old, new = _head_of(model), regression.solve(regression.choose_strength(seed=seed).strength)
    return HeadRefit(
        new,
        larger,
        before=old.score(vectors["before"], labels["val"]),
        enlarged=old.score(vectors["val"], labels["val"]),
        after=new.score(vectors["val"], labels["val"]),
    )


def _batches(photos: Photos) -> Iterator[Tensor]:
    """Yield the photos [N, 3, size, size] in order; the next ones are decoded while a batch is computed."""
    starts = range(0, len(photos), _BATCH)
    yield from map_ahead(
        lambda start: photos.batch(range(start, min(start + _BATCH, len(photos))))[0], starts, ahead=_BATCHES_AHEAD
    )


@torch.inference_mode()
def _pooled(model: ResNet, preprocessing: Preprocessing, pixels: Tensor) -> np.ndarray:
    """Return the pooled features [N, C] of photos [N, 3, size, size]."""
    device = next(model.parameters()).device
    images = preprocessing.normalise(pixels.to(device)).contiguous(memory_format=torch.channels_last)
    return model.avgpool(model.forward_features(images)).flatten(1).float().cpu().numpy()


def _head_of(model: ResNet) -> LinearHead:
    weight, bias = (tensor.detach().float().cpu().numpy() for tensor in (model.fc.weight, model.fc.bias))
    return LinearHead(weight, bias)
