"""Faithfulness of a heatmap: how the prediction changes if the hottest part of the image is blurred."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFilter

from core.inspection.explaining.explanation import Explanation
from core.inspection.explaining.target_score import TargetScore

if TYPE_CHECKING:
    from core.inspection.predicting.predictor import Predictor

ELSEWHERE = 6
SEED = 0


@dataclass(frozen=True)
class Faithfulness:
    """The target's probability: ``before``, ``after`` the hottest ``share`` of the view is blurred, and ``elsewhere``,
    the mean if other areas of the same size and shape are blurred.

    With ``of_box``, the IoU of the predicted box with the one before, instead of a probability.
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
        blurred = f"With the hottest {self.share:.0%} of the photo blurred"
        if self.of_box:
            figures = (
                f"{blurred}, the predicted box has an IoU of {self.after:.2f} with the original prediction; "
                f"with an equal area blurred elsewhere, {self.elsewhere:.2f}."
            )
        else:
            figures = (
                f"{blurred}, the probability of {self.target} changes from {self.before:.0%} to {self.after:.0%}; "
                f"with an equal area blurred elsewhere, to {self.elsewhere:.0%}."
            )
        drop, other = self.before - self.after, self.before - self.elsewhere
        if drop > 0.1 and drop > 2 * other:
            return f"{figures} So the prediction does depend on the hottest part."
        if drop > other + 0.02:
            return f"{figures} So the prediction depends more on the hottest part than on others, but not only on it."
        return f"{figures} So the prediction hardly depends on the hottest part."


def faithfulness(predictor: "Predictor", explanation: Explanation, share: float = 0.2) -> Faithfulness:
    """Predict with the hottest ``share`` of the view blurred, and with areas of the same shape blurred elsewhere.

    The other areas are the hot area shifted by random steps from a fixed seed, wrapping around the edges. Scattered
    pixels would not be a fair comparison, since networks cope with small gaps. All views run in one batch.
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
    # Wide enough to remove parts and texture, while colours and brightness stay familiar to the network.
    blurred = view.filter(ImageFilter.GaussianBlur(max(view.size) / 12))
    views = [view, *(Image.composite(blurred, view, Image.fromarray(mask)) for mask in masks)]
    scores = TargetScore(predictor, view, explanation.target_index)(views)
    return Faithfulness(
        target=explanation.target,
        share=share,
        before=float(scores[0]),
        after=float(scores[1]),
        elsewhere=float(scores[2:].mean()),
        places=ELSEWHERE,
        empty=explanation.empty,
        of_box=explanation.of_box,
    )


def hottest(heatmap: np.ndarray, share: float) -> np.ndarray:
    """Return a mask [H, W] of the hottest ``share`` of a heatmap, exact to the pixel even with equal values."""
    mask = np.zeros(heatmap.size, dtype=bool)
    mask[np.argsort(-heatmap, axis=None, kind="stable")[: round(share * heatmap.size)]] = True
    return mask.reshape(heatmap.shape)
