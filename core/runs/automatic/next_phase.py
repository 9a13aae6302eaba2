"""Decides which layers an automatic training trains next, or that it ends, and says why. Does not import torch."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.runs.automatic.phases import Layers, Phase

USUAL_SECONDS = 900.0
"""The time limit if none is given."""

_EPOCHS: dict[Layers, int] = {"head": 1, "layer4": 8, "layer3": 8, "all": 8}
_LEAST_EPOCHS = 3
_LEAST_PER_CLASS: dict[Layers, int] = {"head": 0, "layer4": 8, "layer3": 30, "all": 30}
"""Training photos of each class on average, below which a phase's layers would only learn the photos by heart."""

# Time for one photo in one epoch, in forward passes through the whole network: layer4 is a fifth of ResNet-50, and a
# training step costs about three passes of what it trains. Its frozen layers are computed once for each view.
_ONCE: dict[Layers, float] = {"head": 1.0, "layer4": 1.6, "layer3": 1.1, "all": 0.0}
_EACH_EPOCH: dict[Layers, float] = {"head": 0.0, "layer4": 0.7, "layer3": 2.2, "all": 4.0}


@dataclass(frozen=True)
class Situation:
    """What the decision depends on."""

    done: Sequence[Phase]
    photos: int
    """Of the training."""
    val_photos: int
    classes: int
    seconds_left: float
    seconds_per_photo: float
    """Of one forward pass, as measured."""
    box_epochs: int = 0
    """For localization: the epochs of the head, which is trained by steps there; otherwise 0."""


@dataclass(frozen=True)
class Planned:
    """The next phase."""

    train: Layers
    epochs: int
    reason: str


@dataclass(frozen=True)
class Ended:
    """There is no next phase."""

    reason: str


def next_phase(now: Situation) -> Planned | Ended:
    """Return the next phase: the head, then layer4, then all layers, as far as photos, time and gains speak for it."""
    if not now.done:
        return Planned("head", max(1, now.box_epochs), "The head alone is trained first: it takes seconds.")
    last = now.done[-1]
    if last.train == "head":
        return _deeper(now, "layer4", "The last stage may fit these photos better.")
    if last.train == "layer4":
        if not last.kept:
            return Ended("Training the last stage gained nothing, so deeper layers were left as they are.")
        return _deeper(now, "all", "The last stage gained, so earlier stages may too.")
    return Ended("All layers have been trained.")


def expected_seconds(now: Situation, train: Layers, epochs: int) -> float:
    """Return how long a phase would take."""
    once = _ONCE[train] * (now.photos + now.val_photos)
    each = _EACH_EPOCH[train] * now.photos + (now.val_photos if train == "all" else 0.2 * now.val_photos)
    return now.seconds_per_photo * (once + epochs * each)


def _deeper(now: Situation, train: Layers, reason: str) -> Planned | Ended:
    kept = next(one for one in reversed(now.done) if one.kept)
    if kept.value == 1.0:
        return Ended("All validation photos are correct, so a better model could not be told from this one.")
    if now.photos < _LEAST_PER_CLASS[train] * now.classes:
        layers = "deeper layers" if train == "layer4" else "all layers"
        return Ended(
            f"{now.photos / now.classes:.0f} training photos per class are too few to train {layers}: they need about "
            f"{_LEAST_PER_CLASS[train]}."
        )
    epochs = _EPOCHS[train]
    while epochs > _LEAST_EPOCHS and expected_seconds(now, train, epochs) > now.seconds_left:
        epochs -= 1
    if expected_seconds(now, train, epochs) > now.seconds_left:
        return Ended("The time limit leaves no room for deeper layers.")
    return Planned(train, epochs, reason)
