"""Automatic runs that were killed at the worst moments: there is a model, and a resume ends as if uninterrupted."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.runs.automatic.next_phase import Situation
from core.runs.automatic.phases import FOLDER
from core.runs.folder import RunFolder
from core.runs.jobs import work
from core.workspace import REPOSITORY, Workspace
from tests.runs.automatic.conftest import Make, better, equal, phases_of, weights_of
from tests.runs.automatic.killed_automatic import POINTS

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")

COLUMNS = ["epoch", "epochs", "train_loss", "val_loss", "val_accuracy", "best"]


def test_a_killed_run_has_a_model_and_goes_on_in_its_phase(
    make: Make, workspace: Workspace, plan: list[Situation], monkeypatch: pytest.MonkeyPatch
) -> None:
    better(monkeypatch, True)
    whole = make("whole")
    assert work(whole, workspace).state == "finished", whole.log()
    runs = [make(f"killed-{number}") for number in range(len(POINTS))]
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("killed_automatic.py")]
        + [f"{point}={run.path}" for point, run in zip(POINTS, runs, strict=True)],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.stdout.splitlines() == [f"{point} -9" for point in POINTS], done.stderr
    for point, run in zip(POINTS, runs, strict=True):
        check(point, run, whole, workspace)


def check(point: str, run: RunFolder, whole: RunFolder, workspace: Workspace) -> None:
    assert run.status().state == "interrupted", point
    in_phase_2 = point != "within the first phase"
    assert run.finished == in_phase_2 and run.begun, point
    if in_phase_2:
        weights_of(run.best)  # it can be loaded
    how = "continue after the last finished epoch" if in_phase_2 else "Resume the run"
    assert how in run.status().message, point
    assert work(run, workspace).state == "finished", run.log()
    wanted, found = phases_of(whole), phases_of(run)
    for one, other in zip(wanted.phases, found.phases, strict=True):
        assert (one.train, one.epochs, one.best_epoch, one.value) == (
            *(other.train, other.epochs, other.best_epoch, other.value),
        ), point
        assert other.kept and [at.epoch for at in one.points] == [at.epoch for at in other.points], point
    assert equal(weights_of(whole.best), weights_of(run.best)), point
    assert run.epochs()[COLUMNS].equals(whole.epochs()[COLUMNS]), point
    report = run.report("val")
    assert report is not None and report.accuracy.value == found.phases[-1].value
    assert not (run.path / FOLDER).exists() and not [
        path.name for path in run.path.iterdir() if path.name.endswith((".old", ".new", ".part"))
    ]
