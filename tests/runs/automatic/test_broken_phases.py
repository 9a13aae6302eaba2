"""Automatic runs whose later phases break: what counts, what a resume does with it, and that nothing false is said."""

import shutil
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from core.data.snapshot import Snapshot
from core.errors import RunError
from core.models.bundle import read_info
from core.runs.automatic import train_automatic
from core.runs.automatic.next_phase import Situation
from core.runs.automatic.phases import FOLDER, Phases
from core.runs.automatic.train_automatic import AutomaticTraining
from core.runs.folder import RunFolder
from core.runs.jobs import work
from core.runs.worker import train
from core.training.events import Epoch, Event, PhaseChange
from core.workspace import Workspace, open_workspace
from tests.runs.automatic.conftest import Make, OutOfMemoryError, better, equal, phases_of, weights_of


class Killed(BaseException):
    """Ends a training as a signal would: nothing of the program catches it."""


def train_until(run: RunFolder, workspace: Workspace, wanted: Callable[[Event], bool]) -> AutomaticTraining:
    """Train until an event, as if the process died there."""
    training = AutomaticTraining(run, workspace)
    with closing(training.events()) as events:
        for event in events:
            if isinstance(event, Epoch):
                run.append_metrics("epoch", vars(event))
            if wanted(event):
                return training
    raise AssertionError("it never came to that event")


def epoch(number: int) -> Callable[[Event], bool]:
    return lambda event: isinstance(event, Epoch) and event.epoch == number


def break_steps(monkeypatch: pytest.MonkeyPatch, error: Exception, after: int = 0) -> None:
    """Let trainings by steps fail, at once or when an epoch is saved."""
    real = train_automatic.train_by_steps

    def fail(*args: Any) -> Generator[Event]:
        if after:
            with closing(real(*args)) as events:
                for event in events:
                    yield event
                    if epoch(after)(event):
                        break
        raise error

    monkeypatch.setattr(train_automatic, "train_by_steps", fail)


