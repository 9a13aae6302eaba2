"""Results of an experiment are computed once, one experiment at a time, and stored completely."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from filelock import FileLock

from core.lessons.result_cache import ExperimentSteps, cached, cached_or_computed
from core.training.events import Progress
from core.workspace import Workspace, open_workspace
from tests.lessons.experiment_steps import run_to_end

ARGUMENTS = {"depth": 8, "plain": True, "version": 1}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path)


def squares(calls: list[int]) -> ExperimentSteps:
    for done in range(3):
        yield Progress("squaring", done, 3)
    calls.append(1)
    return pd.DataFrame({"x": [1, 2, 3], "y": [1.5, 4.25, 9.125]})


def test_the_second_visitor_gets_the_same_numbers_without_computing(workspace: Workspace) -> None:
    calls: list[int] = []
    assert cached(workspace, "squares", ARGUMENTS) is None
    seen, first = run_to_end(cached_or_computed(workspace, "squares", ARGUMENTS, lambda: squares(calls)))
    assert [event.done for event in seen] == [0, 1, 2]
    again, second = run_to_end(cached_or_computed(workspace, "squares", ARGUMENTS, lambda: squares(calls)))
    assert not again
    assert calls == [1]
    pd.testing.assert_frame_equal(first, second)
    shown = cached(workspace, "squares", ARGUMENTS)
    assert shown is not None
    pd.testing.assert_frame_equal(first, shown)


def test_other_arguments_are_another_experiment(workspace: Workspace) -> None:
    calls: list[int] = []
    for depth in (8, 20):
        run_to_end(cached_or_computed(workspace, "squares", {**ARGUMENTS, "depth": depth}, lambda: squares(calls)))
    assert calls == [1, 1]


def test_an_experiment_that_is_left_leaves_nothing_and_frees_its_turn(workspace: Workspace) -> None:
    events = cached_or_computed(workspace, "squares", ARGUMENTS, lambda: squares([]))
    next(events)
    events.close()
    assert cached(workspace, "squares", ARGUMENTS) is None
    assert not list((workspace.cache / "lessons").glob("*.csv"))
    calls: list[int] = []
    run_to_end(cached_or_computed(workspace, "squares", ARGUMENTS, lambda: squares(calls)))
    assert calls == [1]


def test_an_experiment_that_fails_frees_its_turn(workspace: Workspace) -> None:
    def failing() -> Iterator[Progress]:
        yield Progress("failing", 0, 1)
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        run_to_end(cached_or_computed(workspace, "squares", ARGUMENTS, failing))  # type: ignore[arg-type]
    with FileLock(workspace.cache / "lessons" / "computing.lock", timeout=0):
        pass


def test_one_computes_and_the_next_waits_for_its_turn(workspace: Workspace) -> None:
    first = cached_or_computed(workspace, "squares", ARGUMENTS, lambda: squares([]))
    next(first)
    calls: list[int] = []
    second = cached_or_computed(workspace, "squares", ARGUMENTS, lambda: squares(calls))
    assert "waiting" in next(second).phase
    run_to_end(first)
    run_to_end(second)
    assert not calls, "the second must find what the first computed"


def test_a_damaged_file_is_computed_again(workspace: Workspace) -> None:
    run_to_end(cached_or_computed(workspace, "squares", ARGUMENTS, lambda: squares([])))
    (path,) = (workspace.cache / "lessons").glob("*.csv")
    path.write_bytes(b"")
    calls: list[int] = []
    run_to_end(cached_or_computed(workspace, "squares", ARGUMENTS, lambda: squares(calls)))
    assert calls == [1]
