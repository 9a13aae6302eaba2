"""The model cache: shared by tabs, each model loaded once, limited in total size."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from core.data.pictures.transforms import Preprocessing
from core.inspection.predicting.predictor import Predictor
from core.models.resnet import build
from pages.components.shared.model_cache import LIMIT_BYTES, ModelCache


def small() -> Predictor:
    """A ResNet-18 for ten classes: 45 MB."""
    return Predictor(build("resnet18", 10), Preprocessing(), [str(n) for n in range(10)], name="small", arch="resnet18")


@pytest.fixture
def load() -> Callable[[], Predictor]:
    return small


def test_all_networks_together_stay_below_the_bound(load: Callable[[], Predictor]) -> None:
    assert LIMIT_BYTES <= 600_000_000
    kept = ModelCache(100_000_000)
    first = kept.get("first", "", load)
    kept.get("second", "", load)
    assert kept.get("first", "", load) is first
    kept.get("third", "", load)  # the second one was not asked for the longest
    assert 85_000_000 < kept.size_bytes < 100_000_000
    assert kept.get("first", "", load) is first
    loaded: list[str] = []
    kept.get("second", "", lambda: loaded.append("again") or load())  # type: ignore[func-returns-value]
    assert loaded == ["again"]


def test_one_network_that_is_larger_than_the_bound_is_kept_all_the_same(load: Callable[[], Predictor]) -> None:
    kept = ModelCache(1)
    first = kept.get("first", "", load)
    assert kept.get("first", "", load) is first
    kept.get("second", "", load)
    assert kept.get("first", "", load) is not first


def test_a_better_network_of_a_run_takes_the_place_of_the_older_one(load: Callable[[], Predictor]) -> None:
    kept = ModelCache()
    older = kept.get("run", "1", load)
    size = kept.size_bytes
    newer = kept.get("run", "2", load)
    assert newer is not older and kept.size_bytes == size
    assert kept.get("run", "2", load) is newer


def test_two_tabs_load_the_same_network_once(load: Callable[[], Predictor]) -> None:
    kept, begun, go_on, loads = ModelCache(), Event(), Event(), []

    def slow() -> Predictor:
        loads.append(1)
        begun.set()
        assert go_on.wait(20)
        return load()

    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(kept.get, "same", "", slow)
        assert begun.wait(20)
        other = pool.submit(kept.get, "same", "", slow)
        go_on.set()
        assert one.result(60) is other.result(60)
    assert len(loads) == 1
