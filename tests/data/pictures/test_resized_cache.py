"""Resized copies: exact, made once, and never a reason to fail."""

import os
import pickle
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from core.data.dataset import Photos
from core.data.pictures.decoding import decode
from core.data.pictures.resized_cache import ResizedCache
from core.data.pictures.source import Source
from core.data.pictures.transforms import Preprocessing, to_tensor
from core.errors import ImageRefused

PREPROCESSING = Preprocessing(size=32, resize=37)


@pytest.fixture
def sources(tmp_path: Path) -> list[Source]:
    made = []
    for number in range(6):
        pixels = np.random.default_rng(number).integers(0, 256, (50 + number, 70, 3), dtype=np.uint8)
        path = tmp_path / f"{number}.jpg"
        Image.fromarray(pixels).save(path)
        made.append(Source(f"{number:02x}aa", path, f"photo {number}.jpg"))
    return made


@pytest.fixture
def cache(tmp_path: Path) -> ResizedCache:
    return ResizedCache(tmp_path / "cache", PREPROCESSING)


def files(cache: ResizedCache) -> list[Path]:
    return sorted(path for path in (cache.folder or Path()).rglob("*") if path.is_file())


@pytest.mark.parametrize("mode", ["crop", "squash", "letterbox"])
def test_cached_views_are_the_bits_of_the_preprocessing(sources: list[Source], tmp_path: Path, mode: str) -> None:
    preprocessing = Preprocessing(mode=mode, size=32, resize=37)  # type: ignore[arg-type]
    cache = ResizedCache(tmp_path / "cache", preprocessing)
    for source in sources:
        image = decode(source.path, source.name).image
        for _ in ("made", "read again"):
            assert np.array_equal(cache.view(source), np.asarray(preprocessing.view(image)))
            assert np.array_equal(cache.copy(source), np.asarray(preprocessing.training_copy(image)))


def test_each_photo_is_decoded_once(sources: list[Source], cache: ResizedCache) -> None:
    progress = list(cache.fill([(source, "copy") for source in sources], threads=2))
    assert progress == [(done, 6) for done in range(7)]
    for source in sources:
        source.path.unlink()
    assert [cache.copy(source).shape[0] for source in sources] == [37] * 6
    assert list(cache.fill([(source, "copy") for source in sources])) == []
    other = ResizedCache(cache.folder, PREPROCESSING)
    assert np.array_equal(other.copy(sources[0]), cache.copy(sources[0])), "runs share the copies"


def test_another_preprocessing_has_its_own_copies(sources: list[Source], cache: ResizedCache) -> None:
    assert cache.view(sources[0]).shape == (32, 32, 3)
    larger = ResizedCache(cache.folder, Preprocessing(size=48, resize=55))
    assert larger.view(sources[0]).shape == (48, 48, 3)
    boxed = ResizedCache(cache.folder, Preprocessing(mode="letterbox", size=48))
    black = ResizedCache(cache.folder, Preprocessing(mode="letterbox", size=48, mean=(0.0, 0.0, 0.0)))
    assert not np.array_equal(boxed.view(sources[0]), black.view(sources[0]))


def test_a_fill_that_was_stopped_goes_on_where_it_was(sources: list[Source], cache: ResizedCache) -> None:
    wanted = [(source, "view") for source in sources]
    filling = cache.fill(wanted, threads=1)  # type: ignore[arg-type]
    for done, _ in filling:
        if done == 2:
            break
    filling.close()  # type: ignore[attr-defined]
    made = len(files(cache))
    assert 2 <= made <= 6
    assert [path.suffix for path in files(cache)] == [".npy"] * made
    assert next(iter(cache.fill(wanted)), (made, 6)) == (made, 6)  # type: ignore[arg-type]


@pytest.mark.parametrize("damage", [b"", b"\x93NUMPY nonsense", None])
def test_a_damaged_copy_is_made_again(sources: list[Source], cache: ResizedCache, damage: bytes | None) -> None:
    expected = cache.view(sources[0])
    (file,) = files(cache)
    file.write_bytes(file.read_bytes()[:-100] if damage is None else damage)
    assert np.array_equal(cache.view(sources[0]), expected)
    assert np.array_equal(np.load(file), expected)


