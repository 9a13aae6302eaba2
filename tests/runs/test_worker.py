"""The work of a training process, run in this process."""

import errno
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from core.errors import RunError
from core.inspection.measuring.report import Rate
from core.models.bundle import load_bundle, save_bundle
from core.runs.ending.failures import UNEXPECTED
from core.runs.ending.summary import summary_of
from core.runs.exams.records import exams_of
from core.runs.folder import RunFolder
from core.runs.jobs import resume, stop, work
from core.runs.models import evaluate_run
from core.runs.queueing.queue import device_lock, join_queue
from core.runs.status import Status
from core.runs.worker import train
from core.training.events import Epoch, Event, Step
from core.workspace import Workspace
from tests.runs.conftest import StopNow, listen

MakeRun = Callable[..., RunFolder]


def test_a_stopped_run_keeps_its_best_model_and_is_evaluated(
    make_run: MakeRun, workspace: Workspace, stop_now: StopNow
) -> None:
    run = make_run(epochs=200)

    def hear(event: Event) -> None:
        if isinstance(event, Step) and event.epoch == 3:
            stop_now(run)

    status = listen(run, workspace, hear)
    assert status.state == "stopped" and "best epoch" in status.message
    assert not status.stop_requested
    assert run.finished
    report = run.report("val")
    assert report is not None and report.n == 4
    assert run.report("test") is None
    assert 2 <= len(run.epochs()) < 100


