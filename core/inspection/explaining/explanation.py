"""An explanation: a heatmap with its model's prediction, and the images drawn from it."""

from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from core.inspection.explaining.exactness import Exactness
from core.inspection.explaining.methods import METHODS
from core.inspection.measuring.overlap import heat_inside
from core.inspection.predicting.draw_boxes import Corners, draw_boxes
from core.inspection.predicting.predictions import Prediction

# Twelve stops of Inferno (van der Walt and Smith, 2015; CC0): equal steps look equal, also in greyscale and to
# colour-blind people. The Jet colour map shows edges where the heatmap has none.
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


_EVEN = 0.9

THE_BOX = "the box"
"""The name of an explanation's target if it is the box and not a class."""


@dataclass(frozen=True)
class Explanation:
    """Where a model looked: ``heatmap`` is float32 [size, size], 0 to 1, on ``view``, the network's input image.

    ``sharp`` is the same part of the image at a higher resolution where available, for people to look at.
    """

    heatmap: np.ndarray = field(repr=False)
    view: Image.Image = field(repr=False)
    sharp: Image.Image = field(repr=False)
    target: str
    target_index: int | None
    """Of the class; None for the box."""
    probability: float | None
    """Of the class; None for the box."""
    prediction: Prediction
    method: str
    stage: str
    seconds: float
    too_coarse: tuple[str, int, int] | None = None
    """The stage that was asked for with the height and width of its feature maps, if an earlier one replaced it."""
    corners: Corners | None = None
    """The predicted box on the view, as shares of it; ``prediction`` has it in pixels of the image."""
    true_corners: Corners | None = None
    iou: float | None = None
    exactness: Exactness | None = None
    """Whether the heatmap is exact or an approximation, where that is known."""
    averaged_views: int = 1
    """How many views of a photo the model's predictions average; this is about one of them."""

    @property
    def of_box(self) -> bool:
        """Whether the target is the box and not a class."""
        return self.target_index is None

    @property
    def empty(self) -> bool:
        """Whether the method found no evidence for the target."""
        return not self.heatmap.any()

    @property
    def even(self) -> bool:
        """Whether the evidence is about equal everywhere, so that the heatmap points to no place."""
        return not self.empty and float(self.heatmap.min()) > _EVEN * float(self.heatmap.max())

    @property
    def heat_inside(self) -> float | None:
        """The share of the heat inside the true box; None if there is no true box or no heat."""
        return heat_inside(self.heatmap, self.true_corners) if self.true_corners else None

    @property
    def box_sentence(self) -> str:
        """A sentence about the boxes drawn on the image; empty if there are none."""
        if self.true_corners is None:
            return "The solid frame is the predicted box." if self.corners else ""
        text = "The dashed frame is the true box"
        if self.corners and self.iou is not None:
            text = f"The solid frame is the predicted box, the dashed one the true box; their IoU is {self.iou:.2f}"
        inside = self.heat_inside
        if inside is None:
            return f"{text}."
        left, top, right, bottom = (min(max(edge, 0.0), 1.0) for edge in self.true_corners)
        covered = (right - left) * (bottom - top)
        heat = f"{inside:.0%} of the heat lies inside the true box, which covers {covered:.0%} of the photo."
        if len(self.prediction.ranked) == 1 and not self.of_box:
            heat += " With a single class, the class score is not trained, so this heatmap means little."
        return f"{text}. {heat}"

    @property
    def sentence(self) -> str:
        """A caption for the heatmap."""
        return f"{self._stage_sentence}{self._evidence_sentence}{self._views_sentence}"

    @property
    def _views_sentence(self) -> str:
        if self.averaged_views == 1:
            return ""
        return (
            f" This is about one view of the photo. Predictions average {self.averaged_views} views, and a decision "
            "saved with the model is fitted on these averages, so the answer here may differ."
        )

    @property
    def _stage_sentence(self) -> str:
        if self.too_coarse is None:
            return ""
        stage, height, width = self.too_coarse
        return (
            f"At {stage} the feature maps of this model have only {height} × {width} positions, too few for a heatmap, "
            f"so {self.stage} is used. "
        )

    @property
    def _evidence_sentence(self) -> str:
        label = METHODS[self.method].label
        target = self.target if self.probability is None else f"{self.target} ({self.probability:.1%})"
        if self.empty:
            return (
                f"{label} at {self.stage} finds no evidence for {target} in this photo. "
                f"Try another stage, method or class."
            )
        if self.even:
            return f"{label} at {self.stage} finds evidence for {target} about equally everywhere in this photo."
        if not METHODS[self.method].by_class:
            return f"{label} at {self.stage}: brighter areas have more of the strongest pattern in the feature maps."
        if self.of_box:
            return f"{label} at {self.stage}: brighter areas contribute more to the position of the box."
        return f"{label} at {self.stage}: brighter areas are stronger evidence for {target}."


def colored(heatmap: np.ndarray) -> Image.Image:
    """Colour a heatmap [h, w] with values from 0 to 1, dark to bright."""
    place = np.clip(heatmap, 0, 1) * (len(_INFERNO) - 1)
    below = np.minimum(place.astype(np.int64), len(_INFERNO) - 2)
    share = (place - below)[..., None]
    colors = _INFERNO[below] * (1 - share) + _INFERNO[below + 1] * share
    return Image.fromarray(np.rint(colors).astype(np.uint8))


def overlay(explanation: Explanation, opacity: float = 0.5) -> Image.Image:
    """Draw the heatmap over the image, with the boxes; opacity 0 shows only the image, 1 only the heatmap."""
    colors = colored(explanation.heatmap).resize(explanation.sharp.size, Image.Resampling.BILINEAR)
    return framed(Image.blend(explanation.sharp, colors, min(max(opacity, 0.0), 1.0)), explanation)


def framed(picture: Image.Image, explanation: Explanation) -> Image.Image:
    """Draw an explanation's boxes on an image: the predicted one solid, the true one dashed."""
    return draw_boxes(picture, explanation.corners, explanation.true_corners)


def side_by_side(explanation: Explanation, opacity: float = 0.5) -> Image.Image:
    """Draw the image on the left and the overlay on the right, for a file."""
    width, height = explanation.sharp.size
    gap = width // 28
    sheet = Image.new("RGB", (2 * width + gap, height), "white")
    sheet.paste(framed(explanation.sharp, explanation), (0, 0))
    sheet.paste(overlay(explanation, opacity), (width + gap, 0))
    return sheet
