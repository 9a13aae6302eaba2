"""Decides which layers an automatic training trains next, or that it ends, and says why. Does not import torch."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.runs.automatic.phases import Layers, Phase
from core.runs.estimates.work import FULL_STEP, MIXES, UPPER_SHARES
from core.training.advice import LEAST_FOR_LAST_STAGE
from core.training.kept.reasons import reason_against_keeping
from core.training.recipe import Recipe

USUAL_SECONDS = 900.0
"""The time limit if none is given."""

USUAL_EPOCHS = 8
"""Of a phase after the head, unless the time is short."""
_LEAST_EPOCHS = 3
_LEAST_PER_CLASS: dict[Layers, int] = {"layer4": LEAST_FOR_LAST_STAGE, "all": 30}
"""Training photos of each class on average, below which a phase's layers would only learn the photos by heart."""


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
    """Of one forward pass through the whole network."""
    box_epochs: int = 0
    """For localization: the epochs of the head, which is trained by steps there; otherwise 0."""
    views: int = 2
    """How many views of a training photo the frozen layers compute once; 0 if they compute every photo anew."""
    full_step: float = FULL_STEP
    """What a training step of all layers costs, in forward passes."""
    maps: float = 0.0
    """The share of the photos whose maps below layer4 are kept already."""
    mixes: bool = False
    """Whether mixes of the weights before and after a phase are compared at its end."""


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
    """Return the next phase: the head, then layer4, then all layers, as long as photos, time and gains allow it."""
    if not now.done:
        return Planned("head", max(1, now.box_epochs), "The head alone is trained first: it is the fastest part.")
    if now.seconds_left <= 0:
        return Ended("The time limit was reached.")
    last = now.done[-1]
    if last.train == "head":
        return _deeper(now, "layer4", "The pretrained features may not suit these photos exactly.")
    if last.train == "layer4":
        if not last.kept:
            return Ended("Training the last stage gained nothing, so the earlier stages stay frozen.")
        return _deeper(now, "all", "The last stage gained, so earlier stages may too.")
    return Ended("All layers have been trained.")


def stage_for_next(now: Situation, recipe: Recipe) -> str | None:
    """Return the stage whose maps a phase after the head would begin with; None if none can follow or use them."""
    return None if _too_few(now, "layer4") or reason_against_keeping(recipe) else "layer3"


def expected_seconds(now: Situation, train: Layers, epochs: int) -> float:
    """Return how long a phase would take: the frozen layers once for each view, the epochs of the others, the mixes."""
    upper = UPPER_SHARES.get(train, 1.0)
    frozen = 1 - upper
    left = 1 - now.maps if train == "layer4" else 1.0
    once = left * frozen * (now.views * now.photos + now.val_photos) if now.views else 0.0
    each = upper * (now.full_step * now.photos + now.val_photos)
    anew = frozen * (now.photos + now.val_photos) if not now.views else 0.0
    mixes = (upper + (0.0 if now.views else frozen)) * MIXES * now.val_photos if now.mixes and train != "head" else 0.0
    return now.seconds_per_photo * (once + epochs * (each + anew) + mixes)


def measured_seconds_per_photo(now: Situation, phase: Phase) -> float | None:
    """Return the time of a forward pass that the epochs of a phase took; None for fewer than two, and for a head."""
    if len(phase.points) < 2 or phase.train == "head":
        return None
    first, last = phase.points[0], phase.points[-1]
    seconds = (last.seconds - first.seconds) / (last.epoch - first.epoch)
    in_passes = expected_seconds(now, phase.train, 2) - expected_seconds(now, phase.train, 1)
    return seconds / in_passes * now.seconds_per_photo if in_passes > 0 and seconds > 0 else None


def _too_few(now: Situation, train: Layers) -> bool:
    return now.photos < _LEAST_PER_CLASS[train] * now.classes


def _deeper(now: Situation, train: Layers, reason: str) -> Planned | Ended:
    kept = next(one for one in reversed(now.done) if one.kept)
    if kept.value == 1.0:
        return Ended("All validation photos are correct, so a better model could not be told from this one.")
    if _too_few(now, train):
        layers = "the last stage" if train == "layer4" else "all layers"
        return Ended(
            f"{now.photos // now.classes} training photos per class are too few to train {layers}: they need about "
            f"{_LEAST_PER_CLASS[train]}."
        )
    epochs = USUAL_EPOCHS
    while epochs > _LEAST_EPOCHS and expected_seconds(now, train, epochs) > now.seconds_left:
        epochs -= 1
    if expected_seconds(now, train, epochs) > now.seconds_left:
        return Ended("The time limit leaves no room for more layers.")
    return Planned(train, epochs, reason)
