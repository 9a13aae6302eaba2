"""How strongly a model answers as it did when parts of a photo are changed: for all checks of heatmaps."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from core.inspection.measuring.overlap import ious

if TYPE_CHECKING:
    from core.data.pictures.box import Box
    from core.inspection.predicting.predictor import Predictor


class TargetScore:
    """Views [N] -> scores [N], 0 to 1: the probability of a class.

    Without a class, it is the IoU of the predicted box with the box that is predicted in ``view``.
    """

    def __init__(self, predictor: "Predictor", view: Image.Image, target_index: int | None) -> None:
        self._predictor = predictor
        self._index = target_index
        self._box = None if target_index is not None else self._boxes([view])[0]

    def __call__(self, views: Sequence[Image.Image]) -> np.ndarray:
        if self._index is not None:
            return self._predictor.probabilities_of_views(views)[:, self._index]
        assert self._box is not None
        return ious(self._boxes(views), [self._box] * len(views))

    def _boxes(self, views: Sequence[Image.Image]) -> "list[Box]":
        found = self._predictor.predictions_of_views(views, [view.size for view in views])
        return [one.box for one in found if one.box is not None]  # a localization network predicts one for each view
