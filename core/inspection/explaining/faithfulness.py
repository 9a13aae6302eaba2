"""Whether a heatmap shows what matters: what the network says when the hottest part of the picture is blurred."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFilter

from core.inspection.explaining.explanation import Explanation
from core.inspection.measuring.overlap import ious

if TYPE_CHECKING:
    from core.inspection.predicting.predictor import Predictor

ELSEWHERE = 6
SEED = 0


@dataclass(frozen=True)
class Faithfulness:
    """The target's probability: ``before``, ``after`` the hottest ``share`` of the view is blurred, and ``elsewhere``,
    the mean over other places of the same size and form.

    ``of_box``: instead of a probability the overlap (IoU) of the network's box with the one before.
    """

    target: str
    share: float
    before: float
    after: float
    elsewhere: float
    places: int
    empty: bool = False
    of_box: bool = False

    @property
    def sentence(self) -> str:
        if self.empty:
            return "The heatmap is empty, so there is no hottest part to blur."
        if self.of_box:
            figures = (
                f"With the hottest {self.share:.0%} of the picture blurred, the network's box has an IoU of "
                f"{self.after:.2f} with the one before; with as much blurred elsewhere, of {self.elsewhere:.2f}."
            )
        else:
            figures = (
                f"With the hottest {self.share:.0%} of the picture blurred, {self.target} goes from {self.before:.0%} "
                f"to {self.after:.0%}; with as much blurred elsewhere, to {self.elsewhere:.0%}."
            )
        drop, other = self.before - self.after, self.before - self.elsewhere
        if drop > 0.1 and drop > 2 * other:
            return f"{figures} So the hot part does carry the answer."
        if drop > other + 0.02:
            return f"{figures} So the hot part carries more of the answer than other parts, but not all of it."
        return f"{figures} So the answer does not hang on the hot part: it is spread wider, or rests on something else."


def faithfulness(predictor: "Predictor", explanation: Explanation, share: float = 0.2) -> Faithfulness:
    """Blur the hottest ``share`` of the view, then areas of the same form elsewhere, and see what is left.

    Elsewhere is the hot area shifted around the edges by random steps from a fixed seed: scattered pixels would be no
    fair comparison, since a network fills small gaps easily. All views go through the network in one batch.
    """
    if not 0 < share < 1:
        raise ValueError(f"share must lie between 0 and 1, not {share}")
    hot = hottest(explanation.heatmap, share)
    generator = np.random.default_rng(SEED)
    height, width = hot.shape
    shifts = zip(
        generator.integers(height // 4, height - height // 4, ELSEWHERE),
        generator.integers(width // 4, width - width // 4, ELSEWHERE),
        strict=True,
    )
    masks = [hot, *(np.roll(hot, shift, axis=(0, 1)) for shift in shifts)]
    view = explanation.view
    # Wide enough to take away parts and texture, while colors and brightness stay what the network is used to.
    blurred = view.filter(ImageFilter.GaussianBlur(max(view.size) / 12))
    views = [view, *(Image.composite(blurred, view, Image.fromarray(mask)) for mask in masks)]
    if explanation.target_index is None:
        size = (len(hot[0]), len(hot))
        boxes = [one.box for one in predictor.predictions_of_views(views, [size] * len(views))]
        found = [box for box in boxes if box is not None]  # a network for boxes finds one in each
        answers = ious(found, found[:1] * len(found))
    else:
        answers = predictor.probabilities_of_views(views)[:, explanation.target_index]
    return Faithfulness(
        target=explanation.target,
        share=share,
        before=float(answers[0]),
        after=float(answers[1]),
        elsewhere=float(answers[2:].mean()),
        places=ELSEWHERE,
        empty=explanation.empty,
        of_box=explanation.of_box,
    )


def hottest(heatmap: np.ndarray, share: float) -> np.ndarray:
    """A mask [H, W] of the hottest ``share`` of a heatmap, to the pixel also where many are equal."""
    mask = np.zeros(heatmap.size, dtype=bool)
    mask[np.argsort(-heatmap, axis=None, kind="stable")[: round(share * heatmap.size)]] = True
    return mask.reshape(heatmap.shape)
