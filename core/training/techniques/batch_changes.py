"""Random changes of a whole training batch on the device: mixup, CutMix and random erasing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core.training.batch_loading import Batch
from core.training.recipe import Recipe

# The share of a photo that is erased and the sides' ratio (Zhong et al. 2017, arXiv 1708.04896).
_ERASED_AREA = (0.02, 1 / 3)
_ERASED_RATIO = (0.3, 1 / 0.3)
_TRIES = 10

# Last numbers of the seeds, so that the changes are independent of each other.
_MIXING, _ERASING = 1, 2


@dataclass(frozen=True)
class Rectangle:
    """A part of a picture, in pixels."""

    top: int
    left: int
    height: int
    width: int


@dataclass(frozen=True)
class Mix:
    """How the photos of a batch are mixed with each other."""

    share: float
    """How much of each photo and its label stays; the rest comes from its partner."""
    partners: Tensor
    """The index of each photo's partner in the batch, int64 [N]."""
    pasted: Rectangle | None = None
    """What is taken from the partner in CutMix; None blends whole photos (mixup)."""

    def images(self, images: Tensor) -> Tensor:
        """Mix images or feature maps [N, C, H, W]."""
        others = images[self.partners.to(images.device)]
        if self.pasted is None:
            return torch.lerp(others, images, self.share)
        mixed, part = images.clone(), self.pasted
        rows, columns = slice(part.top, part.top + part.height), slice(part.left, part.left + part.width)
        mixed[:, :, rows, columns] = others[:, :, rows, columns]
        return mixed

    def partners_of(self, targets: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Return the targets of the partners."""
        return tuple(target[self.partners.to(target.device)] for target in targets)


@dataclass(frozen=True)
class BatchChanges:
    """The changes that a recipe asks for; they depend on seed, epoch and batch only, so a resumed run repeats them."""

    seed: int
    mixup: float = 0.0
    cutmix: float = 0.0
    random_erasing: float = 0.0

    @classmethod
    def of(cls, recipe: Recipe) -> "BatchChanges":
        return cls(recipe.seed, recipe.mixup, recipe.cutmix, recipe.random_erasing)

    def mix(self, batch: Batch, height: int, width: int) -> Mix | None:
        """Return how to mix a batch of pictures of that size; None without mixup and CutMix.

        The share follows a beta distribution with both parameters equal to the recipe's number: mixup (Zhang et al.
        2017, arXiv 1710.09412) and CutMix (Yun et al. 2019, arXiv 1905.04899). If both are chosen, each batch gets one
        of them. With several processes the partners come from the same process.
        """
        if not self.mixup and not self.cutmix:
            return None
        random = np.random.default_rng([self.seed, batch.epoch, batch.number, _MIXING])
        cut = bool(self.cutmix and (not self.mixup or random.random() < 0.5))
        strength = self.cutmix if cut else self.mixup
        share = float(random.beta(strength, strength))
        pasted = None
        if cut:
            pasted = _window(1 - share, height, width, random)
            share = 1 - pasted.height * pasted.width / (height * width)
        return Mix(share, torch.from_numpy(random.permutation(len(batch.indices))), pasted)

    def erase(self, images: Tensor, batch: Batch) -> Tensor:
        """Set a random rectangle of some normalised images [N, 3, H, W] to zero, the mean colour, in place."""
        if not self.random_erasing:
            return images
        height, width = images.shape[-2:]
        for row, (index, epoch) in enumerate(batch.keys):
            random = np.random.default_rng([self.seed, epoch, index, _ERASING])
            if random.random() < self.random_erasing:
                part = _erased(height, width, random)
                images[row, :, part.top : part.top + part.height, part.left : part.left + part.width] = 0
        return images


def _window(area: float, height: int, width: int, random: np.random.Generator) -> Rectangle:
    """Return a rectangle with this share of the picture's area, around a random point and cut off at the edges."""
    tall, wide = round(height * area**0.5), round(width * area**0.5)
    y, x = int(random.integers(height)), int(random.integers(width))
    top, bottom = max(0, y - tall // 2), min(height, y - tall // 2 + tall)
    left, right = max(0, x - wide // 2), min(width, x - wide // 2 + wide)
    return Rectangle(top, left, bottom - top, right - left)


def _erased(height: int, width: int, random: np.random.Generator) -> Rectangle:
    for _ in range(_TRIES):
        area = random.uniform(*_ERASED_AREA) * height * width
        ratio = np.exp(random.uniform(*np.log(_ERASED_RATIO)))
        tall, wide = round(float((area * ratio) ** 0.5)), round(float((area / ratio) ** 0.5))
        if tall <= height and wide <= width:
            return Rectangle(
                int(random.integers(height - tall + 1)), int(random.integers(width - wide + 1)), tall, wide
            )
    side = (_ERASED_AREA[0] * height * width) ** 0.5
    return Rectangle(0, 0, round(side), round(side))
