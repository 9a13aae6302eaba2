"""The early model of a run that solves its head: usable with an honest report, also after a stop or a crash."""

import os
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.data.pictures.transforms import Preprocessing
from core.data.snapshot import Snapshot
from core.errors import ImageRefused
from core.features import frozen_pass
from core.inspection.doubt.run_logits import logits_of
from core.inspection.measuring.evaluation import evaluate_table
from core.models.bundle import WEIGHTS_FILE, read_info
from core.models.zoo import ARCHITECTURES, ResNetConfig
from core.runs.folder import RunFolder
from core.runs.jobs import work
from core.runs.models import evaluate_run, load_predictor
from core.runs.new_run import create_run
from core.runs.process import process_fields
from core.runs.status import Status
from core.runs.table import row_of
from core.runs.worker import train
from core.training.early.seen_photos import seen_photos
from core.training.events import EarlyModel, Event, Progress
from core.training.linear.head_run import SAVING
from core.training.recipe import Recipe
from core.workspace import Workspace, open_workspace
from tests.inspection.conftest import write_bundle
from tests.runs.conftest import StopNow
from tests.training.conftest import two_colors
from tests.training.early.conftest import always_early  # noqa: F401 - a fixture

MakeRun = Callable[..., RunFolder]
Training = Generator[Event, None, Status]


@pytest.fixture(autouse=True)
def tiny_network(monkeypatch: pytest.MonkeyPatch, always_early: None) -> None:  # noqa: F811
    monkeypatch.setitem(ARCHITECTURES, "tiny", ResNetConfig("basic", (1, 1, 1, 1), width=8))


@pytest.fixture
def photos(tmp_path: Path) -> Snapshot:
    return two_colors(tmp_path / "photos", train=12, val=4, test=1)


@pytest.fixture
def solving(photos: Snapshot, tmp_path: Path) -> MakeRun:
    """Create queued runs, each in a workspace without any vectors."""
    pretrained = write_bundle(tmp_path / "pretrained", "tiny", Preprocessing(size=64, resize=73))

    def make(
        workspace: Workspace, name: str = "one", sweep: str | None = None, of: Snapshot = photos, **changes: Any
    ) -> RunFolder:
        values = {"arch": "tiny", "weights": str(pretrained), "size": 64, "device": "cpu"}
        values |= {"train": "head", "precision": "fp32"}
        recipe = Recipe.checked(**{**values, **changes})
        return create_run(workspace.runs / name, of, recipe, title=name, sweep=sweep)

    return make


@pytest.fixture
def two_people(photos: Snapshot) -> Snapshot:
    """The same photos, of two people that somebody named."""
    frame = photos.frame.assign(group=["Ada" if place % 2 else "Ben" for place in range(len(photos.frame))])
    return replace(photos, frame=frame, grouped_by="user")


def until_early(events: Training) -> EarlyModel:
    return next(event for event in events if isinstance(event, EarlyModel))


def to_the_end(events: Training) -> tuple[list[Event], Status]:
    found = []
    while True:
        try:
            found.append(next(events))
        except StopIteration as end:
            return found, end.value


def test_while_the_features_are_computed_the_early_model_has_a_report_of_its_own(
    solving: MakeRun, workspace: Workspace, photos: Snapshot
) -> None:
    run = solving(workspace)
    events = train(run, workspace)
    early = until_early(events)
    report, predictions = run.report("val"), run.predictions("val")
    assert run.finished and not run.begun and run.status().state == "running"
    assert report is not None and predictions is not None
    assert (report.accuracy.correct, report.n) == (early.correct, early.val_n) and early.val_n < 8
    assert len(predictions) == len(logits_of(run.path).labels) == early.val_n
    part = photos.part("val")
    whole, _ = evaluate_table(
        load_predictor(run.path, workspace, "cpu"), part.iloc[early.rows], split="val", digest=photos.digest
    )
    assert report.confusion == whole.confusion
    assert (row_of(run).value, row_of(run).n) == (report.accuracy.value, early.val_n)
    said, status = to_the_end(events)
    assert status.message == "The head was solved exactly: 8 of 8 validation photos correct."
    final = run.report("val")
    assert final is not None and final.n == 8 and seen_photos(run.best) is None
    assert any(isinstance(event, Progress) and event.phase == "computing features" for event in said)
    assert early.sentence in run.log()
    lines = run.metrics_path.read_text().splitlines()
    assert len(lines) == len(run.epochs()), "the early model is no epoch"


