"""A separate workspace for each test, and small photos to train on."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from core.data.snapshot import Snapshot, snapshot_of_table
from core.models.zoo import ARCHITECTURES, ResNetConfig
from core.runs import worker
from core.runs.estimates.work import BILLION_MULTIPLY_ADDS
from core.runs.folder import RunFolder
from core.runs.jobs import stop
from core.runs.new_run import create_run
from core.runs.status import Status
from core.runs.stop_signals import StopSignals
from core.runs.worker import train
from core.training.events import Event
from core.training.recipe import Recipe
from core.workspace import Workspace, open_workspace
from tests.runs.photos import write_photos

StopNow = Callable[[RunFolder], None]
SMALLEST = "tiny"
"""A network for runs that train in the tests' own process; other processes do not know it."""
SMALLEST_CONFIG = ResNetConfig("basic", (1, 1, 1, 1), width=8)


@contextmanager
def knowing_smallest() -> Iterator[None]:
    """Inside the block, the smallest network is one of the architectures."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ARCHITECTURES, SMALLEST, SMALLEST_CONFIG)
        patch.setitem(BILLION_MULTIPLY_ADDS, SMALLEST, 0.01)
        yield


@pytest.fixture(scope="package", autouse=True)
def smallest_network() -> Iterator[None]:
    """All tests of the folder know the smallest network, and so do the fixtures that they share."""
    with knowing_smallest():
        yield


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("RESNET_STUDIO_HOME", str(tmp_path / "workspace"))
    return open_workspace()


@pytest.fixture(scope="session")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    folder = tmp_path_factory.mktemp("photos")
    labels = write_photos(folder / "squares")
    return snapshot_of_table(labels, labels.parent / "images")[0]


def tiny(**changes: Any) -> Recipe:
    """A recipe that trains in seconds: only the head of a small network, from random weights."""
    values = {
        "arch": "resnet18",
        "weights": "none",
        "train": "head",
        "epochs": 3,
        "size": 32,
        "batch_size": 4,
        "augmentation": "none",
        "schedule": "constant",
        "device": "cpu",
        "precision": "fp32",
    }
    return Recipe.checked(**{**values, **changes})


@pytest.fixture
def make_run(workspace: Workspace, snapshot: Snapshot) -> Iterator[Callable[..., RunFolder]]:
    """Create queued run folders of the smallest network, owned by this process; nothing is started."""

    def make(name: str = "one", *, title: str = "", project_id: int | None = None, **recipe: Any) -> RunFolder:
        folder = workspace.runs / name
        return create_run(
            folder, snapshot, tiny(**{"arch": SMALLEST, **recipe}), title=title or name, project_id=project_id
        )

    yield make


@pytest.fixture
def stop_now(monkeypatch: pytest.MonkeyPatch) -> StopNow:
    """Stop a run that trains in this process; returns when its training has noticed it."""
    watching: list[StopSignals] = []

    class Recorded(StopSignals):
        def __enter__(self) -> StopSignals:
            watching.append(self)
            return super().__enter__()

    monkeypatch.setattr(worker, "StopSignals", Recorded)

    def stop_and_wait(run: RunFolder) -> None:
        stop(run)
        deadline = time.monotonic() + 60
        while watching[-1].reason is None:
            assert time.monotonic() < deadline, run.status()
            time.sleep(0.01)

    return stop_and_wait


def listen(run: RunFolder, workspace: Workspace, hear: Callable[[Event], None]) -> Status:
    """Train, pass each event to ``hear``, and return the final status."""
    events = train(run, workspace)
    while True:
        try:
            hear(next(events))
        except StopIteration as end:
            return end.value
