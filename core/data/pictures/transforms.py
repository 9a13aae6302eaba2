"""Preprocessing: the exact evaluation view of a picture, and its data augmentation for training."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import torch
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as F

from core.data.pictures.box import Box
from core.data.pictures.crop_geometry import CropGeometry

# The channel means and deviations that nearly all ImageNet weights were trained with.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

# A strip longer than this many times its height is cropped to its middle before resizing: a picture of 60,000 x 10
# pixels would otherwise grow to gigabytes on its way to a square, and the crop shows only the middle anyway.
_LONGEST = 8


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
        window = _middle_window(width, height, _LONGEST)
        resized = _short_side_size(window.width, window.height, self.resize)
        left, top = self._corner(resized)
        return CropGeometry.of(window, resized, -left, -top)

    def copy_placement(self, width: int, height: int) -> CropGeometry:
        """Return where a picture of that size lies in its training copy."""
        side = max(self.resize, self.size)
        if self.mode != "crop":
            return self._fitted(width, height, side)
        window = _middle_window(width, height, longest=2)
        shrunk = min(window.width, window.height) > side
        size = (round(window.width), round(window.height))
        return CropGeometry.of(window, _short_side_size(*size, side) if shrunk else size, 0, 0)

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

    def tensor(self, image: Image.Image) -> Tensor:
        """Return the network's input: float32 [3, size, size], normalised."""
        return self.normalise(to_tensor(self.view(image))[None])[0]

    def normalise(self, images: Tensor) -> Tensor:
        """uint8 [N, 3, H, W] -> float32, zero mean and unit deviation, on the same device in the same memory format."""
        mean = torch.tensor(self.mean, device=images.device).view(1, 3, 1, 1)
        std = torch.tensor(self.std, device=images.device).view(1, 3, 1, 1)
        return images.float().div_(255).sub_(mean).div_(std)

    def as_dict(self) -> dict[str, Any]:
        """Return the preprocessing dict of bundles and weights: plain numbers, texts and lists."""
        return self.model_dump(mode="json")

    def _letterbox(self, image: Image.Image, side: int) -> Image.Image:
        width, height = _inscribed(image.width, image.height, side)
        canvas = Image.new("RGB", (side, side), self.gray)
        resized = image.resize((width, height), Image.Resampling.BILINEAR)
        canvas.paste(resized, ((side - width) // 2, (side - height) // 2))
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


@dataclass(frozen=True)
class Augmentation:
    """The ranges of the random changes; lengths are fractions of the picture's short side."""

    area: tuple[float, float]
    """The window's area, as a fraction of the largest square."""
    stretch: float
    """The window's width to height is between 1 / stretch and stretch."""
    shift: float
    """How far the window's centre may be from the picture's; 1 is anywhere."""
    degrees: float = 0.0
    color: float = 0.0
    """Brightness, contrast and saturation are multiplied by 1 - color to 1 + color."""
    mirror: float = 0.5
    """The probability of being mirrored."""


# Light brackets the scale of the evaluation view (224 of 256). Standard leaves the hue alone: it often identifies the
# class, and changing it would take more time than everything else together.
AUGMENTATIONS: dict[str, Augmentation | None] = {
    "none": None,
    "light": Augmentation(area=(0.64, 1.0), stretch=1.0, shift=0.08),
    "standard": Augmentation(area=(0.35, 1.0), stretch=4 / 3, shift=1.0, degrees=10.0, color=0.25),
}


@dataclass(frozen=True)
class Draw:
    """One random variation. ``geometry`` works on images and on the tv_tensors of boxes, ``color`` on images."""

    top: int
    left: int
    height: int
    width: int
    mirrored: bool
    degrees: float
    brightness: float
    contrast: float
    saturation: float

    def geometry(self, x: Tensor, size: int, fill: Sequence[float]) -> Tensor:
        """[3, H, W] -> [3, size, size]: crop, mirror, rotate."""
        x = F.resized_crop(x, self.top, self.left, self.height, self.width, [size, size], antialias=True)
        if self.mirrored:
            x = F.horizontal_flip(x)
        if self.degrees:
            x = F.rotate(x, self.degrees, interpolation=InterpolationMode.BILINEAR, fill=list(fill))
        return x

    def color(self, x: Tensor) -> Tensor:
        """uint8 [3, H, W] -> the same with changed brightness, contrast and saturation."""
        if (self.brightness, self.contrast, self.saturation) == (1.0, 1.0, 1.0):
            return x
        x = F.adjust_brightness(x, self.brightness)
        x = F.adjust_contrast(x, self.contrast)
        return F.adjust_saturation(x, self.saturation)


def draw(augmentation: Augmentation, height: int, width: int, seed: Sequence[int]) -> Draw:
    """Draw the variation of a seed, for a picture of that size.

    It has its own generator, so the result does not depend on workers, threads or the order of photos.
    """
    random = np.random.default_rng(list(seed))
    short = min(height, width)
    area = random.uniform(*augmentation.area) * short**2
    stretch = augmentation.stretch ** random.uniform(-1, 1)
    window_width = min(width, max(1, round((area * stretch) ** 0.5)))
    window_height = min(height, max(1, round((area / stretch) ** 0.5)))
    left = _place(width, window_width, augmentation.shift * short, random.uniform(-1, 1))
    top = _place(height, window_height, augmentation.shift * short, random.uniform(-1, 1))
    mirrored = bool(random.random() < augmentation.mirror)
    degrees = random.uniform(-augmentation.degrees, augmentation.degrees)
    brightness, contrast, saturation = (float(x) for x in random.uniform(-1, 1, 3) * augmentation.color + 1)
    return Draw(top, left, window_height, window_width, mirrored, degrees, brightness, contrast, saturation)


def augment(copy: Tensor, level: str, size: int, seed: Sequence[int], fill: Sequence[float] = (0, 0, 0)) -> Tensor:
    """Augment a training copy, uint8 [3, H, W] -> uint8 [3, size, size].

    The seed is (run's seed, epoch, image's index); level is a key of AUGMENTATIONS other than none.
    """
    augmentation = AUGMENTATIONS[level]
    if augmentation is None:
        raise ValueError("level none has no variations; use the view")
    drawn = draw(augmentation, copy.shape[-2], copy.shape[-1], seed)
    return drawn.color(drawn.geometry(copy, size, fill))


class ViewSettings(Protocol):
    """The part of a recipe that determines how the network sees a photo."""

    @property
    def augmentation(self) -> str: ...

    def preprocessing(self, mean: Sequence[float], std: Sequence[float]) -> dict[str, Any]: ...


def preview(image: Image.Image, recipe: ViewSettings, draws: int = 8, seed: int = 0) -> list[Image.Image]:
    """Return what the network will see of a photo in the first ``draws`` epochs of training."""
    preprocessing = Preprocessing(**recipe.preprocessing(IMAGENET_MEAN, IMAGENET_STD))
    augmentation = AUGMENTATIONS[recipe.augmentation]
    if augmentation is None:
        return [preprocessing.view(image)] * draws
    copy = preprocessing.training_copy(image)
    return [picture for _, picture in variations(copy, augmentation, preprocessing, draws, seed)]


def variations(
    copy: Image.Image, augmentation: Augmentation, preprocessing: Preprocessing, draws: int, seed: int = 0
) -> list[tuple[Draw, Image.Image]]:
    """Return variations of a training copy, each with its draw."""
    pixels = to_tensor(copy)
    drawn = [draw(augmentation, copy.height, copy.width, (seed, epoch, 0)) for epoch in range(draws)]
    varied = (one.color(one.geometry(pixels, preprocessing.size, preprocessing.gray)) for one in drawn)
    return [(one, Image.fromarray(x.permute(1, 2, 0).numpy())) for one, x in zip(drawn, varied, strict=True)]


def to_tensor(image: Image.Image) -> Tensor:
    """Convert an RGB picture to uint8 [3, H, W]."""
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)


def _rgb(image: Image.Image) -> Image.Image:
    return image if image.mode == "RGB" else image.convert("RGB")


def _short_side(image: Image.Image, side: int) -> Image.Image:
    """Resize the picture to this short side; the long side is rounded down, as in torchvision."""
    image = _middle(image, _LONGEST)
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


def _place(length: int, window: int, shift: float, chance: float) -> int:
    """Return where the window begins: centred, moved by ``chance`` (-1 to 1) as far as shift and the picture allow."""
    room = (length - window) / 2
    return round(room + chance * min(room, shift))
