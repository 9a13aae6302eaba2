"""The tasks of the Explain page's worker processes: what they return, and whether it fits into a message."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import ModelError
from core.inspection.concepts.concepts import read_concepts
from core.inspection.covering.occlusion import read_occlusion
from core.progress import Progress
from core.runs.computations import concepts as concepts_task
from core.runs.computations.concepts import take_apart
from core.runs.computations.occlusion import occlude
from core.workers.tasks import TASKS
from core.workspace import Workspace, open_workspace
from tests.inspection.conftest import photo, write_bundle


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path / "workspace")


@pytest.fixture
def model(tmp_path: Path, workspace: Workspace) -> dict[str, Any]:
    return {"workspace": str(workspace.root), "model": str(write_bundle(tmp_path / "bundle"))}


def silent(progress: Progress) -> None: ...


def sent(found: Any) -> Any:
    """What arrives at the page."""
    return json.loads(json.dumps(found))


def test_an_occlusion_map_is_computed_with_its_progress(model: dict[str, Any], tmp_path: Path) -> None:
    np.save(tmp_path / "photo.npy", np.asarray(photo(1)), allow_pickle=False)
    reports: list[Progress] = []
    arguments = {**model, "folder": str(tmp_path), "target": None, "fill": "mean", "side": 0.3, "steps": 3}
    found = read_occlusion(sent(occlude(arguments, reports.append)))
    assert found.drops.shape == (3, 3) and found.fill == "mean"
    assert (reports[-1].done, reports[-1].total) == (9, 9)


def photos_of(folder: Path, count: int) -> list[tuple[str, str, str]]:
    found = []
    for number in range(count):
        path = folder / f"{number}.png"
        photo(number).save(path)
        found.append((f"{number:064x}", str(path), path.name))
    return found


def test_a_class_is_taken_apart_and_another_number_of_parts_needs_no_new_maps(
    model: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(concepts_task, "_last", [])
    arguments = {**model, "photos": photos_of(tmp_path, 4), "target": 1, "count": 3}
    first = read_concepts(sent(take_apart(arguments, silent)))
    assert (first.label, len(first.concepts), first.photos) == ("dog", 3, 4)
    for _, path, _ in arguments["photos"]:
        Path(path).write_bytes(b"no picture")
    second = read_concepts(sent(take_apart({**arguments, "count": 4}, silent)))
    assert len(second.concepts) == 4 and second.score == first.score


def test_without_a_class_of_the_same_name_it_is_the_one_that_is_predicted_most(
    model: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(concepts_task, "_last", [])
    arguments = {**model, "photos": photos_of(tmp_path, 4), "target": None, "count": 3}
    found = read_concepts(sent(take_apart(arguments, silent)))
    (_, _, maps) = concepts_task._last[0]
    assert found.label == ("cat", "dog", "owl")[int(np.bincount(maps.logits.argmax(axis=1)).argmax())]


def test_a_class_without_photos_is_refused(model: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match="no photos of this class"):
        take_apart({**model, "photos": [], "target": 0, "count": 3}, silent)


def test_the_pages_tasks_are_allowed() -> None:
    assert {"occlude", "replay-epochs", "take-apart"} <= set(TASKS)
