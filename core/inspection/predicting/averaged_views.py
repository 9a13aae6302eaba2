"""Test-time augmentation: several views of the same photo, whose probabilities are averaged."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.data.pictures.network_input.view_limit import MOST_TEST_TIME_VIEWS
from core.errors import ModelError

_WINDOW = 7 / 8
"""The side of a crop as a share of the view's: that of the view in mode crop, 224 of 256."""
_CORNERS = ((0, 0), (1, 1), (0, 1), (1, 0))
"""Top and left of each crop: 0 is the start, 1 the end. Opposite corners first, so that two already cover the view."""


def variations(pixels: Tensor, views: int) -> Iterator[Tensor]:
    """Yield the views of a batch, each uint8 [N, 3, size, size].

    The order is: the batch itself, its mirror image, then crops of the four corners, enlarged to the full size, each
    with its mirror image. They are made from pixels on the CPU, so they are the same on every device.
    """
    side = pixels.shape[-1]
    window = round(side * _WINDOW)
    for number in range(views):
        seen = pixels
        if number >= 2:
            from torchvision.transforms.v2 import functional as F  # takes seconds, and most predictions need no crops

            top, left = ((side - window) * place for place in _CORNERS[number // 2 - 1])
            seen = F.resized_crop(pixels, top, left, window, window, [side, side], antialias=True)
        yield torch.flip(seen, [-1]) if number % 2 else seen


def averaged_logits(logits: list[np.ndarray]) -> np.ndarray:
    """Return logits whose softmax is the mean of the softmax of each [N, classes]; float32."""
    wide = np.stack([one.astype(np.float64) for one in logits])
    wide -= _log_sums(wide, -1)[..., None]
    return (_log_sums(wide, 0) - np.log(len(logits))).astype(np.float32)


def checked_views(views: int) -> int:
    """Return the number of test-time views; raises ModelError if it is not allowed."""
    if not 1 <= views <= MOST_TEST_TIME_VIEWS:
        raise ModelError(f"The number of test-time views is {views}. Choose 1 (off) to {MOST_TEST_TIME_VIEWS}.")
    return views


def views_of_recipe(recipe: dict[str, Any] | None) -> int:
    """Return the number of test-time views in a bundle's recipe: 1 if it says none, or is no recipe of ours."""
    views = (recipe or {}).get("test_time_views", 1)
    return views if type(views) is int and 1 <= views <= MOST_TEST_TIME_VIEWS else 1


def _log_sums(values: np.ndarray, axis: int) -> np.ndarray:
    top = values.max(axis=axis, keepdims=True)
    return np.asarray((top + np.log(np.exp(values - top).sum(axis=axis, keepdims=True))).squeeze(axis))
