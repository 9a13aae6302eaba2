"""Batches of photos: their order in a whole run, and loading them while the device computes."""

import math
import shutil
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
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
from core.processors import available_processors
from core.training.techniques.balanced_sampling import balanced_order, earlier_draws

TrainingSplit = Literal["train", "val"]

# More worker processes do not speed up a single GPU, and each takes a quarter of a gigabyte.
_MAX_WORKERS = 8
_AHEAD = 2
# More than the epochs of any recipe: a photo's second draw in an epoch is augmented like its first in a far later one.
_DRAWS_APART = 10_001


@dataclass(frozen=True)
class Batch:
    """Which photos one process loads for a step, and how many photos all processes use in it together."""

    part: TrainingSplit
    epoch: int
    indices: tuple[int, ...]
    everyone: int
    number: int = 0
    """Its place in the epoch, from 0."""
    accumulated: int = 0
    """How many photos all processes use for the update of the weights that this batch is a part of; 0: only these."""
    ends_update: bool = True
    """Whether the weights are updated after this batch, or later with the gradients of those that follow."""
    draws: tuple[int, ...] = ()
    """For each photo, how often it came earlier in this epoch; empty if every photo comes once."""

    @property
    def keys(self) -> list[tuple[int, int]]:
        """For each photo its index, and the epoch that its augmentation is drawn for."""
        draws = self.draws or (0,) * len(self.indices)
        return [(i, self.epoch + _DRAWS_APART * draw) for i, draw in zip(self.indices, draws, strict=True)]


@dataclass(frozen=True)
class LoadedBatch:
    """A batch's photos, uint8 [N, 3, size, size] in channels_last, and their targets.

    The first target are the labels, int64 [N]; for localization the second are the boxes, float32 [N, 4].
    """

    batch: Batch
    images: Tensor
    targets: tuple[Tensor, ...]
    stage: str | None = None
    """With a stage, ``images`` are its maps, [N, C, h, w] in channels_last, which were computed before."""

    @property
    def labels(self) -> Tensor:
        return self.targets[0]

    def pin_memory(self) -> "LoadedBatch":
        """Return the batch in page-locked memory, for faster copies to a GPU; torch's DataLoader calls this method."""
        targets = tuple(target.pin_memory() for target in self.targets)
        return LoadedBatch(self.batch, self.images.pin_memory(), targets, self.stage)


def training_batches(
    n: int,
    batch_size: int,
    seed: int,
    epoch: int,
    process: int = 0,
    processes: int = 1,
    *,
    accumulation: int = 1,
    balanced: Sequence[int] | None = None,
) -> list[Batch]:
    """Return one process's share of an epoch's batches: every photo once, in an order set by seed and epoch.

    Batches have equal or nearly equal sizes of at most ``batch_size``. BatchNorm compares the photos of a batch, so a
    small last batch would harm it. Each process needs two photos for that: three photos in steps of two make one step.

    With ``accumulation``, so many batches are one update. With ``balanced``, the labels of all photos, each epoch
    draws n photos with equally many of every class.
    """
    if balanced is None:
        order, draws = np.random.default_rng([seed, epoch]).permutation(n).tolist(), []
    else:
        order = balanced_order(balanced, seed, epoch)
        draws = earlier_draws(order)
    batches: list[Batch] = []
    for update in _parts(range(n), batch_size * accumulation, processes):
        within = _parts(update, batch_size, processes) if accumulation > 1 else [update]
        for place, together in enumerate(within, 1):
            mine = together[process::processes]
            batches.append(
                Batch(
                    "train",
                    epoch,
                    tuple(order[at] for at in mine),
                    len(together),
                    number=len(batches),
                    accumulated=len(update),
                    ends_update=place == len(within),
                    draws=tuple(draws[at] for at in mine) if draws else (),
                )
            )
    return batches


