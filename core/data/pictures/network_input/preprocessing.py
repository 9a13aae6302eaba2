"""Preprocessing: the exact view of a picture that a network sees, and the copy that training varies; without torch."""

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

from core.data.pictures.box import Box
from core.data.pictures.crop_geometry import CropGeometry
from core.data.pictures.network_input.reduced_image import ReducedImage

if TYPE_CHECKING:
    from torch import Tensor

# The channel means and deviations that nearly all ImageNet weights were trained with.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

# A strip longer than this many times its height is cropped to its middle before resizing: a picture of 60,000 x 10
# pixels would otherwise grow to gigabytes on its way to a square, and the crop shows only the middle anyway.
LONGEST = 8


class Preprocessing(BaseModel):
    """How a picture becomes the network's input, bit for bit the same in validation, evaluation and prediction."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Literal["crop", "squash", "letterbox"] = "crop"
    size: int = Field(default=224, ge=1)
    resize: int = Field(default=256, ge=1)
    interpolation: Literal["bilinear"] = "bilinear"
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD

    @property
    def gray(self) -> tuple[int, int, int]:
        """The colour of letterbox bars and rotated corners: the mean, which the network sees as zero."""
        red, green, blue = (round(255 * channel) for channel in self.mean)
        return red, green, blue

    def view(self, image: Image.Image) -> Image.Image:
        """Return exactly what the network sees: RGB, size x size.

        In mode crop this is torchvision's Resize(resize) and CenterCrop(size) on a PIL image, to the bit.
        """
        image = _rgb(image)
        if self.mode == "squash":
            return image.resize((self.size, self.size), Image.Resampling.BILINEAR)
        if self.mode == "letterbox":
            return self._letterbox(image, self.size)
        image = _short_side(image, self.resize)
        left, top = self._corner(image.size)
        return image.crop((left, top, left + self.size, top + self.size))

    def view_placement(self, width: int, height: int) -> CropGeometry:
        """Return where a picture of that size lies in its view; in mode crop it reaches beyond."""
        if self.mode != "crop":
            return self._fitted(width, height, self.size)
        window = _middle_window(width, height, LONGEST)
        resized = _short_side_size(window.width, window.height, self.resize)
        left, top = self._corner(resized)
        return CropGeometry.of(window, resized, -left, -top)

    def copy_placement(self, width: int, height: int) -> CropGeometry:
        """Return where a picture of that size lies in its training copy."""
        if self.mode != "crop":
            return self._fitted(width, height, max(self.resize, self.size))
        return CropGeometry.of(_middle_window(width, height, longest=2), self.copy_size(width, height), 0, 0)

    def copy_size(self, width: int, height: int) -> tuple[int, int]:
        """Return the width and height of the training copy of a picture of that size."""
        side = max(self.resize, self.size)
        if self.mode != "crop":
            return side, side
        window = _middle_window(width, height, longest=2)
        size = (round(window.width), round(window.height))
        return _short_side_size(*size, side) if min(window.width, window.height) > side else size

    def training_copy(self, image: Image.Image) -> Image.Image:
        """Return the picture a bit larger than the view, to leave room for augmentation; mode crop never enlarges."""
        image = _rgb(image)
        side = max(self.resize, self.size)
        if self.mode == "squash":
            return image.resize((side, side), Image.Resampling.BILINEAR)
        if self.mode == "letterbox":
            return self._letterbox(image, side)
        # No augmentation window goes further from the middle than twice the height.
        image = _middle(image, longest=2)
        return _short_side(image, side) if min(image.size) > side else image

    @property
    def reduced_side(self) -> int:
        """The short side that a picture decoded at reduced scale must have for `reduced_copy`.

        At twice the copy's size, no pixel of 8 photos of 14 megapixels differed by more than 4 of 255 from the copy
        of the whole picture, and the mean by 0.3.
        """
        return 2 * max(self.resize, self.size)

    def reduced_copy(self, reduced: ReducedImage) -> Image.Image:
        """Return the training copy of a picture that was decoded at reduced scale; of a whole one, exactly its copy."""
        if reduced.whole:
            return self.training_copy(reduced.image)
        width, height = reduced.size
        target = self.copy_size(width, height)
        if self.mode == "crop":
            return reduced.resized(target, _middle_window(width, height, longest=2))
        whole = Box(0, 0, width, height)
        if self.mode == "squash":
            return reduced.resized(target, whole)
        inner = _inscribed(width, height, target[0])
        return self._on_canvas(reduced.resized(inner, whole), target[0])

    def tensor(self, image: Image.Image) -> "Tensor":
        """Return the network's input: float32 [3, size, size], normalised."""
        import torch

        pixels = torch.from_numpy(np.array(self.view(image))).permute(2, 0, 1)
        return self.normalise(pixels[None])[0]

    def normalise(self, images: "Tensor") -> "Tensor":
        """uint8 [N, 3, H, W] -> float32, zero mean and unit deviation, on the same device in the same memory format."""
        import torch

        mean = torch.tensor(self.mean, device=images.device).view(1, 3, 1, 1)
        std = torch.tensor(self.std, device=images.device).view(1, 3, 1, 1)
        return images.float().div_(255).sub_(mean).div_(std)

    def as_dict(self) -> dict[str, Any]:
        """Return the preprocessing dict of bundles and weights: plain numbers, texts and lists."""
        return self.model_dump(mode="json")

    def _letterbox(self, image: Image.Image, side: int) -> Image.Image:
        resized = image.resize(_inscribed(image.width, image.height, side), Image.Resampling.BILINEAR)
        return self._on_canvas(resized, side)

    def _on_canvas(self, resized: Image.Image, side: int) -> Image.Image:
        canvas = Image.new("RGB", (side, side), self.gray)
        canvas.paste(resized, ((side - resized.width) // 2, (side - resized.height) // 2))
        return canvas

    def _fitted(self, width: int, height: int, side: int) -> CropGeometry:
        """Return where a whole picture lies in a square."""
        whole = Box(0, 0, width, height)
        if self.mode == "squash":
            return CropGeometry.of(whole, (side, side), 0, 0)
        size = _inscribed(width, height, side)
        return CropGeometry.of(whole, size, (side - size[0]) // 2, (side - size[1]) // 2)

    def _corner(self, resized: tuple[int, int]) -> tuple[int, int]:
        """Return the upper left corner of the view in a resized picture of mode crop."""
        return round((resized[0] - self.size) / 2), round((resized[1] - self.size) / 2)


def _rgb(image: Image.Image) -> Image.Image:
    return image if image.mode == "RGB" else image.convert("RGB")


def _short_side(image: Image.Image, side: int) -> Image.Image:
    """Resize the picture to this short side; the long side is rounded down, as in torchvision."""
    image = _middle(image, LONGEST)
    size = _short_side_size(*image.size, side)
    return image if image.size == size else image.resize(size, Image.Resampling.BILINEAR)


def _short_side_size(width: float, height: float, side: int) -> tuple[int, int]:
    short = min(width, height)
    new_width, new_height = (side if length == short else int(side * length / short) for length in (width, height))
    return new_width, new_height


def _inscribed(width: int, height: int, side: int) -> tuple[int, int]:
    """Return the size of the picture that just fits into a square."""
    scale = side / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _middle(image: Image.Image, longest: int) -> Image.Image:
    """Return the middle of a picture longer than ``longest`` times its short side, else the picture."""
    window = _middle_window(*image.size, longest)
    if (window.width, window.height) == image.size:
        return image
    left, top, width, height = (round(side) for side in (window.x, window.y, window.width, window.height))
    return image.crop((left, top, left + width, top + height))


def _middle_window(width: int, height: int, longest: int) -> Box:
    limit = longest * min(width, height)
    inner_width, inner_height = min(width, limit), min(height, limit)
    return Box((width - inner_width) // 2, (height - inner_height) // 2, inner_width, inner_height)
