"""A patch over a model's view of a photo, and what it is filled with. Does not import torch."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

FILLS = {
    "grey": "Grey",
    "blur": "Blurred",
    "mean": "Mean colour",
}
"""What a patch shows, with its name: flat grey as in the paper, the photo blurred, or the photo's mean colour."""

GREY = (128, 128, 128)


@dataclass(frozen=True)
class Patch:
    """A rectangle on a view, as shares of its sides."""

    left: float
    top: float
    width: float
    height: float

    @property
    def area(self) -> float:
        return self.width * self.height

    @property
    def corners(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom."""
        return self.left, self.top, self.left + self.width, self.top + self.height

    def pixels(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """Return left, top, right and bottom in pixels of an image of that width and height, at least one each."""
        left, right = _edges(self.left, self.width, size[0])
        top, bottom = _edges(self.top, self.height, size[1])
        return left, top, right, bottom

    def mask(self, size: tuple[int, int]) -> np.ndarray:
        """Return which pixels of an image of that width and height it covers, bool [height, width]."""
        left, top, right, bottom = self.pixels(size)
        mask = np.zeros((size[1], size[0]), dtype=bool)
        mask[top:bottom, left:right] = True
        return mask


def filling(view: Image.Image, fill: str) -> Image.Image:
    """Return an image of the view's size, of which a patch shows a part."""
    if fill == "blur":
        # As wide as in core.inspection.explaining.faithfulness: parts and texture go, colours stay.
        return view.filter(ImageFilter.GaussianBlur(max(view.size) / 12))
    return Image.new("RGB", view.size, mean_color(view) if fill == "mean" else GREY)


def mean_color(view: Image.Image) -> tuple[int, int, int]:
    """Return the mean of all pixels."""
    red, green, blue = np.asarray(view, dtype=np.float64).reshape(-1, 3).mean(axis=0)
    return round(red), round(green), round(blue)


def covered(view: Image.Image, patch: Patch, filled: Image.Image) -> Image.Image:
    """Return the view with a patch of ``filled`` (from ``filling``) over it."""
    box = patch.pixels(view.size)
    result = view.copy()
    result.paste(filled.crop(box), box[:2])
    return result


def _edges(low: float, length: float, pixels: int) -> tuple[int, int]:
    start = min(max(round(low * pixels), 0), pixels - 1)
    return start, min(max(round((low + length) * pixels), start + 1), pixels)
