"""Fits in a process of their own give what fits in this process give, and survive its end."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from core.inspection.suggesting.fit_process import FitProcess
from core.inspection.suggesting.fitting import FitJob, fit_here


@pytest.fixture(scope="module")
def process() -> Iterator[FitProcess]:
    started = FitProcess()
    yield started
    started.end()


def job(seed: int = 0, photos: int = 60, labelled: int = 20) -> FitJob:
    dice = np.random.default_rng(seed)
    places = dice.normal(0, 0.1, (photos, 16)).astype(np.float32)
    labels = np.full(photos, -1, np.int64)
    labels[:labelled] = np.arange(labelled) % 3
    places[np.arange(labelled), labels[:labelled]] += 1
    return FitJob(places, labels, 4, begun=True, unlike=5)


def test_it_fits_as_this_process_does(process: FitProcess) -> None:
    first = process(job())
    again = process(FitJob(**{**vars(job()), "start": first.probe}))
    for found, start in ((first, None), (again, first.probe)):
        here = fit_here(FitJob(**{**vars(job()), "start": start}))
        assert found.probe is not None and here.probe is not None
        np.testing.assert_allclose(found.probe.weights, here.probe.weights, atol=1e-6)
        np.testing.assert_allclose(found.probabilities, here.probabilities, atol=1e-6)  # type: ignore[arg-type]
        assert found.unlike is not None and found.unlike.tolist() == here.unlike.tolist()  # type: ignore[union-attr]
    assert first.probe is not None and np.isneginf(first.probe.bias[3]), "a class without labels gets nothing"


def test_too_few_labels_and_no_photos(process: FitProcess) -> None:
    few = process(FitJob(**{**vars(job()), "begun": False, "unlike": 0}))
    assert few.probe is few.probabilities is few.unlike is None
    none = process(FitJob(np.empty((0, 0), np.float32), np.empty(0, np.int64), 2, begun=False, unlike=5))
    assert none.unlike is not None and none.unlike.size == 0
    with pytest.raises(ValueError, match="two classes"):
        process(FitJob(**{**vars(job()), "labels": np.zeros(60, np.int64)}))
    assert process(job()).probe is not None


def test_many_threads_get_their_own_results(process: FitProcess) -> None:
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda seed: process(job(seed)), range(16)))
    for seed, one in enumerate(found):
        here = fit_here(job(seed))
        np.testing.assert_allclose(one.probabilities, here.probabilities, atol=1e-6)  # type: ignore[arg-type]


def test_a_killed_process_is_replaced(process: FitProcess, caplog: pytest.LogCaptureFixture) -> None:
    process(job())
    before = process.pid
    assert before is not None
    os.kill(before, signal.SIGKILL)
    process._process.wait(10)  # type: ignore[union-attr]
    assert process(job()).probe is not None
    assert process.pid not in (None, before) and not caplog.records


def test_one_that_ends_in_the_middle_costs_no_suggestion(process: FitProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    process(job())
    monkeypatch.setattr("core.inspection.suggesting.fit_process._read", lambda stream: (_ for _ in ()).throw(EOFError))
    assert process(job()).probe is not None
    monkeypatch.undo()
    assert process.pid is None and process(job()).probe is not None and process.pid is not None