def test_its_report_says_of_how_few_groups_it_is(solving: MakeRun, workspace: Workspace, two_people: Snapshot) -> None:
    """It promised an accuracy for new photos of the same kind, which the final report of two people does not."""
    run = solving(workspace, of=two_people)
    events = train(run, workspace)
    until_early(events)
    report = run.report("val")
    events.close()
    assert report is not None and report.over_groups is not None
    assert (report.over_groups.groups, report.over_groups.low) == (2, None)


def test_its_report_never_stands_beside_the_final_model(solving: MakeRun, workspace: Workspace) -> None:
    run = solving(workspace)
    events = train(run, workspace)
    until_early(events)
    next(event for event in events if isinstance(event, Progress) and event.phase == SAVING)
    assert seen_photos(run.best) is not None and run.report("val") is None
    events.close()


def test_a_stop_keeps_the_early_model_with_its_report_at_once(
    solving: MakeRun, workspace: Workspace, stop_now: StopNow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Evaluating it on all validation photos would take as long as computing their features."""
    run = solving(workspace)
    events = train(run, workspace)
    early = until_early(events)
    stop_now(run)
    with monkeypatch.context() as patch:
        patch.setattr("core.runs.worker._evaluate", lambda *_: pytest.fail("it was evaluated again"))
        _, status = to_the_end(events)
    assert status.state == "stopped"
    assert status.message == (
        f"Kept: the first model, from {early.photos} of 24 training photos, with {early.correct} of {early.val_n} "
        "validation photos correct. Resume the run to train on all photos."
    )
    assert (read_info(run.best).decision is not None) and not run.begun
    report = evaluate_run(run, device="cpu")
    assert report.n == 8, "whoever wants to know more evaluates it on all of them"

    again = train(run, workspace)
    said, status = to_the_end(again)
    assert status.state == "finished" and not [one for one in said if isinstance(one, EarlyModel)]
    assert seen_photos(run.best) is None and status.message.startswith("The head was solved exactly: ")
    straight = open_workspace(workspace.root.parent / "other")
    whole = solving(straight, "whole")
    assert work(whole, straight).state == "finished"
    assert (run.best / WEIGHTS_FILE).read_bytes() == (whole.best / WEIGHTS_FILE).read_bytes()


def test_an_interrupted_or_failed_run_says_that_its_early_model_can_be_used(
    solving: MakeRun, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = solving(workspace)
    events = train(run, workspace)
    early = until_early(events)
    events.close()
    usable = f"Until then you can use its first model, from {early.photos} of 24 training photos."
    assert run.status().state == "interrupted" and run.status().message.endswith(f"to continue. {usable}")
    assert load_predictor(run.path, workspace, "cpu").classes == ("green", "red")

    def broken(*_: object) -> Generator[object]:
        raise ImageRefused("red-3.png", "it is damaged")
        yield

    monkeypatch.setattr(frozen_pass, "outputs_of", broken)
    assert work(run, workspace).state == "failed"
    assert "red-3.png" in run.status().message and run.status().message.endswith(usable)


def test_a_killed_run_says_so_too(solving: MakeRun, workspace: Workspace) -> None:
    run = solving(workspace)
    events = train(run, workspace)
    until_early(events)
    events.close()
    run.write_status(**{**process_fields(os.getpid()), "pid": 2**22 + 1}, state="running")
    message = run.status().message
    assert message.startswith("Its process ended before its final model. Resume the run to go on. Until then you can")


@pytest.mark.parametrize("changes", [{"sweep": "seeds"}, {"test_time_views": 2}])
def test_there_is_none_where_nobody_waits_for_it_or_its_report_would_not_be_its_own(
    solving: MakeRun, workspace: Workspace, changes: dict[str, Any]
) -> None:
    said, status = to_the_end(train(solving(workspace, **changes), workspace))
    assert status.state == "finished" and not [one for one in said if isinstance(one, EarlyModel)]
