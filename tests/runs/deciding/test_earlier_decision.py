"""What was decided for a model that a resumed training replaces: never lost without a word."""

from collections.abc import Callable, Iterator

import pytest
import torch

from core.models.bundle import load_bundle, read_info, save_bundle, save_decision
from core.models.decision import Decision, Threshold
from core.runs.deciding.earlier_decision import FILE, keep_earlier_decision
from core.runs.deciding.saved_decision import change_decision
from core.runs.folder import RunFolder
from core.runs.jobs import work
from core.training.events import Event
from core.workspace import Workspace

MakeRun = Callable[..., RunFolder]


def replace_model(run: RunFolder) -> None:
    """As a better epoch does: other weights, and no decision."""
    model, info = load_bundle(run.best)
    with torch.no_grad():
        model.fc.bias += 0.1
    save_bundle(run.best, model, info.model_copy(update={"decision": None}))


def chosen(run: RunFolder) -> Decision:
    rule = Threshold(class_name=read_info(run.best).classes[0], at=0.3)
    changes = {"leave_below": 0.75, "threshold": rule, "use_temperature": False, "set_level": 95}
    return change_decision(run, lambda before: before.model_copy(update=changes))


def test_a_resumed_training_says_what_it_dropped_and_keeps_what_it_found_no_better_model_for(
    make_run: MakeRun, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(epochs=1)
    plain = work(run, workspace)
    assert plain.state == "finished" and "deleted" not in plain.message
    before = chosen(run)
    run.write_status(state="stopped")
    monkeypatch.setattr("core.runs.worker._train", lambda *_: iter(()))
    status = work(run, workspace)
    kept = read_info(run.best).decision
    assert status.message == plain.message and kept is not None and kept.digest == before.digest

    def better(*_: object) -> Iterator[Event]:
        replace_model(run)
        yield from ()

    run.write_status(state="stopped")
    monkeypatch.setattr("core.runs.worker._train", better)
    status = work(run, workspace)
    said = (
        "The model was replaced, so what was decided for the earlier one was deleted: answers below 75.0% are unsure, "
        "a threshold of 30.0% for one class. Decide again on the Evaluate page."
    )
    assert status.state == "finished" and status.message.endswith(said) and said in run.log()
    after = read_info(run.best).decision
    assert after is not None and (after.use_temperature, after.set_level) == (False, 95), "no model matters for these"
    assert after.leave_below is None and after.threshold is None and not (run.path / FILE).exists()
    run.write_status(state="stopped")
    monkeypatch.setattr("core.runs.worker._train", lambda *_: iter(()))
    assert "deleted" not in work(run, workspace).message, "it is said once"


def test_a_training_that_was_killed_after_a_better_epoch_forgets_nothing(
    make_run: MakeRun, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(epochs=1)
    work(run, workspace)
    chosen(run)
    keep_earlier_decision(run)  # a resumed training begins
    replace_model(run)  # and is killed here
    run.write_status(state="stopped")
    monkeypatch.setattr("core.runs.worker._train", lambda *_: iter(()))
    assert "answers below 75.0% are unsure" in work(run, workspace).message

    # What a person deletes between two trainings is not said to be lost.
    chosen(run)
    keep_earlier_decision(run)
    save_decision(run.best, None)
    keep_earlier_decision(run)
    assert not (run.path / FILE).exists()
    (run.path / FILE).write_text("[[[")
    keep_earlier_decision(run)
    assert not (run.path / FILE).exists()
