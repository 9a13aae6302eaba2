"""Runs in real processes: started, killed, stopped and resumed."""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from core.data.snapshot import Snapshot
from core.errors import RunError, TooLittleData
from core.runs.folder import RunFolder, list_runs
from core.runs.jobs import delete, recover, resume, runs_ahead, stop, submit
from core.runs.status import Status
from core.runs.worker import train
from core.training.events import Epoch
from core.workspace import Workspace, open_workspace
from tests.runs.conftest import tiny

MakeRun = Callable[..., RunFolder]
PATIENCE_SECONDS = 90


def wait_until(run: RunFolder, fits: Callable[[Status], bool]) -> Status:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        status = run.status()
        if fits(status):
            return status
        if not status.live:
            break
        time.sleep(0.05)
    raise AssertionError(f"{run.status()}\n{run.log()}")


def ended(status: Status) -> bool:
    return not status.live


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return open_workspace(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def done(home: Workspace, snapshot: Snapshot) -> RunFolder:
    """A run that was killed during training and resumed."""
    run = submit(
        home, snapshot, tiny(epochs=10), title="Birds: Ä sample!", project_id=3, project="Birds", once="form-1"
    )
    status = wait_until(run, lambda status: status.epoch >= 3)
    assert status.pid is not None and status.pid != os.getpid()
    assert os.getsid(status.pid) == status.pid  # a session of its own: closing the app's terminal does not reach it
    os.kill(status.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while run.status().live and time.monotonic() < deadline:
        time.sleep(0.02)
    assert run.status().state == "interrupted"
    assert "Its process ended in epoch" in run.status().message
    resume(home, run)
    assert wait_until(run, ended).state == "finished"
    return run


def test_a_killed_run_is_resumed_and_finished(done: RunFolder) -> None:
    assert done.epochs()["epoch"].tolist() == list(range(1, 11))
    steps = done.steps()[["epoch", "batch"]].apply(tuple, axis=1).tolist()
    assert steps == sorted(set(steps))
    assert "resumed" in done.log() and "Resuming after epoch" in done.log()
    report = done.report("val")
    assert report is not None and report.n == 4


def test_a_finished_run_is_a_folder_of_these_files(done: RunFolder) -> None:
    paths = [path.relative_to(done.path).as_posix() for path in done.path.rglob("*") if path.is_file()]
    # The name of an event file holds the time and the process; there were two.
    files = sorted({path.partition(".out.tfevents.")[0] for path in paths})
    assert files == [
        ".lock",
        ".worker.lock",
        "best/bundle.json",
        "best/model.safetensors",
        *(f"epochs/{epoch:03d}.safetensors" for epoch in range(1, 11)),
        "last/bundle.json",
        "last/epoch.json",
        "last/model.safetensors",
        "last/training.pt",
        "last/training.pt.sha256",
        "log.txt",
        "logits-val.npy",
        "metrics.jsonl",
        "predictions-val.csv",
        "recipe.json",
        "report-val.json",
        "snapshot.csv",
        "status.json",
        "tensorboard/events",
    ]


def test_its_status_says_what_it_was(done: RunFolder) -> None:
    status = done.status()
    assert (status.title, status.project_id, status.project) == ("Birds: Ä sample!", 3, "Birds")
    assert (status.state, status.epoch, status.epochs, status.phase) == ("finished", 10, 10, "")
    assert status.seconds_left is None


def test_its_id_sorts_by_time_and_can_be_read(done: RunFolder) -> None:
    day, clock, *words, chance = done.id.split("-")
    assert len(day) == 8 and len(clock) == 6 and day.isdigit() and clock.isdigit()
    assert words == ["birds", "sample"] and len(chance) == 3


def test_the_same_form_sent_twice_is_one_run(home: Workspace, done: RunFolder, snapshot: Snapshot) -> None:
    assert submit(home, snapshot, tiny(), title="again", once="form-1") == done


def test_a_finished_run_is_not_resumed(home: Workspace, done: RunFolder) -> None:
    with pytest.raises(RunError, match="nothing to resume"):
        resume(home, done)
    assert done.status().state == "finished"


def test_stopping_a_finished_run_changes_nothing(done: RunFolder) -> None:
    before = done.status()
    stop(done)
    assert done.status() == before


def test_runs_take_turns_can_be_deleted_and_the_next_starts_when_the_first_is_stopped(
    workspace: Workspace, snapshot: Snapshot, make_run: MakeRun
) -> None:
    """The first trains in this process, the others in processes of their own."""
    first = make_run("20260101-000000-first-abc", epochs=1000)
    training = train(first, workspace)
    next(event for event in training if isinstance(event, Epoch))
    second = submit(workspace, snapshot, tiny(epochs=1), title="second")
    third = submit(workspace, snapshot, tiny(epochs=1), title="third")
    for waiting in (second, third):
        wait_until(waiting, lambda status: status.heartbeat is not None)
    assert [len(runs_ahead(workspace, run)) for run in (first, second, third)] == [0, 1, 2]

    pid = third.status().pid
    delete(third)
    assert pid is not None
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    assert list_runs(workspace) == [second, first]
    assert sorted(path.name for path in workspace.runs.iterdir()) == sorted([".locks", first.id, second.id])
    delete(third)  # a second click

    assert second.status().state == "queued"
    stop(first)
    for _ in training:
        assert second.status().state == "queued"
    status = first.status()
    assert status.state == "stopped" and first.finished
    assert wait_until(second, ended).state == "finished"
    assert second.status().started > status.ended  # type: ignore[operator]


def test_a_run_in_a_process_that_is_no_worker_is_not_killed(make_run: MakeRun) -> None:
    run = make_run()  # it names this process
    with pytest.raises(RunError, match="another program"):
        delete(run)
    assert run.path.exists()


def test_too_little_data_is_said_before_anything_is_made(workspace: Workspace, snapshot: Snapshot) -> None:
    lonely = Snapshot(snapshot.frame[snapshot.frame["label"] == "red"], ("red",), "classification")
    with pytest.raises(TooLittleData):
        submit(workspace, lonely, tiny(), title="lonely")
    assert list_runs(workspace) == []


def test_a_process_that_cannot_start_is_said(
    workspace: Workspace, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(RunError, match="could not be started"):
        submit(workspace, snapshot, tiny(), title="no python")
    [run] = list_runs(workspace)
    assert run.status().state == "failed"


def test_a_process_that_dies_at_once_is_interrupted_with_its_words_in_the_log(
    workspace: Workspace, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "typer.py").write_text("raise ImportError('this typer is broken')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    run = submit(workspace, snapshot, tiny(), title="broken")
    assert wait_until(run, ended).state == "interrupted"
    assert "this typer is broken" in run.log()


def test_recover_tells_what_was_interrupted_and_clears_leftovers(make_run: MakeRun, workspace: Workspace) -> None:
    dead, alive, over = make_run("dead"), make_run("alive"), make_run("over")
    dead.write_status(state="running", pid=2**22 - 1, process_started=1.0)
    over.write_status(state="finished")
    (workspace.runs / "broken").mkdir()
    old, fresh = workspace.runs / ".new-old", workspace.runs / ".new-fresh"
    old.mkdir()
    fresh.mkdir()
    os.utime(old, (1, 1))
    assert recover(workspace) == [dead]
    assert recover(workspace) == []
    assert alive.status().state == "queued"
    assert not old.exists() and fresh.exists()
