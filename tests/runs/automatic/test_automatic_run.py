"""An automatic run in the worker: its record, its reports, and what stops, interrupts or breaks it."""

import errno
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
import torch

from core.data.snapshot import Snapshot
from core.inspection.doubt.run_logits import logits_of
from core.inspection.measuring.evaluation import evaluate_table
from core.inspection.measuring.report import Report
from core.inspection.predicting.predictor import Predictor
from core.models.bundle import read_info
from core.runs.automatic import phase_model, train_automatic
from core.runs.automatic.next_phase import Ended, Planned, Situation
from core.runs.automatic.phases import FOLDER
from core.runs.exams.records import exams_of
from core.runs.folder import RunFolder
from core.runs.jobs import work
from core.runs.models import evaluate_run
from core.runs.status import Status
from core.runs.table import row_of
from core.runs.verdict import verdict_of
from core.runs.worker import train
from core.training.events import Epoch, Event, PhaseChange, Progress, Step
from core.workspace import Workspace
from tests.runs.automatic.conftest import Make, OutOfMemoryError, better, equal, phases_of, weights_of
from tests.runs.conftest import StopNow, listen
from tests.runs.tensorboard.test_event_writer import figures


def same(one: RunFolder, other: RunFolder) -> bool:
    return equal(weights_of(one.best), weights_of(other.best))


