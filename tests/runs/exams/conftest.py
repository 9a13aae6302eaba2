"""Finished runs with a model that nobody trained: an exam needs no more."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from core.data.snapshot import Snapshot
from core.runs.folder import RunFolder
from core.runs.new_run import create_run
from core.workspace import Workspace
from tests.inspection.conftest import CLASSES, photo, write_bundle
from tests.runs.conftest import SMALLEST, tiny

MakeRun = Callable[..., RunFolder]
TESTED = (2, 3, 4)
"""The numbers of the test photos, unless a test says otherwise."""


@pytest.fixture
def pictures(tmp_path: Path) -> list[tuple[str, str]]:
    """The content hash and the path of eight photos."""
    (tmp_path / "photos").mkdir()
    found = []
    for seed in range(8):
        path = tmp_path / "photos" / f"{seed}.png"
        photo(seed, 40, 40).save(path)
        found.append((f"{seed:064x}"[::-1], str(path)))
    return found


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that all runs share; its weights are never changed in place."""
    return write_bundle(tmp_path_factory.mktemp("model") / "best", SMALLEST)


@pytest.fixture
def make(workspace: Workspace, pictures: list[tuple[str, str]], model: Path) -> MakeRun:
    """Create a finished run; ``tested`` are the numbers of its test photos, and photo 7 is for validation."""

    def make(
        name: str = "one",
        *,
        project_id: int | None = 1,
        tested: tuple[int, ...] = TESTED,
        folder: Path | None = None,
    ) -> RunFolder:
        rows: list[Any] = []
        for number, (digest, path) in enumerate(pictures):
            split = "test" if number in tested else "val" if number == 7 else "train"
            rows.append((digest, path, Path(path).name, CLASSES[number % 3], split))
        frame = pd.DataFrame(rows, columns=["image", "path", "filename", "label", "split"])
        snapshot = Snapshot(frame, CLASSES, "classification")
        place = (folder or workspace.runs) / name
        run = create_run(place, snapshot, tiny(arch=SMALLEST), title=f"Run {name}", project_id=project_id)
        shutil.copytree(model, run.best, copy_function=os.link)
        run.write_status(state="finished")
        return run

    return make
