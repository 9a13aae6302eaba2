"""A run cleans the caches when it ends, and while it trains nobody takes from it what it reads."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.data.pictures.decoding import DECODER
from core.features.budget import SETTING, empty, set_limit
from core.runs import worker
from core.runs.folder import RunFolder
from core.runs.stop_signals import StopSignals
from core.training.events import Event, Progress
from core.workspace import Workspace

MEGABYTE = 10**6


@pytest.fixture
def copy(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A resized photo that was last used an hour ago; the caches may hold nothing."""
    monkeypatch.delenv(SETTING, raising=False)
    path = workspace.cache / "resized" / f"view-crop-224-256-{DECODER}" / "ab" / "one.npy"
    path.parent.mkdir(parents=True)
    path.write_bytes(bytes(MEGABYTE))
    os.utime(path, (time.time() - 3600,) * 2)
    set_limit(workspace, 0)
    return path


def test_the_caches_are_cleaned_when_a_run_has_ended_and_not_before(
    workspace: Workspace, make_run: Callable[..., RunFolder], copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    emptied: list[int] = []

    def training(
        run: RunFolder, workspace: Workspace, signals: StopSignals, own: bool, together: object, *, wait: bool
    ) -> Iterator[Event]:
        emptied.append(empty(workspace).files)
        yield Progress("training", 0, None)

    monkeypatch.setattr(worker, "_wait_train_evaluate", training)
    for _ in worker.train(make_run(), workspace):  # as the command line does
        assert copy.exists()
    assert emptied == [0] and not copy.exists()


def test_a_limit_that_cannot_be_read_fails_no_run(
    workspace: Workspace, make_run: Callable[..., RunFolder], copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def training(
        run: RunFolder, workspace: Workspace, signals: StopSignals, own: bool, together: object, *, wait: bool
    ) -> Iterator[Event]:
        yield Progress("training", 0, None)

    monkeypatch.setattr(worker, "_wait_train_evaluate", training)
    monkeypatch.setenv(SETTING, "plenty")
    assert worker.work(make_run(), workspace).state == "queued" and copy.exists()
