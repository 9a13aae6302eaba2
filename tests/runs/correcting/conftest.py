"""A project with labelled photos and a run on them; no process is started."""

from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from core.data.pictures.decoding import Decoded
from core.data.snapshot import snapshot_of_project
from core.data.store.records import BoxRow
from core.data.store.store import Project, Store
from core.runs.folder import RunFolder
from core.runs.new_run import create_run
from core.workspace import Workspace
from tests.runs.conftest import tiny

EACH = 6


@pytest.fixture(autouse=True)
def no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.runs.jobs._start", lambda workspace, run: None)


@pytest.fixture
def store(workspace: Workspace) -> Iterator[Store]:
    opened = Store(workspace)
    yield opened
    opened.close()


@pytest.fixture
def birds(store: Store) -> Project:
    """Six owls and six ducks."""
    project = store.create_project("Birds", classes=["owl", "duck"])
    for number in range(2 * EACH):
        image_id = add(store, project, number)
        store.annotate(project.id, [image_id], ("owl", "duck")[number % 2], "Ana")
    return project


@pytest.fixture
def run(workspace: Workspace, store: Store, birds: Project) -> RunFolder:
    return run_of(workspace, store, birds)


def run_of(workspace: Workspace, store: Store, project: Project, task: str = "classification") -> RunFolder:
    store.assign_splits(project.id)
    recipe = tiny(seed=7) if task == "classification" else tiny(mode="letterbox")
    return create_run(
        workspace.runs / "first",
        snapshot_of_project(store, project.id),
        recipe,
        title="Owls and ducks",
        project_id=project.id,
        project=project.name,
    )


def add(store: Store, project: Project, seed: int) -> int:
    pixels = np.random.default_rng(seed).integers(0, 255, (24, 32, 3), dtype=np.uint8)
    decoded = Decoded(Image.fromarray(pixels), (), "PNG", False)
    return store.add_image(project.id, decoded, b"", f"{seed}.png")[0].id


def draw(store: Store, project: Project, image_id: int, label: str, x: float) -> None:
    store.set_boxes(project.id, image_id, [BoxRow(label, x, 2, 10, 10)], "Ana")