def test_what_a_resumed_training_changes_has_no_report_of_before(
    make_run: MakeRun, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refinement after the last epoch changes the best model without a better epoch."""
    run = make_run(epochs=1)
    assert work(run, workspace).state == "finished"
    run.write_status(state="stopped")
    evaluate_run(run, "train", device="cpu")
    evaluate_run(run, "val", device="cpu").model_copy(update={"split": "test"}).write(run.report_path("test"))

    def refined(*_: object) -> Iterator[Event]:
        model, info = load_bundle(run.best)
        with torch.no_grad():
            model.fc.bias += 1
        save_bundle(run.best, model, info)
        yield from ()

    for training, kept in ((lambda *_: iter(()), True), (refined, False)):
        monkeypatch.setattr("core.runs.worker._train", training)
        assert work(run, workspace).state == "finished", run.log()
        run.write_status(state="stopped")
        assert [run.report_path(split).exists() for split in ("train", "test")] == [kept, kept]
    assert [exam.automatic for exam in exams_of(run)] == [True], "an earlier version had looked"


def test_the_summary_has_the_reports_figure_and_names_the_other(make_run: MakeRun, workspace: Workspace) -> None:
    """Epochs may be evaluated in bf16, but reports in fp32, so an epoch can have two figures."""
    run = make_run(epochs=1)
    status = work(run, workspace)
    report = run.report("val")
    assert report is not None and status.message.endswith(f"{report.accuracy.correct} of 4 validation photos correct.")
    other = 3 - report.accuracy.correct % 2
    report.model_copy(update={"accuracy": Rate.of(other, 4)}).write(run.path / "report-val.json")
    run.write_status(precision="bf16")
    before = report.accuracy.correct
    assert summary_of(run) == (
        f"The best epoch was 1: {other} of 4 validation photos correct ({before} during training, in bf16)."
    )


def test_a_run_stopped_before_its_first_epoch_has_no_model(make_run: MakeRun, workspace: Workspace) -> None:
    run = make_run()
    stop(run)
    status = work(run, workspace)
    assert status.state == "stopped" and "no model" in status.message
    assert not run.finished and run.report("val") is None


def test_a_resumed_run_that_is_stopped_while_it_waits_keeps_its_model(make_run: MakeRun, workspace: Workspace) -> None:
    run = make_run(epochs=50)
    events = train(run, workspace)
    next(event for event in events if isinstance(event, Epoch))
    events.close()
    join_queue(run)
    stop(run)
    with device_lock(workspace, run):
        status = work(run, workspace)
    assert status.state == "stopped" and "best model so far is kept" in status.message


def test_sigterm_interrupts_and_resume_ends_as_if_nothing_had_been(make_run: MakeRun, workspace: Workspace) -> None:
    whole, broken = (make_run(name, train="all", epochs=2) for name in ("whole", "broken"))
    assert work(whole, workspace).state == "finished"

    def hear(event: Event) -> None:
        if isinstance(event, Step) and event.epoch == 2:
            os.kill(os.getpid(), signal.SIGTERM)

    status = listen(broken, workspace, hear)
    assert status.state == "interrupted" and "Resume" in status.message
    assert broken.report("val") is None
    assert work(broken, workspace).state == "finished"
    columns = ["epoch", "train_loss", "train_accuracy", "val_loss", "val_accuracy", "best"]
    assert broken.epochs()[columns].equals(whole.epochs()[columns])
    assert broken.steps()[["epoch", "batch"]].duplicated().sum() == 0
    weights = "best/model.safetensors"
    assert (broken.path / weights).read_bytes() == (whole.path / weights).read_bytes()


def test_a_run_that_was_deleted_ends_quietly(make_run: MakeRun, workspace: Workspace) -> None:
    run = make_run(epochs=50)

    def hear(event: Event) -> None:
        if isinstance(event, Step) and event.epoch == 2 and run.path.exists():
            shutil.rmtree(run.path)

    listen(run, workspace, hear)
    assert not run.path.exists()


def test_who_leaves_the_loop_leaves_an_interrupted_run(make_run: MakeRun, workspace: Workspace) -> None:
    run = make_run(epochs=50)
    events = train(run, workspace)
    for event in events:
        if isinstance(event, Epoch):
            break
    events.close()
    assert run.status().state == "interrupted"
    assert run.begun


def test_a_users_mistake_is_the_runs_message(make_run: MakeRun, workspace: Workspace, tmp_path: Path) -> None:
    run = make_run(weights=str(tmp_path))  # a folder, but no bundle
    status = work(run, workspace)
    assert status.state == "failed"
    assert str(tmp_path) in status.message and "Traceback" not in run.log()


def test_an_unexpected_error_leaves_its_traceback_in_the_log(make_run: MakeRun, workspace: Workspace) -> None:
    run = make_run()
    (run.path / "metrics.jsonl").mkdir()
    status = work(run, workspace)
    assert (status.state, status.message) == ("failed", UNEXPECTED)
    assert "Traceback" in run.log() and "IsADirectoryError" in run.log()


FULL = "The disk is full, so the run could not be saved. Free some space, then resume the run."


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
@pytest.mark.parametrize("name", ["metrics.jsonl", "log.txt"])
def test_a_full_disk_is_a_sentence(make_run: MakeRun, workspace: Workspace, name: str) -> None:
    run = make_run()
    (run.path / name).unlink(missing_ok=True)
    (run.path / name).symlink_to("/dev/full")
    status = work(run, workspace)
    assert (status.state, status.message) == ("failed", FULL)


def test_a_disk_that_is_full_at_the_end_leaves_a_run_that_can_be_resumed(
    make_run: MakeRun, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report, the status and the log: nothing can be written any more. The status says so all the same."""
    run = make_run(epochs=1)
    space: list[str] = []
    write_text, open_file = Path.write_text, Path.open

    def full() -> bool:
        return not space and (run.path / "report-val.json.part").exists()

    def write(path: Path, *arguments: Any, **options: Any) -> int:
        if not space and path.name == "report-val.json.part":
            path.touch()
        if full():
            raise OSError(errno.ENOSPC, "No space left on device")
        return write_text(path, *arguments, **options)

    def opened(path: Path, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        if full() and "a" in mode:
            raise OSError(errno.ENOSPC, "No space left on device")
        return open_file(path, mode, *arguments, **options)

    monkeypatch.setattr(Path, "write_text", write)
    monkeypatch.setattr(Path, "open", opened)
    status = work(run, workspace)
    assert (status.state, status.message) == ("failed", FULL)
    assert json.loads(run.status_path.read_text())["state"] == "failed"
    space.append("some")
    status = work(run, workspace)
    assert (status.state, len(run.epochs())) == ("finished", 1)
    assert status.message.startswith("The best epoch was 1") and run.report("val") is not None


def test_an_error_that_only_mentions_a_missing_permission_keeps_its_own_sentence(
    make_run: MakeRun, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> Iterator[Event]:
        raise RunError("weights.pth belongs to somebody else.") from PermissionError(13, "denied")

    monkeypatch.setattr("core.training.trainer.fit", refuse)
    assert work(make_run(), workspace).message == "weights.pth belongs to somebody else."


def test_the_status_says_what_goes_on(make_run: MakeRun, workspace: Workspace) -> None:
    run = make_run()
    seen: list[Status] = []
    end = listen(run, workspace, lambda event: seen.append(run.status()))
    assert {"preparing", "running"} <= {status.state for status in seen}
    assert any(status.phase == "epoch 2 of 3" for status in seen)
    assert any(status.phase.startswith("evaluating the best model on the validation photos") for status in seen)
    assert any(status.seconds_left for status in seen)
    evaluating = [status for status in seen if status.phase.startswith("evaluating the best model")]
    assert evaluating and all(status.seconds_left is not None for status in evaluating)
    assert (end.device, end.precision) == ("cpu", "fp32")
    assert (end.epoch, end.epochs, end.batch, end.batches) == (3, 3, 2, 2)
    assert end.started and end.ended and end.started <= end.ended


def test_two_processes_never_train_one_run(
    make_run: MakeRun, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.runs.worker._LOCK_SECONDS", 0.2)
    run = make_run(epochs=50)
    events = train(run, workspace)
    next(events)
    with pytest.raises(RunError, match="another process"):
        work(RunFolder(run.path), workspace)
    assert run.status().live
    events.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_waiting_run_holds_less_than_60_mb_and_no_torch(make_run: MakeRun, workspace: Workspace) -> None:
    """It held 302 MB, since torch was imported before its turn."""
    run = make_run(arch="resnet18")
    run.write_status(state="interrupted")
    with device_lock(workspace, run):
        resume(workspace, run)
        deadline = time.monotonic() + 60
        while run.status().heartbeat is None and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(1)  # it waits, and has read the states of the others
        status = run.status()
        assert status.state == "queued" and status.pid not in (None, os.getpid())
        text = Path(f"/proc/{status.pid}/status").read_text()
        [kilobytes] = [int(line.split()[1]) for line in text.splitlines() if line.startswith("VmHWM")]
        libraries = Path(f"/proc/{status.pid}/maps").read_text()
        stop(run)
        while run.status().live and time.monotonic() < deadline:
            time.sleep(0.05)
    assert kilobytes < 60_000
    assert not [name for name in ("libtorch", "pandas", "numpy") if name in libraries]
    assert run.status().state == "stopped"
