"""A separate workspace for each test, and small photos to train on."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.data.snapshot import Snapshot, snapshot_of_table
from core.runs.folder import RunFolder
from core.runs.new_run import create_run
from core.runs.status import Status
from core.runs.worker import train
from core.training.events import Event
from core.training.recipe import Recipe
from core.workspace import Workspace, open_workspace
from tests.runs.photos import write_photos


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
    """A recipe that trains in seconds: only the head of the smallest network, from random weights."""
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
    """Create queued run folders in the workspace, owned by this process; nothing is started."""

    def make(name: str = "one", *, title: str = "", project_id: int | None = None, **recipe: Any) -> RunFolder:
        folder = workspace.runs / name
        return create_run(folder, snapshot, tiny(**recipe), title=title or name, project_id=project_id)

    yield make


def listen(run: RunFolder, workspace: Workspace, hear: Callable[[Event], None]) -> Status:
    """Train, pass each event to ``hear``, and return the final status."""
    events = train(run, workspace)
    while True:
        try:
            hear(next(events))
        except StopIteration as end:
            return end.value
