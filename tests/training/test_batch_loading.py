"""Batches: every photo once, no tiny batches, the same for any number of processes and any loading method."""

import itertools
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import torch

from core.data.dataset import Photos
from core.data.pictures.resized_cache import ResizedCache
from core.data.pictures.transforms import Preprocessing
from core.data.snapshot import Snapshot
from core.errors import DataError
from core.training.batch_loading import TrainingSplit, loading, training_batches, validation_batches


@pytest.mark.parametrize("n", range(2, 40))
@pytest.mark.parametrize("batch_size", [2, 3, 8, 64])
def test_every_photo_comes_once_and_no_batch_is_tiny(n: int, batch_size: int) -> None:
    batches = training_batches(n, batch_size, seed=0, epoch=1)
    assert sorted(itertools.chain(*(batch.indices for batch in batches))) == list(range(n))
    sizes = [len(batch.indices) for batch in batches]
    assert min(sizes) >= 2
    assert max(sizes) <= batch_size + (n % 2 if batch_size == 2 else 0)
    assert max(sizes) - min(sizes) <= 1


def test_each_epoch_and_seed_has_its_own_order() -> None:
    def order(seed: int, epoch: int) -> list[int]:
        return [i for batch in training_batches(50, 8, seed, epoch) for i in batch.indices]

    assert order(0, 1) == order(0, 1)
    assert order(0, 1) != order(0, 2) != order(1, 2)


@pytest.mark.parametrize("n", [8, 9, 41, 64])
def test_processes_share_each_step(n: int) -> None:
    alone = training_batches(n, 8, seed=3, epoch=2)
    shares = [training_batches(n, 8, 3, 2, process, 2) for process in range(2)]
    for whole, *parts in zip(alone, *shares, strict=True):
        assert sorted(whole.indices) == sorted(i for part in parts for i in part.indices)
        assert all(part.everyone == len(whole.indices) and len(part.indices) >= 2 for part in parts)
    checked = [i for process in range(3) for batch in validation_batches(10, 4, 1, process, 3) for i in batch.indices]
    assert sorted(checked) == list(range(10))


@pytest.fixture
def photos(make_snapshot: Callable[..., Snapshot], tmp_path: Path) -> dict[TrainingSplit, Photos]:
    snapshot = make_snapshot(train=5, val=3)
    cache = ResizedCache(tmp_path / "cache", Preprocessing(size=32, resize=37))
    return {
        "train": Photos(snapshot.part("train"), snapshot.classes, cache, "standard", seed=5),
        "val": Photos(snapshot.part("val"), snapshot.classes, cache),
    }


def plan(photos: dict[TrainingSplit, Photos]) -> list:
    batches = []
    for epoch in (1, 2):
        batches += training_batches(len(photos["train"]), 4, 5, epoch)
        batches += validation_batches(len(photos["val"]), 4, epoch)
    return batches


def test_a_thread_loads_the_same_bits(photos: dict[TrainingSplit, Photos]) -> None:
    cpu, batches = torch.device("cpu"), plan(photos)
    with loading(photos, batches, cpu, workers=0) as stream:
        expected = list(stream)
    with loading(photos, batches, cpu, workers=None) as stream:
        loaded = list(stream)
    assert [item.batch for item in loaded] == batches
    for one, other in zip(loaded, expected, strict=True):
        assert torch.equal(one.images, other.images)
        assert torch.equal(one.labels, other.labels)
        assert one.images.is_contiguous(memory_format=torch.channels_last)


def test_leaving_early_ends_the_thread(photos: dict[TrainingSplit, Photos]) -> None:
    before = threading.active_count()
    with loading(photos, itertools.cycle(plan(photos)), torch.device("cpu"), workers=None) as stream:
        next(stream)
        assert threading.active_count() > before
    assert threading.active_count() == before


@pytest.mark.parametrize("workers", [None, 0])
def test_a_photo_that_is_gone_is_named(photos: dict[TrainingSplit, Photos], workers: int | None) -> None:
    gone = photos["train"].sources[3]
    gone.path.unlink()
    with (
        pytest.raises(DataError, match=rf"{gone.name}: its file .* is missing"),
        loading(photos, plan(photos), torch.device("cpu"), workers) as stream,
    ):
        list(stream)


def test_processes_load_the_same_bits_name_what_is_gone_and_are_not_left_behind(
    photos: dict[TrainingSplit, Photos],
) -> None:
    """One test for all three, because the processes take seconds to start."""
    cpu, batches = torch.device("cpu"), plan(photos)
    with loading(photos, batches, cpu, workers=0) as stream:
        expected = [next(stream), next(stream)]
    gone = photos["train"].sources[batches[2].indices[0]]
    gone.path.unlink()
    shutil.rmtree(photos["train"].cache.folder or "")
    before = set(psutil.Process().children())
    with loading(photos, itertools.cycle(batches), cpu, workers=2) as stream:
        for known in expected:
            loaded = next(stream)
            assert loaded.batch == known.batch
            assert torch.equal(loaded.images, known.images)
        workers = [child for child in psutil.Process().children() if child not in before]
        assert len(workers) >= 2
        with pytest.raises(DataError, match=rf"{gone.name}: its file .* is missing"):
            next(stream)
    still = [child for child in workers if child.is_running() and "spawn_main" in " ".join(child.cmdline())]
    assert not still
