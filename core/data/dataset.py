"""The photos of one part of a snapshot as tensors, read through the resized copies."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor
from torch.utils.data import Dataset

from core.data.pictures.box import Box
from core.data.pictures.box_augmentation import augment_boxed
from core.data.pictures.crop_geometry import corners_of
from core.data.pictures.resized_cache import CacheKind, Pixels, ResizedCache
from core.data.pictures.source import Source
from core.data.pictures.transforms import AUGMENTATIONS, augment
from core.data.snapshot import BOX_COLUMNS, LOCALIZATION, SIZE_COLUMNS, Snapshot

SampleKey = int | tuple[int, int]


class Photos(Dataset[tuple[Tensor, ...]]):
    """Photos with their classes, map style.

    ``photos[index]`` is the exact evaluation view, uint8 [3, size, size], and the class's index in ``classes``, int64.
    ``photos[index, epoch]`` is that epoch's augmented photo, the same in every process and in any order.
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

    def __getitem__(self, key: SampleKey) -> tuple[Tensor, ...]:
        index, epoch = key if isinstance(key, tuple) else (key, None)
        source = self.sources[index]
        if epoch is None or self._kind() == "view":
            return self._view(index, _tensor(self.cache.view(source)))
        return self._variation(index, _tensor(self.cache.copy(source)), (self.seed, epoch, index))

    def batch(self, keys: Sequence[SampleKey]) -> tuple[Tensor, ...]:
        """Return uint8 [N, 3, size, size], channels last in memory, and the labels int64 [N]."""
        images, *rest = zip(*(self[key] for key in keys), strict=True)
        # Stacked as rows of pixels, the order in memory that channels_last networks need.
        stacked = torch.stack([image.permute(1, 2, 0) for image in images]).permute(0, 3, 1, 2)
        return stacked, *(torch.stack(column) for column in rest)

    def wanted(self, training: bool) -> Iterator[tuple[Source, CacheKind]]:
        """Yield the copies that the cache must hold before these photos are trained on, or only evaluated."""
        kind = self._kind() if training else "view"
        return ((source, kind) for source in self.sources)

    def _view(self, index: int, view: Tensor) -> tuple[Tensor, ...]:
        return view, self._label(index)

    def _variation(self, index: int, copy: Tensor, seed: tuple[int, ...]) -> tuple[Tensor, ...]:
        seen = self.cache.preprocessing
        return augment(copy, self.augmentation, seen.size, seed, seen.gray), self._label(index)

    def _label(self, index: int) -> Tensor:
        return torch.tensor(self.labels[index])

    def _kind(self) -> CacheKind:
        return "view" if AUGMENTATIONS[self.augmentation] is None else "copy"


class BoxedPhotos(Photos):
    """Photos with their classes and the box of the object in each.

    The third element of ``photos[index]`` and of a batch is the box: left, top, right and bottom, float32 [4] or
    [N, 4], as fractions of the network's square input. In mode crop it may reach beyond 0 and 1.
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        classes: Sequence[str],
        cache: ResizedCache,
        augmentation: str = "none",
        seed: int = 0,
    ) -> None:
        super().__init__(frame, classes, cache, augmentation, seed)
        self.boxes = [Box(*map(float, row)) for row in frame[list(BOX_COLUMNS)].to_numpy()]
        self.sizes = [(int(width), int(height)) for width, height in frame[list(SIZE_COLUMNS)].to_numpy()]

    def _view(self, index: int, view: Tensor) -> tuple[Tensor, ...]:
        seen = self.cache.preprocessing
        corners = corners_of(seen.view_placement(*self.sizes[index]).there(self.boxes[index]))
        return view, self._label(index), torch.tensor(corners, dtype=torch.float32) / seen.size

    def _variation(self, index: int, copy: Tensor, seed: tuple[int, ...]) -> tuple[Tensor, ...]:
        seen = self.cache.preprocessing
        corners = corners_of(seen.copy_placement(*self.sizes[index]).there(self.boxes[index]))
        image, moved = augment_boxed(copy, corners, self.augmentation, seen.size, seed, seen.gray)
        return image, self._label(index), moved / seen.size


def photos_of(snapshot: Snapshot, split: str, cache: ResizedCache, augmentation: str = "none", seed: int = 0) -> Photos:
    """Return the photos of one split of a snapshot, with boxes if its task is localization."""
    kind = BoxedPhotos if snapshot.task == LOCALIZATION else Photos
    return kind(snapshot.part(split), snapshot.classes, cache, augmentation, seed)


def _tensor(pixels: Pixels) -> Tensor:
    return torch.from_numpy(pixels).permute(2, 0, 1)