def _parts(places: Sequence[int], most: int, processes: int) -> list[list[int]]:
    """Divide places into nearly equal parts of at most ``most``, with two or more for each process."""
    number = max(1, min(math.ceil(len(places) / most), len(places) // (2 * processes)))
    return [part.tolist() for part in np.array_split(np.asarray(places), number)]


def validation_batches(n: int, batch_size: int, epoch: int, process: int = 0, processes: int = 1) -> list[Batch]:
    """Return one process's share of the validation batches, in the photos' own order."""
    together = [range(start, min(start + batch_size, n)) for start in range(0, n, batch_size)]
    return [Batch("val", epoch, tuple(batch[process::processes]), len(batch)) for batch in together]


class _BatchDataset(Dataset[LoadedBatch | str]):
    """Whole batches of both splits. An unreadable photo gives its error message, which can cross processes."""

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
            images, *targets = photos.batch(batch.keys if batch.part == "train" else batch.indices)
            return LoadedBatch(batch, images, tuple(targets))
        except StudioError as error:
            return str(error)


@contextmanager
def loading(
    photos: dict[TrainingSplit, Photos], plan: Iterable[Batch], device: torch.device, workers: int | None
) -> Iterator[Iterator[LoadedBatch]]:
    """Iterate over the planned batches, loaded ahead in order; leaving the context ends all loading.

    One iterator serves the whole run, training and validation in turn, so that worker processes start only once.
    With ``workers`` None, a CPU uses threads, since loading is cheap compared to its computing; other devices use
    processes.
    """
    dataset = _BatchDataset(photos)
    pin = device.type == "cuda"
    if workers is None and device.type != "cpu":
        workers = _default_workers(photos["train"].cache.preprocessing.size)
    if workers is None:
        loaded = _load_in_threads(dataset, plan, pin)
    elif workers == 0:
        loaded = (_checked(dataset[batch], pin) for batch in plan)
    else:
        loaded = _load_in_processes(dataset, plan, workers, pin)
    try:
        yield loaded
    finally:
        loaded.close()


def _load_in_threads(dataset: _BatchDataset, plan: Iterable[Batch], pin: bool) -> Generator[LoadedBatch]:
    threads = max(1, min(4, available_processors() // 4))
    pool = ThreadPoolExecutor(threads, thread_name_prefix="loading")
    pending: deque[Future[LoadedBatch | str]] = deque()
    try:
        for batch in plan:
            pending.append(pool.submit(dataset.__getitem__, batch))
            if len(pending) >= threads + _AHEAD:
                yield _checked(pending.popleft().result(), pin)
        while pending:
            yield _checked(pending.popleft().result(), pin)
    finally:
        pool.shutdown(cancel_futures=True)


def _load_in_processes(
    dataset: _BatchDataset, plan: Iterable[Batch], workers: int, pin: bool
) -> Generator[LoadedBatch]:
    # Spawned, not forked: torch and Accelerate have started threads by now, and forking those can hang. Workers watch
    # their parent process and end if it is killed.
    loader = DataLoader(
        dataset,
        batch_size=None,
        sampler=_BatchSampler(plan),
        num_workers=workers,
        multiprocessing_context="spawn",
        prefetch_factor=_AHEAD,
        pin_memory=pin,
    )
    for item in loader:
        yield _checked(item)


class _BatchSampler:
    """A sampler of whole batches, without a length."""

    def __init__(self, plan: Iterable[Batch]) -> None:
        self.plan = plan

    def __iter__(self) -> Iterator[Batch]:
        return iter(self.plan)


def _checked(item: LoadedBatch | str, pin: bool = False) -> LoadedBatch:
    """Return the batch; raises DataError if one of its photos could not be read."""
    if isinstance(item, str):
        raise DataError(item)
    return item.pin_memory() if pin else item


def _default_workers(size: int) -> int | None:
    """Return one worker fewer than there are cores, up to a limit; None (threads) if shared memory is too small."""
    workers = min(_MAX_WORKERS, max(1, available_processors() - 1))
    shared = Path("/dev/shm")
    # Containers often have only 64 MB, and a worker that runs out dies without a message. 64 photos: a common batch.
    needed = workers * (_AHEAD + 1) * 64 * 3 * size * size
    if shared.is_dir() and shutil.disk_usage(shared).free < needed:
        return None
    return workers
