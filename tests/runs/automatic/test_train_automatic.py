"""An automatic training: phases one after the other, the better model kept, and resumed where it was interrupted."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from core.models.bundle import load_bundle, read_info
from core.progress import Progress
from core.runs.automatic.next_phase import Situation
from core.runs.automatic.phases import FOLDER, read_phases
from core.runs.automatic.train_automatic import AutomaticTraining
from core.runs.folder import RunFolder
from core.training.events import Epoch, Event, Step
from core.workspace import Workspace
from tests.runs.automatic.conftest import Make, better


def recorded(run: RunFolder, events: Iterator[Event]) -> Iterator[Event]:
    for event in events:
        if isinstance(event, Epoch):
            run.append_metrics("epoch", vars(event))
        yield event


def test_a_better_phase_becomes_the_model(
    make: Make, workspace: Workspace, plan: list[Situation], monkeypatch: pytest.MonkeyPatch
) -> None:
    better(monkeypatch, True)
    run = make(interpolate=True)
    events = list(recorded(run, AutomaticTraining(run, workspace).events()))
    epochs = [event for event in events if isinstance(event, Epoch)]
    assert [(one.epoch, one.epochs) for one in epochs] == [(1, 1), (2, 3), (3, 3)]
    assert {event.epoch for event in events if isinstance(event, Step)} == {2, 3}
    found = read_phases(run.path)
    assert found is not None and found.end == "That was all."
    head, layer4 = found.phases
    assert (head.train, head.first_epoch, head.epochs, head.kept) == ("head", 1, 1, True)
    assert (layer4.train, layer4.first_epoch, layer4.epochs, layer4.kept) == ("layer4", 2, 2, True)
    assert head.n == layer4.n == 8 and len(layer4.points) == 2 and found.kept == layer4
    assert head.began <= (head.ended or 0) <= layer4.began <= (layer4.ended or 0)
    assert [row["epoch"] for _, row in run.epochs().iterrows() if row["best"]] == [1, layer4.best_epoch]
    info = read_info(run.best)
    assert (
        info.recipe is not None and info.recipe["train"] == "automatic" and info.weights["source"].endswith("weights")
    )
    assert info.metrics["epoch"] == layer4.best_epoch
    assert 0 <= info.metrics["interpolation"] <= 1, "mixed with the first phase's weights, as far as that is better"
    report = run.report("val")
    assert report is not None and report.accuracy.value == layer4.value
    assert not (run.path / FOLDER).exists()
    assert plan[1].done[0].value == head.value and plan[0].photos == 20


def test_a_phase_that_gains_nothing_is_not_kept(
    make: Make, workspace: Workspace, plan: list[Situation], monkeypatch: pytest.MonkeyPatch
) -> None:
    better(monkeypatch, False)
    run = make()
    first: dict[str, torch.Tensor] = {}
    for event in recorded(run, AutomaticTraining(run, workspace).events()):
        if isinstance(event, Step) and not first:
            first = load_bundle(run.best)[0].state_dict()  # the head's model is there while layer4 trains
            assert run.report("val") is not None
    found = read_phases(run.path)
    assert found is not None and [one.kept for one in found.phases] == [True, False]
    assert found.phases[1].verdict == "As the test wants it." and found.phases[1].value is not None
    after = load_bundle(run.best)[0].state_dict()
    assert first and all(torch.equal(first[name], after[name]) for name in first)
    assert [row["epoch"] for _, row in run.epochs().iterrows() if row["best"]] == [1]


def test_the_second_phase_starts_from_the_first_ones_head(
    make: Make, workspace: Workspace, plan: list[Situation], monkeypatch: pytest.MonkeyPatch
) -> None:
    better(monkeypatch, False)
    run = make()
    list(AutomaticTraining(run, workspace).events())
    assert run.log().count("It already has the classes of these photos, so its head is kept.") == 1


def test_an_interrupted_training_goes_on_with_its_phase(
    make: Make, workspace: Workspace, plan: list[Situation], monkeypatch: pytest.MonkeyPatch
) -> None:
    better(monkeypatch, True)
    whole, run = make("whole"), make("broken")
    list(recorded(whole, AutomaticTraining(whole, workspace).events()))
    for event in recorded(run, AutomaticTraining(run, workspace).events()):
        if isinstance(event, Epoch) and event.epoch == 2:
            break
    again = AutomaticTraining(run, workspace)
    assert again.saved_epochs() == 2
    events = [event for event in recorded(run, again.events()) if isinstance(event, Epoch)]
    assert [event.epoch for event in events] == [3]
    one, other = (load_bundle(of.best)[0].state_dict() for of in (whole, run))
    assert all(torch.equal(one[name], other[name]) for name in one)
    found = read_phases(run.path)
    assert found is not None and [len(one.points) for one in found.phases] == [1, 2]
    assert np.all(np.diff([point.seconds for one in found.phases for point in one.points]) >= 0)


def test_a_stopped_phase_counts_with_its_best_epoch(
    make: Make, workspace: Workspace, plan: list[Situation], monkeypatch: pytest.MonkeyPatch
) -> None:
    better(monkeypatch, True)
    run = make()
    training = AutomaticTraining(run, workspace)
    events = recorded(run, training.events())
    for event in events:
        if isinstance(event, Epoch) and event.epoch == 2:
            break
    events.close()  # type: ignore[attr-defined]
    training.finish_stopped()
    found = read_phases(run.path)
    assert found is not None and found.kept is not None
    assert (found.kept.train, found.kept.epochs, found.kept.best_epoch) == ("layer4", 1, 2)
    assert found.end == "The training was stopped."


def test_a_phase_stopped_before_its_first_epoch_leaves_no_trace(
    make: Make, workspace: Workspace, plan: list[Situation], monkeypatch: pytest.MonkeyPatch
) -> None:
    better(monkeypatch, True)
    run = make()
    training = AutomaticTraining(run, workspace)
    events = recorded(run, training.events())
    for event in events:
        if isinstance(event, Step):
            break
    events.close()  # type: ignore[attr-defined]
    training.finish_stopped()
    found = read_phases(run.path)
    assert found is not None and [one.train for one in found.phases] == ["head"]


def test_progress_says_what_is_done_between_the_phases(
    make: Make, workspace: Workspace, plan: list[Situation], monkeypatch: pytest.MonkeyPatch
) -> None:
    better(monkeypatch, False)
    run = make()
    said = [event.phase for event in AutomaticTraining(run, workspace).events() if isinstance(event, Progress)]
    assert said.count("comparing on the validation photos") == 2