def test_an_automatic_run_leaves_the_files_of_any_run(
    make: Make, workspace: Workspace, plan: list[Situation], photos: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    better(monkeypatch, True)
    run, said, left = make(), [], set()

    def hear(event: Event) -> None:
        said.append(event)
        if isinstance(event, PhaseChange):  # what is left of the phase before says nothing about the next
            left.add(run.status().seconds_left)

    status = listen(run, workspace, hear)
    assert left == {None}
    assert status.state == "finished", run.log()
    kept = phases_of(run).kept
    assert kept is not None and kept.value is not None
    right = round(kept.value * 8)
    assert status.message == (f"Kept: the last stage, with {right} of 8 validation photos correct. That was all.")
    assert (status.device, status.precision, status.epoch, status.epochs) == ("cpu", "fp32", 3, 3)
    assert [one.sentence for one in said if isinstance(one, PhaseChange)] == [
        "Phase 1, the head: First the head.",
        "The first model.",
        "Phase 2, the last stage: Then the last stage.",
        "As the test wants it.",
        "That was all.",
    ]
    row, found = row_of(run), verdict_of(run, cast(Report, run.report("val")))
    assert row.recipe == "tiny, weights, automatic (layer4)" and row.epochs_done == 3
    assert found is not None
    assert run.begun and not (run.path / FOLDER).exists() and not list(run.path.glob("*.part"))
    report = run.report("val")
    whole, _ = evaluate_table(Predictor.load(run.best, "cpu"), photos.part("val"), split="val", digest="x")
    assert report is not None and report.n == 8 and report.confusion == whole.confusion
    logits, labels, _ = logits_of(run.path)  # those of the phase that was kept came with its model
    assert logits.shape == (8, len(photos.classes)) and (logits.argmax(axis=1) == labels).sum() == right
    decision = read_info(run.best).decision
    assert decision is not None and decision.fitted_on is not None and decision.fitted_on.n == 8
    assert run.report("test") is None
    assert run.log().count("validation photos: accuracy") == 1  # the head's; the verdict on the last stage says its own


def test_a_resumed_run_goes_on_with_the_scale_of_its_tensorboard_files(
    make: Make, workspace: Workspace, plan: list[Situation], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The solved head has no steps, but was counted like an epoch by steps after a resume."""
    better(monkeypatch, True)
    run = make()
    events = train(run, workspace)
    next(event for event in events if isinstance(event, Epoch) and event.epoch == 2)
    events.close()
    assert run.status().state == "interrupted" and "after the last finished epoch" not in run.status().message
    assert work(run, workspace).state == "finished", run.log()
    assert figures(run)["epoch"] == [(1, 1.0), (6, 2.0), (11, 3.0)]  # twenty photos in batches of four
    lines = [json.loads(line) for line in run.metrics_path.read_text().splitlines()]
    steps = [(line["epoch"], line["batch"]) for line in lines if line["kind"] == "step"]
    assert len(steps) == len(set(steps)) and {epoch for epoch, _ in steps} == {2, 3}


def test_the_first_model_and_its_report_need_no_second_pass(
    make: Make, workspace: Workspace, photos: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def head_only(now: Situation) -> Planned | Ended:
        return Ended("Too few photos.") if now.done else Planned("head", 1, "First the head.")

    monkeypatch.setattr(train_automatic, "next_phase", head_only)
    run = make()
    status = work(run, workspace)
    report = run.report("val")
    assert report is not None and report.computed.startswith("kept features") and report.n == 8
    assert status.message.startswith("Kept: the head, with ") and "Too few photos." in status.message
    assert run.report("test") is None


def test_test_time_views_count_in_the_first_models_report(
    make: Make, workspace: Workspace, plan: list[Situation], monkeypatch: pytest.MonkeyPatch
) -> None:
    better(monkeypatch, False)
    run = make(test_time_views=2)
    assert work(run, workspace).state == "finished", run.log()
    report = run.report("val")
    assert report is not None and report.computed == ""


def test_a_run_is_stopped_in_each_phase_and_resumed_after_each(
    make: Make,
    workspace: Workspace,
    plan: list[Situation],
    stop_now: StopNow,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    better(monkeypatch, True)
    whole, run = make("whole"), make("stopped")
    assert work(whole, workspace).state == "finished"

    def stop_at(wanted: Callable[[Event], bool]) -> Status:
        def hear(event: Event) -> None:
            if wanted(event):
                stop_now(run)

        return listen(run, workspace, hear)

    status = stop_at(lambda event: isinstance(event, Progress) and event.phase == "solving the head")
    if not run.finished:  # otherwise the request came too late for the little that was left
        assert status.state == "stopped" and "no model" in status.message
    status = stop_at(lambda event: isinstance(event, Step) and event.epoch == 2 and event.batch == 1)
    assert status.state == "stopped" and status.message.startswith("Kept: "), run.log()
    assert status.message.endswith("The training was stopped.")
    first = phases_of(run)
    assert first.phases[0].kept and first.end == "The training was stopped."
    status = stop_at(lambda event: isinstance(event, Epoch) and event.epoch == 2)
    stopped = phases_of(run)
    assert status.state == "stopped" and stopped.phases[-1].stopped and stopped.phases[-1].epochs in (1, 2)
    assert run.report("val") is not None
    status = work(run, workspace)
    assert status.state == "finished", run.log()
    over = phases_of(run)
    assert [(one.train, one.epochs, one.stopped, one.kept) for one in over.phases] == [
        ("head", 1, False, True),
        ("layer4", 2, False, True),
    ]
    assert over.end == "That was all." and same(whole, run)
    columns = ["epoch", "train_loss", "val_loss", "val_accuracy"]
    assert run.epochs()[columns].equals(whole.epochs()[columns])
    # The best epoch so far at the stop stays marked, as those of any training.
    last = [one.epochs().query("best")["epoch"].iloc[-1] for one in (run, whole)]
    assert last[0] == last[1]


def test_a_stopped_phase_that_turns_out_worse_gives_the_model_before_back(
    make: Make,
    workspace: Workspace,
    plan: list[Situation],
    stop_now: StopNow,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    better(monkeypatch, True)
    run = make()
    first: dict[str, torch.Tensor] = {}

    def hear(event: Event) -> None:
        if isinstance(event, Step) and not first:
            first.update(weights_of(run.best))
        if isinstance(event, Epoch) and event.epoch == 2:
            stop_now(run)

    assert listen(run, workspace, hear).state == "stopped"
    kept = phases_of(run).kept
    assert kept is not None and kept.train == "layer4" and read_info(run.best).metrics["epoch"] > 1
    evaluate_run(run, "test", device="cpu")
    evaluate_run(run, "train", device="cpu")
    better(monkeypatch, False)
    assert work(run, workspace).state == "finished"
    kept = phases_of(run).kept
    assert kept is not None and kept.train == "head" and read_info(run.best).metrics["epoch"] == 1
    assert equal(first, weights_of(run.best))
    report = run.report("val")
    assert report is not None and report.accuracy.value == kept.value
    assert run.report("test") is run.report("train") is None, "they are of the other model"
    assert len(exams_of(run)) == 1, "it was a look all the same"
    assert [row["epoch"] for _, row in run.epochs().iterrows() if row["best"]] == [1]


@pytest.mark.parametrize(
    ("error", "reason"),
    [(OutOfMemoryError("no room"), "ran out of memory"), (ValueError("a bug"), "The error was unexpected; see the")],
)
def test_a_later_phase_that_fails_keeps_the_first_model_and_says_so(
    make: Make,
    workspace: Workspace,
    plan: list[Situation],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    reason: str,
) -> None:
    run = make()

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(train_automatic, "train_by_steps", fail)
    status = work(run, workspace)
    assert status.state == "finished"
    assert "Training the last stage failed, so the model before it is kept." in status.message
    assert reason in status.message and ("Traceback" in run.log()) == isinstance(error, ValueError)
    found = phases_of(run)
    assert [one.kept for one in found.phases] == [True, False] and reason in found.phases[1].verdict
    report = run.report("val")
    assert report is not None and run.finished and not (run.path / FOLDER).exists()


def test_a_first_phase_that_fails_fails_the_run(
    make: Make, workspace: Workspace, plan: list[Situation], tmp_path: Path
) -> None:
    run = make(weights=str(tmp_path))
    status = work(run, workspace)
    assert status.state == "failed" and str(tmp_path) in status.message


def test_a_disk_that_is_full_when_a_phase_is_kept_loses_nothing(
    make: Make, workspace: Workspace, plan: list[Situation], monkeypatch: pytest.MonkeyPatch
) -> None:
    better(monkeypatch, True)
    whole, run = make("whole"), make()
    assert work(whole, workspace).state == "finished"
    space: list[str] = []
    copy, real = shutil.copyfile, phase_model.write_bundle

    def copied(source: Path, target: Path) -> Any:
        if run.finished and not space and target == run.path / "report-val.json.part":
            target.touch()
            raise OSError(errno.ENOSPC, "No space left on device")
        return copy(source, target)

    monkeypatch.setattr(phase_model.shutil, "copyfile", copied)
    status = work(run, workspace)
    assert status.state == "failed" and status.message.startswith("The disk is full, so the new model"), run.log()
    report, kept = run.report("val"), phases_of(run).kept
    assert report is not None and kept is not None and kept.train == "head" and report.accuracy.value == kept.value
    assert read_info(run.best).metrics["epoch"] == 1 and not list(run.path.glob("*.part"))
    space.append("some")
    assert work(run, workspace).state == "finished" and phase_model.write_bundle is real
    assert same(whole, run) and [one.kept for one in phases_of(run).phases] == [True, True]


def test_the_time_limit_ends_a_phase_in_the_middle_of_an_epoch(
    make: Make, workspace: Workspace, plan: list[Situation], monkeypatch: pytest.MonkeyPatch
) -> None:
    better(monkeypatch, True)
    run, late = make(time_limit=1), [0.0]
    seen: list[tuple[int, int]] = []
    monkeypatch.setattr(train_automatic.AutomaticTraining, "seconds", property(lambda self: late[0]))

    def hear(event: Event) -> None:
        if isinstance(event, Step):
            seen.append((event.epoch, event.batch))
            late[0] = 60.0 if seen[-1] == (3, 2) else 0.0

    assert listen(run, workspace, hear).state == "finished"
    assert seen[-1] == (3, 2) and len(run.epochs()) == 2
    found = phases_of(run)
    assert found.phases[1].epochs == 1 and found.phases[1].kept and "The time limit is reached." in run.log()
    late[0] = 0.0
    none = make("none", time_limit=1)

    def at_once(event: Event) -> None:
        late[0] = 60.0 if isinstance(event, Step) else late[0]

    assert listen(none, workspace, at_once).state == "finished"
    found = phases_of(none)
    assert found.phases[1].verdict == "The time limit was reached before its first epoch ended."
    assert found.kept is not None and found.kept.train == "head" and found.phases[1].value is None


def test_boxes_begin_with_the_head_by_steps(
    make: Make, workspace: Workspace, plan: list[Situation], boxes: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    better(monkeypatch, True)
    monkeypatch.setitem(train_automatic.TASK_DEFAULTS, "localization", {"epochs": 2})
    options = {"snapshot": boxes, "mode": "squash", "time_limit": 5}
    whole, run = make("whole", **options), make("broken", **options)
    status = work(whole, workspace)
    assert status.state == "finished" and "mean IoU" in status.message, whole.log()
    found = phases_of(whole)
    assert [(one.train, one.first_epoch, one.epochs) for one in found.phases] == [("head", 1, 2), ("layer4", 3, 2)]
    assert "Boxes need more than the head" not in whole.log()
    report = whole.report("val")
    assert report is not None and report.task == "localization"
    for wanted in (1, 3):
        events = train(run, workspace)
        next(event for event in events if isinstance(event, Epoch) and event.epoch == wanted)
        events.close()
        assert run.begun and "Resume" in run.status().message
    assert work(run, workspace).state == "finished", run.log()
    assert same(whole, run)
    columns = ["epoch", "train_loss", "val_loss", "val_iou", "best"]
    assert run.epochs()[columns].equals(whole.epochs()[columns])


def test_random_views_are_for_the_deeper_layers(
    make: Make, workspace: Workspace, plan: list[Situation], monkeypatch: pytest.MonkeyPatch
) -> None:
    better(monkeypatch, True)
    run = make(views=0, augmentation="light")
    assert work(run, workspace).state == "finished", run.log()
    assert "the training photos in 2 views" in run.log()
