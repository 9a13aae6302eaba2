"""Fixed views of a photo: the photo itself, its mirror image, and random crops that are the same every time.

What is drawn for a view depends on the photo's content and the view's name alone, so that features of views can be
kept and shared by runs. Does not import torch until pixels are computed.
"""

from typing import TYPE_CHECKING

import numpy as np

from core.data.pictures.source import Source

if TYPE_CHECKING:
    from core.data.pictures.resized_cache import Pixels, ResizedCache

ORIGINAL = "original"
MIRRORED = "mirrored"


def view_names(count: int, augmentation: str) -> tuple[str, ...]:
    """Return the names of that many views: the original, its mirror image, then crops as the augmentation draws them.

    With augmentation ``none`` there is only the original: position, side or colour may decide the class.
    """
    if augmentation == "none":
        return (ORIGINAL,)
    crops = (f"{augmentation}-{number}" for number in range(1, count - 1))
    return (ORIGINAL, MIRRORED, *crops)[:count]


def view_pixels(cache: "ResizedCache", source: Source, view: str) -> "Pixels":
    """Return a view's pixels, uint8 [size, size, 3], contiguous; raises ImageRefused for a broken picture."""
    if view == ORIGINAL:
        return cache.view(source)
    if view == MIRRORED:
        return np.ascontiguousarray(cache.view(source)[:, ::-1])
    import torch

    from core.data.pictures.transforms import augment

    level, seed = crop_seed(source.hash, view)
    seen = cache.preprocessing
    copy = torch.from_numpy(cache.copy(source)).permute(2, 0, 1)
    return np.ascontiguousarray(augment(copy, level, seen.size, seed, seen.gray).permute(1, 2, 0).numpy())


def crop_seed(image_hash: str, view: str) -> tuple[str, tuple[int, ...]]:
    """Return the augmentation level and the seed of a crop's name, such as ``light-2``."""
    level, number = view.rsplit("-", 1)
    return level, (int(image_hash, 16), int(number))
