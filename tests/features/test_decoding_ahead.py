"""Photos are decoded while an engine is prepared, with the same pixels as later, and no longer than that."""

import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from core.data.pictures.resized_cache import ResizedCache
from core.data.pictures.source import Source
from core.features.decoding_ahead import decoding_ahead
from core.features.engines.measuring import measured_speeds
from tests.features.test_frozen_pass import pictures
from tests.inspection.conftest import SMALL

PATIENCE_SECONDS = 60.0


@pytest.fixture
def cache(tmp_path: Path) -> ResizedCache:
    return ResizedCache(tmp_path / "resized", SMALL)


def views_of(cache: ResizedCache) -> int:
    assert cache.folder is not None
    return len(list(cache.folder.rglob("*.npy")))


def wait_for_views(cache: ResizedCache, count: int) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while views_of(cache) < count:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_photos_are_decoded_meanwhile_and_have_the_same_pixels(cache: ResizedCache, tmp_path: Path) -> None:
    wanted = pictures(tmp_path / "photos", 5)
    expected = [ResizedCache(None, SMALL).view(one) for one in wanted]
    with decoding_ahead(cache, wanted):
        wait_for_views(cache, 5)
    for one in wanted:
        one.path.unlink()
    assert all(np.array_equal(cache.view(one), pixels) for one, pixels in zip(wanted, expected, strict=True))


def test_decoding_ends_with_the_preparation(cache: ResizedCache, tmp_path: Path) -> None:
    wanted = [Source(f"{n:064x}", one.path, one.name) for n, one in enumerate(pictures(tmp_path / "photos", 1) * 2000)]
    with decoding_ahead(cache, wanted):
        wait_for_views(cache, 1)
    made = views_of(cache)
    assert made < 2000
    time.sleep(0.1)
    assert views_of(cache) == made


def test_decoding_ends_before_speeds_are_measured(cache: ResizedCache, tmp_path: Path) -> None:
    wanted = [Source(f"{n:064x}", one.path, one.name) for n, one in enumerate(pictures(tmp_path / "photos", 1) * 2000)]
    made: list[int] = []

    class Engine:
        name, runtime, outputs = "fp32", "test", ("pooled",)

        def run(self, pixels: np.ndarray, outputs: Sequence[str] = ("pooled",)) -> dict[str, np.ndarray]:
            made.append(views_of(cache))
            return {}

    with decoding_ahead(cache, wanted):
        wait_for_views(cache, 1)
        measured_speeds({"engine": Engine()}, np.zeros((1, 8, 8, 3), np.uint8), most_seconds=0.0)
    assert len(made) > 1 and made[0] == made[-1] == views_of(cache) < 2000


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_broken_photo_is_left_to_the_pass(cache: ResizedCache, tmp_path: Path) -> None:
    first, broken, last = pictures(tmp_path / "photos", 3)
    broken.path.write_bytes(b"no picture")
    end = time.monotonic() + PATIENCE_SECONDS
    with decoding_ahead(cache, [first, broken, last]):
        while any(one.name == "decoding ahead" for one in threading.enumerate()):
            assert time.monotonic() < end
            time.sleep(0.01)
    assert views_of(cache) >= 1
