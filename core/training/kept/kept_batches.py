"""Batches of kept features, in the same order as batches of photos."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from core.data.dataset import BoxedPhotos, Photos
from core.errors import DataError
from core.features.boxed_views import boxes_in_views
from core.features.frozen_pass import map_ahead
from core.features.maps import Maps, Place, read
from core.features.vectors import Vectors
from core.features.views import ORIGINAL
from core.training.batch_loading import Batch, LoadedBatch
from core.training.kept.kept_features import KeptFeatures
from core.training.setup import TrainingSetup

_AHEAD = 2
# Of the device's free memory; the rest is for the layers that are trained.
_RESIDENT_SHARE = 0.4

Key = tuple[str, str]
"""View and content hash."""


@contextmanager
def kept_batches(run: TrainingSetup, features: KeptFeatures, plan: Iterable[Batch]) -> Iterator[Iterator[LoadedBatch]]:
    """Iterate over the planned batches. Vectors are in the device's memory, and so are maps where a GPU has room.

    Raises DataError if features were deleted meanwhile.
    """
    loaded = _loaded(_Shown(run, features), _source(run, features), plan)
    try:
        yield loaded
    finally:
        loaded.close()


class _Shown:
    """Which view of which photo each row of a batch is, and its targets."""

    def __init__(self, run: TrainingSetup, features: KeptFeatures) -> None:
        self.stage = features.stage
        self._photos, self._features = run.photos, features
        self._targets = {part: _targets(photos) for part, photos in run.photos.items()}
        if features.boxes is not None:
            self._boxes = torch.from_numpy(features.boxes)

    def keys(self, batch: Batch) -> list[Key]:
        sources = self._photos[batch.part].sources
        if batch.part == "val":
            return [(ORIGINAL, sources[index].hash) for index in batch.indices]
        names = self._features.views
        return [(names[view], sources[index].hash) for index, view in self._views(batch)]

    def targets(self, batch: Batch) -> tuple[Tensor, ...]:
        rows = torch.tensor(batch.indices, dtype=torch.int64)
        labels, *boxes = (target[rows] for target in self._targets[batch.part])
        if boxes and batch.part == "train":
            views = torch.tensor([view for _, view in self._views(batch)], dtype=torch.int64)
            boxes = [self._boxes[rows, views]]
        return labels, *boxes

    def _views(self, batch: Batch) -> list[tuple[int, int]]:
        return [(index, int(self._features.choice.of(epoch)[index])) for index, epoch in batch.keys]


def _targets(photos: Photos) -> tuple[Tensor, ...]:
    """Return the labels of all photos and, if they have boxes, those in the original view."""
    labels = torch.tensor(photos.labels, dtype=torch.int64)
    if not isinstance(photos, BoxedPhotos):
        return (labels,)
    boxes, _ = boxes_in_views(photos.sources, photos.boxes, photos.sizes, (ORIGINAL,), photos.cache.preprocessing)
    return labels, torch.from_numpy(boxes[:, 0])


class _Resident:
    """Features in the device's memory."""

    def __init__(self, features: Tensor, rows: dict[Key, int]) -> None:
        self._features, self._rows = features, rows

    def __call__(self, keys: list[Key]) -> Tensor:
        rows = torch.tensor([self._rows[key] for key in keys], dtype=torch.int64, device=self._features.device)
        return self._features[rows]


class _OnDisk:
    """Maps in files."""

    def __init__(self, places: dict[Key, Place], shape: tuple[int, ...], *, pin: bool) -> None:
        self._places, self._shape, self._pin = places, shape, pin

    def __call__(self, keys: list[Key]) -> Tensor:
        if not keys:
            return torch.empty(0, *self._shape, dtype=torch.float16)
        # [N, h, w, C] in memory is [N, C, h, w] in channels_last.
        maps = torch.from_numpy(read([self._places[key] for key in keys])).permute(0, 3, 1, 2)
        return maps.pin_memory() if self._pin else maps


def _source(run: TrainingSetup, features: KeptFeatures) -> "_Resident | _OnDisk":
    wanted: dict[str, list[str]] = {}
    for number, view in enumerate(features.views):
        sources = [one for one, used in zip(run.photos["train"].sources, features.used[:, number], strict=True) if used]
        sources += run.photos["val"].sources if view == ORIGINAL else []
        wanted[view] = list(dict.fromkeys(one.hash for one in sources))
    if features.pooled:
        return _vectors(features, wanted, run.accelerator.device)
    places: dict[Key, Place] = {}
    for view, hashes in wanted.items():
        store = features.stores[view]
        assert isinstance(store, Maps)
        found = store.places(hashes)
        _check_complete(len(found), len(hashes))
        places |= {(view, name): place for name, place in found.items()}
    height, width, channels = read([next(iter(places.values()))]).shape[1:]
    device = run.accelerator.device
    if _has_room(device, len(places) * height * width * channels * 2):
        return _maps_on_device(places, (channels, height, width), device)
    return _OnDisk(places, (channels, height, width), pin=device.type == "cuda")


def _vectors(features: KeptFeatures, wanted: dict[str, list[str]], device: torch.device) -> _Resident:
    rows: dict[Key, int] = {}
    parts = []
    for view, hashes in wanted.items():
        store = features.stores[view]
        assert isinstance(store, Vectors)
        found, vectors = store.known(hashes)
        _check_complete(len(found), len(hashes))
        if found:
            rows |= {(view, name): len(rows) + row for row, name in enumerate(found)}
            parts.append(torch.from_numpy(vectors))
    return _Resident(torch.cat(parts)[:, :, None, None].to(device), rows)


def _maps_on_device(places: dict[Key, Place], shape: tuple[int, int, int], device: torch.device) -> _Resident:
    keys = list(places)
    maps = torch.empty(len(keys), *shape, dtype=torch.float16, device=device, memory_format=torch.channels_last)
    for start in range(0, len(keys), 64):
        some = read([places[key] for key in keys[start : start + 64]])
        maps[start : start + len(some)] = torch.from_numpy(some).to(device).permute(0, 3, 1, 2)
    return _Resident(maps, {key: row for row, key in enumerate(keys)})


def _has_room(device: torch.device, wanted: int) -> bool:
    if device.type != "cuda":
        return False
    free, _ = torch.cuda.mem_get_info(device)
    return wanted <= _RESIDENT_SHARE * free


def _check_complete(found: int, wanted: int) -> None:
    if found < wanted:
        raise DataError("Kept features were deleted while the training began. Start it again to compute them anew.")


def _loaded(shown: _Shown, source: "_Resident | _OnDisk", plan: Iterable[Batch]) -> Generator[LoadedBatch]:
    def load(batch: Batch) -> LoadedBatch:
        return LoadedBatch(batch, source(shown.keys(batch)), shown.targets(batch), stage=shown.stage)

    if isinstance(source, _Resident):
        yield from map(load, plan)
        return
    # One thread reads ahead, while the device computes.
    yield from map_ahead(load, plan, threads=1, ahead=_AHEAD)
