"""A run's saved decision: changed one after the other, never while the run trains, never damaged."""

import os
import threading
from collections.abc import Callable

import pytest
from pydantic import ValidationError

from core.errors import RunError
from core.models.bundle import read_info
from core.models.decision import Decision
from core.runs.deciding.saved_decision import change_decision, saved_decision
from core.runs.folder import RunFolder
from core.runs.process import process_fields
from tests.inspection.conftest import write_bundle


@pytest.fixture
def run(make_run: Callable[..., RunFolder]) -> RunFolder:
    made = make_run()
    write_bundle(made.best)
    made.write_status(state="finished")
    return made


def test_a_change_is_saved_and_an_empty_decision_leaves_none(run: RunFolder) -> None:
    assert saved_decision(run) == Decision() and read_info(run.best).decision is None
    after = change_decision(run, lambda before: before.model_copy(update={"leave_below": 0.8}))
    assert after == saved_decision(run) == Decision(leave_below=0.8)
    change_decision(run, lambda before: before.model_copy(update={"leave_below": None}))
    assert read_info(run.best).decision is None


def test_two_changes_at_once_lose_neither(run: RunFolder) -> None:
    """Each reads what the other has written, as two tabs do."""
    inside, go_on = threading.Event(), threading.Event()

    def slow(before: Decision) -> Decision:
        inside.set()
        go_on.wait(10)
        return before.model_copy(update={"leave_below": 0.8})

    first = threading.Thread(target=change_decision, args=(run, slow))
    first.start()
    assert inside.wait(10)
    second = threading.Thread(
        target=change_decision, args=(run, lambda before: before.model_copy(update={"set_level": 95}))
    )
    second.start()
    go_on.set()
    first.join(20)
    second.join(20)
    assert saved_decision(run) == Decision(leave_below=0.8, set_level=95)


def test_while_the_run_trains_nothing_is_saved_with_its_model(run: RunFolder) -> None:
    run.write_status(state="running", **process_fields(os.getpid()))
    with pytest.raises(RunError, match="still training"):
        change_decision(run, lambda before: before.model_copy(update={"leave_below": 0.8}))
    assert read_info(run.best).decision is None


def test_what_is_no_decision_leaves_the_model_readable(run: RunFolder) -> None:
    """A copied pydantic model is not checked: its bundle.json could not be read again."""
    before = (run.best / "bundle.json").read_bytes()
    with pytest.raises(ValidationError, match="fitted_on"):
        change_decision(run, lambda before: before.model_copy(update={"temperature": 1.5}))
    assert (run.best / "bundle.json").read_bytes() == before
