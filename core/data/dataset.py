"""The photos of one part of a snapshot as tensors, read through the resized copies."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor
from torch.utils.data import Dataset

from core.data.resized import Kind, Pixels, ResizedCache, Source
from core.data.transforms import AUGMENTATIONS, augment

Key = int | tuple[int, int]


class Photos(Dataset[tuple[Tensor, int]]):
    """Photos with their classes, map style.

    ``photos[index]`` is the exact evaluation view, uint8 [3, size, size], and the class's place in ``classes``.
    ``photos[index, epoch]`` is that epoch's random variation of the photo; the same in every process, in any order.
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        classes: Sequence[str],
        cache: ResizedCache,
        augmentation: str = "none",
        seed: int = 0,
    ) -> None:
        place = {name: number for number, name in enumerate(classes)}
        self.sources = [
            Source(str(image), Path(path), str(name))
            for image, path, name in zip(frame["image"], frame["path"], frame["filename"], strict=True)
        ]
        self.labels = [place[label] for label in frame["label"]]
        self.cache = cache
        self.augmentation = augmentation
        self.seed = seed

    def __len__(self) -> int:
        return len(self.sources)

    def __getitem__(self, key: Key) -> tuple[Tensor, int]:
        index, epoch = key if isinstance(key, tuple) else (key, None)
        source = self.sources[index]
        if epoch is None or self._kind() == "view":
            return _tensor(self.cache.view(source)), self.labels[index]
        preprocessing = self.cache.preprocessing
        copy = _tensor(self.cache.copy(source))
        variation = augment(copy, self.augmentation, preprocessing.size, (self.seed, epoch, index), preprocessing.gray)
        return variation, self.labels[index]

    def batch(self, keys: Sequence[Key]) -> tuple[Tensor, Tensor]:
        """uint8 [N, 3, size, size], channels last in memory, and the labels int64 [N]."""
        images, labels = zip(*(self[key] for key in keys), strict=True)
        # Stacked as rows of pixels, which is how they lie in memory, and how channels_last networks want them.
        stacked = torch.stack([image.permute(1, 2, 0) for image in images]).permute(0, 3, 1, 2)
        return stacked, torch.tensor(labels)

    def wanted(self, training: bool) -> Iterator[tuple[Source, Kind]]:
        """What the cache must hold of these photos before they are trained on, or only looked at."""
        kind = self._kind() if training else "view"
        return ((source, kind) for source in self.sources)

    def _kind(self) -> Kind:
        return "view" if AUGMENTATIONS[self.augmentation] is None else "copy"


def _tensor(pixels: Pixels) -> Tensor:
    return torch.from_numpy(pixels).permute(2, 0, 1)
