"""Sweeps in a folder: named as those of the workspace, and opened by the id in sweep.json."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.data.snapshot import Snapshot
from core.errors import RunError
from core.runs.sweeps import sweep_jobs
from core.runs.sweeps.results import workspace_sweep
from core.runs.sweeps.sweep_folder import SWEEP_FILE, create_sweep, open_sweep, runs_of
from core.runs.sweeps.sweep_jobs import submit_sweep
from core.workspace import Workspace
from tests.runs.sweeps.test_sweep_jobs import planned


@pytest.fixture
def far_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The clock of a machine whose local time is far ahead of UTC."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "UTC-14")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("far_east")
def test_a_folder_and_the_workspace_name_a_sweep_and_its_runs_alike(
    workspace: Workspace, snapshot: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ids had the local time in the workspace, as those of runs have, and UTC in a folder."""
    monkeypatch.setattr(sweep_jobs, "_start", lambda *_: None)
    there = workspace_sweep(submit_sweep(workspace, snapshot, planned(2, 2), title="Birds"), workspace)
    here = open_sweep(str(create_sweep(tmp_path / "sweep", snapshot, planned(2, 2), "Birds")), workspace)
    assert [run.row.title for run in here.runs] == [run.row.title for run in there.runs]
    assert here.runs[0].row.title == "Birds · epochs 1, seed 0" and here.title == there.title == "Birds"
    for found in (here, there):
        named = datetime.strptime(found.id.rpartition("-")[0], "%Y%m%d-%H%M%S")
        assert 13.9 < (named - datetime.now(UTC).replace(tzinfo=None)).total_seconds() / 3600 < 14.1


def test_the_file_of_a_sweep_holds_what_is_read_of_it(workspace: Workspace, snapshot: Snapshot, tmp_path: Path) -> None:
    folder = create_sweep(tmp_path / "sweep", snapshot, planned(), "Birds")
    file = folder / SWEEP_FILE
    content = json.loads(file.read_text())
    assert sorted(content) == ["id", "version"]
    # As earlier versions wrote it.
    file.write_text(json.dumps({**content, "title": "x", "created": "2026-11-27T12:00:00+00:00", "runs": []}))
    assert open_sweep(str(folder), workspace).id == content["id"] and len(runs_of(folder)) == 2
    file.write_text(json.dumps({**content, "version": 2}))
    with pytest.raises(RunError, match="from a newer version"):
        open_sweep(str(folder), workspace)
    file.write_text("{}")
    with pytest.raises(RunError, match="cannot be read"):
        open_sweep(str(folder), workspace)
