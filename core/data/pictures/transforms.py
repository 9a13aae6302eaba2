"""Data augmentation for training: random variations of a picture, the same every time for the same seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from core.data.pictures.network_input.preprocessing import IMAGENET_MEAN, IMAGENET_STD, Preprocessing

# torchvision is imported where a picture is changed: it loads PyTorch's compiler, three seconds of processor time, and
# predictions need neither.

__all__ = [
    "AUGMENTATIONS",
    "IMAGENET_MEAN",
    "IMAGENET_STD",
    "Augmentation",
    "Draw",
    "Preprocessing",
    "ViewSettings",
    "augment",
    "draw",
    "preview",
    "to_tensor",
    "variations",
]


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
        from torchvision.transforms import InterpolationMode
        from torchvision.transforms.v2 import functional as F

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
        from torchvision.transforms.v2 import functional as F

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


def _place(length: int, window: int, shift: float, chance: float) -> int:
    """Return where the window begins: centred, moved by ``chance`` (-1 to 1) as far as shift and the picture allow."""
    room = (length - window) / 2
    return round(room + chance * min(room, shift))
