"""The order of the batches of a whole run, and their loading while the device computes."""

import math
import os
import shutil
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from core.data.dataset import Photos
from core.errors import DataError, StudioError

TrainingSplit = Literal["train", "val"]

# More processes than this bring a single GPU nothing, and each costs a quarter of a gigabyte.
_MOST_WORKERS = 8
_AHEAD = 2


@dataclass(frozen=True)
class Batch:
    """Which photos are loaded together, and how many all processes take together in this step."""

    part: TrainingSplit
    epoch: int
    indices: tuple[int, ...]
    everyone: int


@dataclass(frozen=True)
class LoadedBatch:
    """A batch's photos, uint8 [N, 3, size, size] in channels_last, and what is to be learned of them.

    The first target are the classes, int64 [N]; for localization the second are the boxes, float32 [N, 4].
    """

    batch: Batch
    images: Tensor
    targets: tuple[Tensor, ...]

    @property
    def labels(self) -> Tensor:
        return self.targets[0]

    def pin_memory(self) -> "LoadedBatch":
        """The same in memory that a GPU can read by itself; torch's DataLoader calls this by its name."""
        return LoadedBatch(self.batch, self.images.pin_memory(), tuple(target.pin_memory() for target in self.targets))


def training_batches(
    n: int, batch_size: int, seed: int, epoch: int, process: int = 0, processes: int = 1
) -> list[Batch]:
    """One process's share of an epoch's batches: every photo once, in an order that seed and epoch alone decide.

    The batches are of equal size or nearly, at most ``batch_size``. A small remainder would spoil BatchNorm, which
    compares the photos of a batch; each process needs two for that, so three photos in steps of two make one step.
    """
    order = np.random.default_rng([seed, epoch]).permutation(n)
    number = max(1, min(math.ceil(n / batch_size), n // (2 * processes)))
    together = [batch.tolist() for batch in np.array_split(order, number)]
    return [Batch("train", epoch, tuple(batch[process::processes]), len(batch)) for batch in together]


def validation_batches(n: int, batch_size: int, epoch: int, process: int = 0, processes: int = 1) -> list[Batch]:
    """One process's share of the validation photos, in their own order."""
    together = [range(start, min(start + batch_size, n)) for start in range(0, n, batch_size)]
    return [Batch("val", epoch, tuple(batch[process::processes]), len(batch)) for batch in together]


class _Parts(Dataset[LoadedBatch | str]):
    """Whole batches out of both parts. A picture that is refused comes back as a sentence: it must cross processes."""

    def __init__(self, photos: dict[TrainingSplit, Photos]) -> None:
        self.photos = photos

    def __getitem__(self, batch: Batch) -> LoadedBatch | str:
        photos = self.photos[batch.part]
        if not batch.indices:
            size = photos.cache.preprocessing.size
            return LoadedBatch(
                batch, torch.empty(0, 3, size, size, dtype=torch.uint8), (torch.empty(0, dtype=torch.int64),)
            )
        try:
            images, *targets = photos.batch([(i, batch.epoch) if batch.part == "train" else i for i in batch.indices])
            return LoadedBatch(batch, images, tuple(targets))
        except StudioError as error:
            return str(error)


@contextmanager
def loading(
    photos: dict[TrainingSplit, Photos], plan: Iterable[Batch], device: torch.device, workers: int | None
) -> Iterator[Iterator[LoadedBatch]]:
    """The plan's batches, loaded ahead in order; leaving the context ends all threads and processes that load.

    One stream for the whole run, training and validation in turn, so that worker processes start only once. With
    ``workers`` None, a CPU gets threads, since loading is small beside what it computes; other devices get processes.
    """
    parts = _Parts(photos)
    pin = device.type == "cuda"
    if workers is None and device.type != "cpu":
        workers = _fitting_workers(photos["train"].cache.preprocessing.size)
    if workers is None:
        stream = _threads_ahead(parts, plan, pin)
    elif workers == 0:
        stream = (_raise_refused(parts[batch], pin) for batch in plan)
    else:
        stream = _processes_ahead(parts, plan, workers, pin)
    try:
        yield stream
    finally:
        stream.close()


def _threads_ahead(parts: _Parts, plan: Iterable[Batch], pin: bool) -> Generator[LoadedBatch]:
    threads = max(1, min(4, (os.cpu_count() or 1) // 4))
    pool = ThreadPoolExecutor(threads, thread_name_prefix="loading")
    pending: deque[Future[LoadedBatch | str]] = deque()
    try:
        for batch in plan:
            pending.append(pool.submit(parts.__getitem__, batch))
            if len(pending) >= threads + _AHEAD:
                yield _raise_refused(pending.popleft().result(), pin)
        while pending:
            yield _raise_refused(pending.popleft().result(), pin)
    finally:
        pool.shutdown(cancel_futures=True)


def _processes_ahead(parts: _Parts, plan: Iterable[Batch], workers: int, pin: bool) -> Generator[LoadedBatch]:
    # Spawned, not forked: torch and Accelerate have threads by now, and a fork of those can hang. Workers look after
    # their parent and end by themselves where it is killed.
    loader = DataLoader(
        parts,
        batch_size=None,
        sampler=_Once(plan),
        num_workers=workers,
        multiprocessing_context="spawn",
        prefetch_factor=_AHEAD,
        pin_memory=pin,
    )
    for item in loader:
        yield _raise_refused(item)


class _Once:
    """A sampler of whole batches, which may have no length."""

    def __init__(self, plan: Iterable[Batch]) -> None:
        self.plan = plan

    def __iter__(self) -> Iterator[Batch]:
        return iter(self.plan)


def _raise_refused(item: LoadedBatch | str, pin: bool = False) -> LoadedBatch:
    if isinstance(item, str):
        raise DataError(item)
    return item.pin_memory() if pin else item


def _fitting_workers(size: int) -> int | None:
    """As many processes as cores, up to a limit; None, for a thread, where shared memory is too small to hand over."""
    workers = min(_MOST_WORKERS, max(1, (os.cpu_count() or 2) - 1))
    shared = Path("/dev/shm")
    # Containers often have 64 MB of it, and a worker that runs out dies without a word. 64 photos are a usual batch.
    needed = workers * (_AHEAD + 1) * 64 * 3 * size * size
    if shared.is_dir() and shutil.disk_usage(shared).free < needed:
        return None
    return workers
