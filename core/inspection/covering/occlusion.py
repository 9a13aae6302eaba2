"""The occlusion map: how much the answer loses when a patch covers each place of the photo in turn.

Follows Zeiler and Fergus 2014 (arXiv 1311.2901), section 4.2: a grey patch moves over the image, and the map shows the
probability of the class as a function of its position. Nothing but forward passes is needed, so the map says what the
model did, not what its gradients suggest; but a patch is a picture that the model has never seen either.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from core.errors import ModelError
from core.inspection.covering.answers import Answer, answers, kept_overlap
from core.inspection.covering.patch import FILLS, Patch, covered, filling
from core.inspection.explaining.explanation import THE_BOX
from core.progress import CountCallback
from core.workers.messages import pack_arrays, unpack_arrays

if TYPE_CHECKING:
    from core.inspection.predicting.predictor import Predictor

STEPS = 10
"""Places of the patch in each direction."""
MOST_STEPS = 24
SIDE = 0.25
"""Of the patch, as a share of the view's side."""
BATCH = 16
_NOTICEABLE = 0.02


@dataclass(frozen=True)
class Occlusion:
    """What the answer loses: ``heatmap`` is float32 [size, size] on the view, 0 to 1, with its own peak at 1."""

    heatmap: np.ndarray = field(repr=False)
    drops: np.ndarray = field(repr=False)
    """By place of the patch, float32 [steps, steps]: how much the probability of the target falls; negative: it rises.
    For the box of a localization model, how much its IoU with the box before falls."""
    target: str
    target_index: int | None
    """Of the class; None for the box."""
    before: float
    """The probability of the target without a patch; 1 for the box."""
    changed: int
    """Places at which the model predicts another class."""
    fill: str
    side: float

    @property
    def places(self) -> int:
        return int(self.drops.size)

    @property
    def largest_drop(self) -> float:
        return float(self.drops.max())

    @property
    def empty(self) -> bool:
        """Whether no patch costs the answer anything."""
        return self.largest_drop <= 0

    @property
    def faint(self) -> bool:
        """Whether no single patch matters much: the map then shows very small differences."""
        return self.largest_drop < _NOTICEABLE

    @property
    def strongest(self) -> Patch:
        """The patch that costs the answer most."""
        row, column = np.unravel_index(int(self.drops.argmax()), self.drops.shape)
        return patches(self.side, len(self.drops))[int(row) * len(self.drops) + int(column)]

    @property
    def sentence(self) -> str:
        """What the map shows, in words."""
        if self.faint:
            what = "moves the box" if self.target_index is None else f"lowers the probability of {self.target}"
            rest = "so the map is empty" if self.empty else "so the map shows very small differences"
            return f"No single patch {what} by more than {_NOTICEABLE:.0%}, {rest}."
        if self.target_index is None:
            return (
                f"At the brightest place, a patch moves the box most: its IoU with the box before is "
                f"{1 - self.largest_drop:.2f}."
            )
        text = (
            f"At the brightest place, a patch lowers the probability of {self.target} from {self.before:.0%} to "
            f"{self.before - self.largest_drop:.0%}."
        )
        if self.changed:
            text += f" At {self.changed} of {self.places} places the model predicts another class."
        return text


def patches(side: float, steps: int) -> list[Patch]:
    """Return square patches of this side (a share) at evenly spaced places that reach all edges, row by row."""
    starts = np.linspace(0, 1 - side, steps)
    return [Patch(float(left), float(top), side, side) for top in starts for left in starts]


def occlusion(
    predictor: "Predictor",
    image: Image.Image,
    *,
    target: int | None = None,
    fill: str = "grey",
    side: float = SIDE,
    steps: int = STEPS,
    progress: CountCallback | None = None,
) -> Occlusion:
    """Cover each place in turn and return what the answer loses.

    ``target`` is the index of a class, None the predicted one; a localization model with a single class is asked for
    its box instead. ``progress`` counts the places. Raises ModelError for settings that make no map.
    """
    if fill not in FILLS:
        raise ModelError(f"There is no fill {fill!r} for a patch. Choose one of: {', '.join(FILLS)}.")
    if not 0 < side < 1 or not 2 <= steps <= MOST_STEPS:
        raise ModelError(f"A patch has a side between 0 and 1 and 2 to {MOST_STEPS} places, not {side:g} and {steps}.")
    view = predictor.view(image)
    filled = filling(view, fill)
    [before] = answers(predictor, [view])
    of_box = before.corners is not None and len(predictor.classes) == 1
    index = None if of_box else before.index if target is None else predictor.index_of(target)
    places, found = patches(side, steps), list[Answer]()
    for start in range(0, len(places), BATCH):
        found += answers(predictor, [covered(view, place, filled) for place in places[start : start + BATCH]])
        if progress is not None:
            progress(len(found), len(places))
    base = 1.0 if index is None else float(before.probabilities[index])
    scores = [_score(before, one, index) for one in found]
    drops = (base - np.array(scores, dtype=np.float64)).astype(np.float32)
    return Occlusion(
        heatmap=_spread(drops, places, view.size),
        drops=drops.reshape(steps, steps),
        target=THE_BOX if index is None else predictor.classes[index],
        target_index=index,
        before=base,
        changed=0 if index is None else sum(one.index != before.index for one in found),
        fill=fill,
        side=side,
    )


def occlusion_as_json(found: Occlusion) -> dict[str, Any]:
    """Return an occlusion map as JSON can hold it."""
    names = ("target", "target_index", "before", "changed", "fill", "side")
    return {
        "arrays": pack_arrays(heatmap=found.heatmap, drops=found.drops),
        **{name: getattr(found, name) for name in names},
    }


def read_occlusion(found: Mapping[str, Any]) -> Occlusion:
    """Return the map of ``occlusion_as_json``."""
    arrays = unpack_arrays(found["arrays"])
    plain = {name: value for name, value in found.items() if name != "arrays"}
    return Occlusion(heatmap=arrays["heatmap"], drops=arrays["drops"], **plain)


def _score(before: Answer, after: Answer, index: int | None) -> float:
    if index is not None:
        return float(after.probabilities[index])
    overlap = kept_overlap(before, after)
    assert overlap is not None  # only a localization model is asked for its box
    return overlap


def _spread(drops: np.ndarray, places: list[Patch], size: tuple[int, int]) -> np.ndarray:
    """Return for each pixel the mean drop of the patches over it, without what is negative, its peak at 1."""
    total, count = np.zeros((size[1], size[0])), np.zeros((size[1], size[0]))
    for drop, place in zip(drops, places, strict=True):
        left, top, right, bottom = place.pixels(size)
        total[top:bottom, left:right] += drop
        count[top:bottom, left:right] += 1
    mean = np.divide(total, count, out=np.zeros_like(total), where=count > 0).clip(min=0)
    peak = mean.max()
    return (mean / peak if peak > 0 else mean).astype(np.float32)