def test_a_copy_of_the_wrong_kind_is_made_again(sources: list[Source], cache: ResizedCache) -> None:
    expected = cache.view(sources[0])
    np.save(files(cache)[0], np.zeros((4, 4)))
    assert np.array_equal(cache.view(sources[0]), expected)


def test_where_nothing_can_be_written_photos_are_decoded_and_one_line_says_so(
    sources: list[Source], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a folder")
    log: list[str] = []
    cache = ResizedCache(tmp_path / "file" / "cache", PREPROCESSING, log.append)
    list(cache.fill([(source, "view") for source in sources], threads=3))
    for source in sources:
        assert np.array_equal(
            cache.view(source), np.asarray(PREPROCESSING.view(decode(source.path, source.name).image))
        )
    assert len(log) == 1
    assert "cannot be stored" in log[0] and "decoded in every epoch" in log[0]


def test_a_nearly_full_disk_is_left_alone(
    sources: list[Source], cache: ResizedCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.data.pictures.resized_cache._RESERVE_BYTES", 2**80)
    log: list[str] = []
    cache = ResizedCache(cache.folder, PREPROCESSING, log.append)
    assert cache.view(sources[0]).shape == (32, 32, 3)
    assert files(cache) == []
    assert "the disk is nearly full" in log[0]


def test_without_a_folder_nothing_is_kept(sources: list[Source]) -> None:
    cache = ResizedCache(None, PREPROCESSING)
    assert list(cache.fill([(source, "view") for source in sources])) == []
    assert cache.view(sources[0]).shape == (32, 32, 3)


def test_broken_and_missing_photos_are_named(sources: list[Source], cache: ResizedCache) -> None:
    sources[2].path.write_bytes(b"no photo")
    with pytest.raises(ImageRefused, match=r"photo 2\.jpg"):
        list(cache.fill([(source, "view") for source in sources], threads=1))
    sources[2].path.unlink()
    with pytest.raises(ImageRefused, match=r"photo 2\.jpg: its file .* is missing"):
        cache.view(sources[2])


def test_what_killed_processes_left_half_written_is_removed(sources: list[Source], cache: ResizedCache) -> None:
    cache.view(sources[0])
    (made,) = files(cache)
    old, new = (made.with_name(f"{made.stem}.{pid}-1.part") for pid in (1, 2))
    old.write_bytes(b"half")
    new.write_bytes(b"being written")
    os.utime(old, (time.time() - 7200,) * 2)
    list(cache.fill([(sources[1], "view")]))
    assert not old.exists() and new.exists()


def test_photos_are_views_by_index_and_variations_by_epoch(sources: list[Source], cache: ResizedCache) -> None:
    frame = pd.DataFrame(
        [(s.hash, str(s.path), s.name, "ab"[i % 2]) for i, s in enumerate(sources)],
        columns=["image", "path", "filename", "label"],
    )
    photos = Photos(frame, ["b", "a"], cache, augmentation="light", seed=4)
    assert len(photos) == 6
    view, label = photos[1]
    assert torch.equal(view, to_tensor(PREPROCESSING.view(decode(sources[1].path, "").image)))
    assert [photos[i][1] for i in range(6)] == [1, 0] * 3
    assert label == 0
    assert not torch.equal(photos[1, 1][0], photos[1, 2][0])
    assert torch.equal(photos[1, 1][0], pickle.loads(pickle.dumps(photos))[1, 1][0]), "as in a worker process"  # noqa: S301
    still = Photos(frame, ["b", "a"], cache, augmentation="none")
    assert torch.equal(still[1, 1][0], view)
    images, labels = photos.batch([0, (1, 1), 2])
    assert images.shape == (3, 3, 32, 32) and images.is_contiguous(memory_format=torch.channels_last)
    assert labels.tolist() == [1, 0, 1]
    assert torch.equal(images[1], photos[1, 1][0])
    assert {kind for _, kind in photos.wanted(training=True)} == {"copy"}
    assert {kind for _, kind in photos.wanted(training=False)} == {"view"}
    assert {kind for _, kind in still.wanted(training=True)} == {"view"}
