"""A heatmap and the pictures drawn from it."""

from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from core.inspection.explaining.methods import METHODS
from core.inspection.measuring.overlap import heat_inside
from core.inspection.predicting.draw_boxes import Corners, draw_boxes
from core.inspection.predicting.predictions import Prediction

# Twelve stops of Inferno (van der Walt and Smith, 2015; CC0): equal steps look equal, also in greyscale and to the
# color-blind. Jet draws edges where the map has none.
_INFERNO = np.array(
    [
        (0, 0, 4),
        (20, 11, 52),
        (57, 9, 99),
        (95, 19, 110),
        (133, 33, 107),
        (169, 46, 94),
        (203, 65, 73),
        (230, 93, 47),
        (247, 132, 16),
        (252, 174, 18),
        (245, 219, 76),
        (252, 255, 164),
    ],
    dtype=np.float32,
)


THE_BOX = "the box"
"""What an explanation calls its target where that is no class."""


@dataclass(frozen=True)
class Explanation:
    """Where a network looked: ``heatmap`` is float32 [size, size], 0 to 1, on ``view``, the picture the network saw.

    ``sharp`` is the same part of the image with more pixels where it has them, to be looked at by people.
    """

    heatmap: np.ndarray = field(repr=False)
    view: Image.Image = field(repr=False)
    sharp: Image.Image = field(repr=False)
    target: str
    target_index: int | None
    """The class's; the box has none."""
    probability: float | None
    """The class's; the box has none."""
    prediction: Prediction
    method: str
    stage: str
    seconds: float
    corners: Corners | None = None
    """The predicted box on the view, as shares of it; its pixels in the image are the prediction's."""
    true_corners: Corners | None = None
    iou: float | None = None

    @property
    def of_box(self) -> bool:
        """Whether it is about what makes the box, and not about a class."""
        return self.target_index is None

    @property
    def empty(self) -> bool:
        """Whether the method found no place that speaks for the class."""
        return not self.heatmap.any()

    @property
    def heat_inside(self) -> float | None:
        """The share of the heat inside the true box; None where either is missing."""
        return heat_inside(self.heatmap, self.true_corners) if self.true_corners else None

    @property
    def box_sentence(self) -> str:
        """What the frames on the picture say; empty where there are none."""
        if self.true_corners is None:
            return "The solid frame is where the network says that the object is." if self.corners else ""
        said = "The dashed frame is the true box"
        if self.corners and self.iou is not None:
            said = f"The solid frame is the predicted box, the dashed one the true box; their IoU is {self.iou:.2f}"
        inside = self.heat_inside
        if inside is None:
            return f"{said}."
        left, top, right, bottom = (min(max(edge, 0.0), 1.0) for edge in self.true_corners)
        covered = (right - left) * (bottom - top)
        heat = f"{inside:.0%} of the heat lies inside the true box, which covers {covered:.0%} of the picture."
        if len(self.prediction.ranked) == 1 and not self.of_box:
            heat += (
                " A single class has nothing to be told apart from, so its score is not trained: the heat says little."
            )
        return f"{said}. {heat}"

    @property
    def sentence(self) -> str:
        """What the heatmap says, for a caption."""
        label = METHODS[self.method].label
        target = self.target if self.probability is None else f"{self.target} ({self.probability:.1%})"
        if self.empty:
            return (
                f"{label} at {self.stage} finds no place in this picture that speaks for {target}. "
                f"Try another stage, method or class."
            )
        if not METHODS[self.method].by_class:
            return f"{label} at {self.stage}: the brighter, the more of the strongest pattern in the feature maps."
        if self.of_box:
            return f"{label} at {self.stage}: the brighter, the more it counts for where the box is put."
        return f"{label} at {self.stage}: the brighter, the more it speaks for {target}."


def colored(heatmap: np.ndarray) -> Image.Image:
    """A heatmap [h, w] of 0 to 1 as colors, dark to bright."""
    place = np.clip(heatmap, 0, 1) * (len(_INFERNO) - 1)
    below = np.minimum(place.astype(np.int64), len(_INFERNO) - 2)
    share = (place - below)[..., None]
    colors = _INFERNO[below] * (1 - share) + _INFERNO[below + 1] * share
    return Image.fromarray(np.rint(colors).astype(np.uint8))


def overlay(explanation: Explanation, opacity: float = 0.5) -> Image.Image:
    """The picture with the heatmap over it, and the boxes; opacity 0 is the bare picture, 1 the bare heatmap."""
    colors = colored(explanation.heatmap).resize(explanation.sharp.size, Image.Resampling.BILINEAR)
    return framed(Image.blend(explanation.sharp, colors, min(max(opacity, 0.0), 1.0)), explanation)


def framed(picture: Image.Image, explanation: Explanation) -> Image.Image:
    """The picture with the boxes of an explanation: the predicted one solid, the true one dashed."""
    return draw_boxes(picture, explanation.corners, explanation.true_corners)


def side_by_side(explanation: Explanation, opacity: float = 0.5) -> Image.Image:
    """The picture at the left and the overlay at the right, for a file."""
    width, height = explanation.sharp.size
    gap = width // 28
    sheet = Image.new("RGB", (2 * width + gap, height), "white")
    sheet.paste(framed(explanation.sharp, explanation), (0, 0))
    sheet.paste(overlay(explanation, opacity), (width + gap, 0))
    return sheet