def test_a_first_phase_that_fails_after_a_resume_can_be_resumed_again(
    make: Make, workspace: Workspace, plan: list[Situation], boxes: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stopped phase counted as the model before itself, so phases/ was deleted and the run was finished."""
    better(monkeypatch, True)
    monkeypatch.setitem(train_automatic.TASK_DEFAULTS, "localization", {"epochs": 2})
    run = make(snapshot=boxes, mode="squash")
    train_until(run, workspace, epoch(1)).finish_stopped()
    assert phases_of(run).phases[0].stopped and run.finished
    with monkeypatch.context() as patch:
        break_steps(patch, OutOfMemoryError("no room"))
        status = work(run, workspace)
    assert status.state == "failed" and "out of memory" in status.message, run.log()
    assert (run.path / FOLDER / "1-head" / "last").exists() and run.begun
    assert work(run, workspace).state == "finished", run.log()
    assert [(one.train, one.epochs) for one in phases_of(run).phases] == [("head", 2), ("layer4", 2)]


@pytest.mark.parametrize("is_better", [True, False])
def test_a_later_phase_that_fails_after_a_resume_counts_as_far_as_it_came(
    make: Make, workspace: Workspace, plan: list[Situation], monkeypatch: pytest.MonkeyPatch, is_better: bool
) -> None:
    """The run had the stopped phase's model, but said that the model before it was kept."""
    better(monkeypatch, True)
    run = make()
    train_until(run, workspace, epoch(2)).finish_stopped()
    assert read_info(run.best).metrics["epoch"] == 2
    head = weights_of(run.path / FOLDER / "1-head" / "best")
    better(monkeypatch, is_better)
    break_steps(monkeypatch, OutOfMemoryError("no room"))
    status = work(run, workspace)
    kept = "its best epoch until then" if is_better else "the model before it"
    assert status.state == "finished", run.log()
    assert f"Training the last stage failed, so {kept} is kept. The device ran out of memory." in status.message
    assert [one.kept for one in phases_of(run).phases] == [True, is_better]
    assert equal(head, weights_of(run.best)) is not is_better


@pytest.mark.parametrize("is_better", [True, False])
def test_the_epochs_before_a_failure_are_compared(
    make: Make, workspace: Workspace, plan: list[Situation], monkeypatch: pytest.MonkeyPatch, is_better: bool
) -> None:
    better(monkeypatch, is_better)
    run = make()
    break_steps(monkeypatch, RunError("The loss is not a finite number."), after=2)
    status = work(run, workspace)
    kept = "its best epoch until then" if is_better else "the model before it"
    assert status.state == "finished", run.log()
    assert f"failed, so {kept} is kept. The loss is not a finite number." in status.message
    layer4 = phases_of(run).phases[1]
    assert (layer4.kept, layer4.epochs, layer4.verdict) == (is_better, 1, "As the test wants it.")
    assert read_info(run.best).metrics["epoch"] == (2 if is_better else 1)
    report = run.report("val")
    assert report is not None and report.accuracy.value == phases_of(run).phases[int(is_better)].value


def test_a_comparison_that_fails_too_leaves_the_model_before(
    make: Make, workspace: Workspace, plan: list[Situation], monkeypatch: pytest.MonkeyPatch
) -> None:
    better(monkeypatch, True)
    run = make()
    break_steps(monkeypatch, OutOfMemoryError("no room"), after=2)

    def no_report(*_: Any) -> None:
        raise OutOfMemoryError("no room for this either")

    monkeypatch.setattr(train_automatic, "report_phase", no_report)
    status = work(run, workspace)
    assert status.state == "finished", run.log()
    assert "so the model before it is kept. The device ran out of memory." in status.message
    assert "no room for this either" in run.log() and read_info(run.best).metrics["epoch"] == 1
    assert "ran out of memory" in phases_of(run).phases[1].verdict


def test_a_moved_workspace_goes_on_with_its_second_phase(
    make: Make, workspace: Workspace, plan: list[Situation], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checkpoint names the first phase's model by its old path, which was taken for another recipe."""
    better(monkeypatch, True)
    run = make()
    train_until(run, workspace, epoch(2))
    shutil.move(workspace.root, tmp_path / "moved")
    monkeypatch.setenv("RESNET_STUDIO_HOME", str(tmp_path / "moved"))
    moved = open_workspace()
    run = RunFolder(moved.runs / run.id)
    status = work(run, moved)
    assert status.state == "finished" and "failed" not in status.message, run.log()
    layer4 = phases_of(run).phases[1]
    assert layer4.kept and [point.epoch for point in layer4.points] == [2, 3]


def test_a_training_that_was_over_is_not_planned_again(
    make: Make, workspace: Workspace, plan: list[Situation], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A resume after the last phase decided anew, from phases whose folders were deleted."""
    better(monkeypatch, True)
    run = make()
    events = train(run, workspace)
    next(event for event in events if isinstance(event, PhaseChange) and event.sentence == "That was all.")
    events.close()
    before, asked = phases_of(run), len(plan)
    assert (run.path / FOLDER / "1-head").is_dir(), "it died before all was deleted"
    assert run.status().state == "interrupted"
    assert work(run, workspace).state == "finished", run.log()
    assert run.report("val") is not None
    assert phases_of(run) == before and len(plan) == asked and not (run.path / FOLDER).exists()


def test_a_stop_after_the_end_leaves_the_reason_of_the_end(
    make: Make, workspace: Workspace, plan: list[Situation], monkeypatch: pytest.MonkeyPatch
) -> None:
    better(monkeypatch, False)
    run = make()
    training = AutomaticTraining(run, workspace)
    list(training.events())
    training.finish_stopped()
    assert phases_of(run).end == "That was all."


def test_a_report_from_before_the_last_epochs_is_not_used(
    make: Make, workspace: Workspace, plan: list[Situation], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was left when the process died between the report and the verdict on a phase that then went on."""
    better(monkeypatch, True)
    run = make()
    train_until(run, workspace, epoch(2))
    head, layer4 = run.path / FOLDER / "1-head", run.path / FOLDER / "2-layer4"
    for name in ("report-val.json", "predictions-val.csv"):
        shutil.copyfile(head / name, layer4 / name)
    old = run.report("val")
    assert work(run, workspace).state == "finished", run.log()
    new = run.report("val")
    assert old is not None and new is not None and new.loss != old.loss


def test_a_phase_killed_while_it_was_kept_gives_the_model_before_back(
    make: Make, workspace: Workspace, plan: list[Situation], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its model was the run's already, but nothing said so: after another verdict it stayed there."""
    better(monkeypatch, True)
    run = make()

    def write(path: Path, found: Phases) -> None:
        if len(found.phases) == 2 and found.phases[-1].kept:
            raise Killed
        real(path, found)

    real = train_automatic.write_phases
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(train_automatic, "write_phases", write)
        train_until(run, workspace, lambda _: False)
    assert read_info(run.best).metrics["epoch"] > 1
    head = run.path / FOLDER / "1-head"
    first, report = weights_of(head / "best"), (head / "report-val.json").read_bytes()
    better(monkeypatch, False)
    assert work(run, workspace).state == "finished", run.log()
    assert read_info(run.best).metrics["epoch"] == 1 and equal(first, weights_of(run.best))
    assert run.report_path("val").read_bytes() == report
    assert [row["epoch"] for _, row in run.epochs().iterrows() if row["best"]] == [1]


def test_an_overlap_of_nothing_is_not_taken_for_the_class_accuracy(
    make: Make, workspace: Workspace, plan: list[Situation], boxes: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make(snapshot=boxes, mode="squash")
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(AutomaticTraining, "_add_point", lambda *_: (_ for _ in ()).throw(Killed))
        train_until(run, workspace, epoch(1))
    saved = {"epoch": 1, "val_iou": 0.0, "val_accuracy": 0.9}
    again = AutomaticTraining(run, workspace)
    monkeypatch.setattr(again, "saved_epoch", lambda: saved)
    with closing(again.events()) as events:
        next(events)
    assert [point.score for point in phases_of(run).phases[0].points] == [0.0]


def test_a_checkpoint_that_was_set_aside_can_be_resumed(make: Make, workspace: Workspace) -> None:
    """A process that died while it replaced last/ leaves .last.old alone."""
    run = make()
    (run.path / "phases.json").write_text(Phases().model_dump_json())
    last = run.path / FOLDER / "1-head" / "last"
    weights = Path(run.recipe().weights)
    shutil.copytree(weights, last.with_name(".last.old"))
    assert not last.exists() and run.begun
