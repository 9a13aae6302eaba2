"""The early model of an automatic training: the run's model before its first phase is over."""

import pytest

from core.models.bundle import read_info
from core.runs.automatic.next_phase import Situation
from core.runs.automatic.phases import Phases
from core.runs.jobs import work
from core.runs.worker import train
from core.training.early.seen_photos import seen_photos
from core.training.events import EarlyModel
from core.workspace import Workspace
from tests.runs.automatic.conftest import Make, better, equal, phases_of, weights_of
from tests.runs.conftest import StopNow
from tests.runs.solving.test_early_model import to_the_end, until_early
from tests.training.early.conftest import always_early  # noqa: F401 - a fixture

pytestmark = pytest.mark.usefixtures("always_early")


def test_it_is_the_runs_model_until_the_first_phase_is_over(
    make: Make, workspace: Workspace, plan: list[Situation], monkeypatch: pytest.MonkeyPatch
) -> None:
    better(monkeypatch, True)
    run = make(augmentation="light")
    events = train(run, workspace)
    early = until_early(events)
    found, report, info = phases_of(run), run.report("val"), read_info(run.best)
    assert found.kept is None and found.early is not None and report is not None
    assert (found.early.photos, found.early.of, found.early.n) == (early.photos, 20, early.val_n)
    assert (found.early.value, found.early.low) == (report.accuracy.value, report.accuracy.low)
    assert 0 < found.early.seconds <= found.seconds
    assert report.n == early.val_n < 8 and seen_photos(run.best) is not None
    assert info.recipe is not None and info.recipe["train"] == "automatic"
    _, status = to_the_end(events)
    final = run.report("val")
    assert status.state == "finished", run.log()
    assert final is not None and final.n == 8 and seen_photos(run.best) is None
    assert phases_of(run).early == found.early, "the time axis keeps it"
    assert phases_of(run).phases[0].verdict == "The first model."
    assert "maps of layer3, 2 views of each photo, taken from an earlier training" in run.log(), "those of the pass"


def test_stopped_at_once_it_is_kept_and_a_resume_ends_as_if_uninterrupted(
    make: Make,
    workspace: Workspace,
    plan: list[Situation],
    stop_now: StopNow,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    better(monkeypatch, True)
    run = make("stopped")
    events = train(run, workspace)
    early = until_early(events)
    stop_now(run)
    _, status = to_the_end(events)
    (head,) = phases_of(run).phases
    assert status.state == "stopped" and status.message.startswith("Kept: the first model, from ")
    assert (
        head.stopped
        and head.n == early.val_n
        and head.verdict == f"The first model, from {early.photos} of 20 " + ("training photos.")
    )
    said, status = to_the_end(train(run, workspace))
    assert status.state == "finished" and not [one for one in said if isinstance(one, EarlyModel)]
    assert phases_of(run).phases[0].n == 8 and phases_of(run).phases[0].verdict == "The first model."
    sweep = make("whole", sweep="seeds")
    assert work(sweep, workspace).state == "finished" and phases_of(sweep).early is None
    assert equal(weights_of(run.best), weights_of(sweep.best))


def test_phases_of_earlier_versions_have_none() -> None:
    assert Phases.model_validate_json('{"phases": [], "end": ""}').early is None
