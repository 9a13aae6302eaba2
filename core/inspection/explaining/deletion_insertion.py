"""Deletion and insertion curves: what happens to an answer when places vanish, or appear, in the order of a map.

Follows Petsiuk et al. 2018, "RISE" (arXiv 1806.07421). Deletion paints places grey, the hottest first: if the map is
right, the score falls early, and the area under its curve is small. Insertion begins with a blurred photo and makes
places sharp, the hottest first: the area is large. An area is the mean score on the way, 0 to 1.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFilter

from core.inspection.explaining.baseline_maps import centre_blob, random_places
from core.inspection.explaining.target_score import TargetScore
from core.progress import CountCallback

if TYPE_CHECKING:
    from core.inspection.explaining.explanation import Explanation
    from core.inspection.predicting.predictor import Predictor

STEPS = 16
RANDOM_ORDERS = 3
_BATCH = 16
_CLEAR = 0.02
"""Differences of areas below this are taken for none."""


@dataclass(frozen=True)
class OrderCurves:
    """The scores [steps + 1] while the shares 0 to 1 of the photo are deleted, or inserted, in one order."""

    deletion: tuple[float, ...]
    insertion: tuple[float, ...]

    @property
    def deletion_area(self) -> float:
        """Lower is better."""
        return _area(self.deletion)

    @property
    def insertion_area(self) -> float:
        """Higher is better."""
        return _area(self.insertion)

    @property
    def gain(self) -> float:
        """The insertion area minus the deletion area: higher is better."""
        return self.insertion_area - self.deletion_area


@dataclass(frozen=True)
class DeletionInsertion:
    """The curves of a heatmap, of random orders (their mean), and of the order from the centre outwards."""

    target: str
    heatmap: OrderCurves
    random: OrderCurves
    centre: OrderCurves
    of_box: bool = False
    empty: bool = False
    """Whether the heatmap has no heat, and so no order."""

    @property
    def deletion_sentence(self) -> str:
        if self.empty:
            return "The heatmap is empty, so it gives no order in which to delete places."
        return (
            f"While places turn grey, hottest first, the {self._score} averages {self.heatmap.deletion_area:.0%}. "
            f"In random order it averages {self.random.deletion_area:.0%}, from the centre outwards "
            f"{self.centre.deletion_area:.0%}. Lower is better."
        )

    @property
    def insertion_sentence(self) -> str:
        if self.empty:
            return ""
        return (
            f"While places turn sharp, hottest first, it averages {self.heatmap.insertion_area:.0%}. "
            f"In random order it averages {self.random.insertion_area:.0%}, from the centre outwards "
            f"{self.centre.insertion_area:.0%}. Higher is better."
        )

    @property
    def verdict(self) -> str:
        if self.empty:
            return ""
        if self.heatmap.gain <= self.random.gain + _CLEAR:
            return "So on this photo, the map finds the decisive places no better than chance."
        if self.heatmap.gain <= self.centre.gain + _CLEAR:
            return "So on this photo, the map is better than chance, but no better than a blob in the centre."
        return "So on this photo, the map finds the decisive places better than chance and than a blob in the centre."

    @property
    def _score(self) -> str:
        return "overlap with the predicted box" if self.of_box else f"probability of {self.target}"


def deletion_insertion(
    predictor: "Predictor", explanation: "Explanation", progress: CountCallback | None = None, steps: int = STEPS
) -> DeletionInsertion:
    """Return the curves of an explanation's heatmap and of both baselines."""
    side = len(explanation.heatmap)
    randoms = {f"random {seed}": random_places(side, seed) for seed in range(RANDOM_ORDERS)}
    maps = {"heatmap": explanation.heatmap, "centre": centre_blob(side), **randoms}
    found = curves_of(predictor, explanation.view, explanation.target_index, maps, steps, progress)
    return DeletionInsertion(
        explanation.target,
        found["heatmap"],
        mean_of([found[name] for name in randoms]),
        found["centre"],
        of_box=explanation.of_box,
        empty=explanation.empty,
    )


def curves_of(
    predictor: "Predictor",
    view: Image.Image,
    target_index: int | None,
    maps: Mapping[str, np.ndarray],
    steps: int = STEPS,
    progress: CountCallback | None = None,
) -> dict[str, OrderCurves]:
    """Return the curves of each map [H, W] on a view; ``target_index`` None is the box.

    ``progress`` is called with the number of views that are predicted.
    """
    score = TargetScore(predictor, view, target_index)
    sharp = np.asarray(view)
    grey = np.empty_like(sharp)
    grey[:] = predictor.preprocessing.gray
    # Wide enough to remove parts and texture, as in core.inspection.explaining.faithfulness.
    blurred = np.asarray(view.filter(ImageFilter.GaussianBlur(max(view.size) / 12)))
    total = 3 + 2 * (steps - 1) * len(maps)
    scores: list[float] = []
    pictures = _pictures(sharp, grey, blurred, maps, steps)
    while some := list(islice(pictures, _BATCH)):
        scores += score([Image.fromarray(one) for one in some]).tolist()
        if progress:
            progress(len(scores), total)
    whole, gone, vague, *rest = scores
    found = {}
    for place, name in enumerate(maps):
        mine = rest[2 * (steps - 1) * place : 2 * (steps - 1) * (place + 1)]
        found[name] = OrderCurves((whole, *mine[: steps - 1], gone), (vague, *mine[steps - 1 :], whole))
    return found


def mean_of(curves: Sequence[OrderCurves]) -> OrderCurves:
    """Return the mean curves of several orders."""
    return OrderCurves(
        tuple(np.mean([one.deletion for one in curves], axis=0).tolist()),
        tuple(np.mean([one.insertion for one in curves], axis=0).tolist()),
    )


def order_of(values: np.ndarray) -> np.ndarray:
    """Return each place's rank [H, W] in a map, 0 for the hottest; among equals the order is random but fixed."""
    dice = np.random.default_rng(0).random(values.size)
    order = np.lexsort((dice, -values.ravel()))
    ranks = np.empty(values.size, np.int64)
    ranks[order] = np.arange(values.size)
    return ranks.reshape(values.shape)


def _pictures(
    sharp: np.ndarray, grey: np.ndarray, blurred: np.ndarray, maps: Mapping[str, np.ndarray], steps: int
) -> Iterator[np.ndarray]:
    """Yield the three ends that all orders share, then the steps between: deletion, then insertion, of each map."""
    yield from (sharp, grey, blurred)
    for values in maps.values():
        ranks = order_of(values)
        for before, after in ((sharp, grey), (blurred, sharp)):
            for step in range(1, steps):
                changed = ranks < round(step / steps * ranks.size)
                yield np.where(changed[..., None], after, before)


def _area(scores: Sequence[float]) -> float:
    return float(np.trapezoid(scores, dx=1 / (len(scores) - 1)))
