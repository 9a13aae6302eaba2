"""A model's answer to a view, and to the same view with a patch over it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from core.data.pictures.crop_geometry import box_of
from core.inspection.measuring.overlap import ious

if TYPE_CHECKING:
    from core.inspection.predicting.draw_boxes import Corners
    from core.inspection.predicting.predictor import Predictor


@dataclass(frozen=True)
class Answer:
    """The probabilities [classes] of one view, and the box as shares of its sides for localization."""

    probabilities: np.ndarray
    index: int
    """Of the predicted class."""
    corners: "Corners | None" = None


def answers(predictor: "Predictor", views: Sequence[Image.Image]) -> list[Answer]:
    """Return the answers to one batch of views, each as it is, from a single forward pass."""
    outputs = predictor.outputs_of_views(views)
    found = predictor.decided(predictor.logits_of(outputs))
    chosen = found.chosen.tolist()
    if predictor.task != "localization":
        return [Answer(row, index) for row, index in zip(found.probabilities, chosen, strict=True)]
    sides = outputs[:, len(predictor.classes) :].astype(float).tolist()
    return [
        Answer(row, index, (box[0], box[1], box[2], box[3]))
        for row, index, box in zip(found.probabilities, chosen, sides, strict=True)
    ]


def kept_overlap(before: Answer, after: Answer) -> float | None:
    """Return the IoU of two answers' boxes; None without boxes."""
    if before.corners is None or after.corners is None:
        return None
    return float(ious([box_of(*after.corners)], [box_of(*before.corners)])[0])
