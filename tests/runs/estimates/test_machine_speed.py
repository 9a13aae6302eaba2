"""This machine's speed: measured once, kept, and used where no similar run has been made."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.data.snapshot import Snapshot
from core.features.frozen_network import FrozenNetwork
from core.runs.estimates import machine_speed as kept_speed
from core.runs.estimates import measurement, speed, waiting
from core.runs.estimates.machine_speed import MachineSpeed, begin_measuring, remember, remembered
from core.runs.estimates.speed import expected_speed
from core.runs.estimates.waiting import expected_time
from core.runs.folder import RunFolder
from core.training.linear.frozen_start import FrozenStart
from core.training.recipe import Recipe
from core.workspace import PEOPLE_FOLDER, Workspace, open_workspace
from tests.runs.conftest import SMALLEST, tiny

SPEED = MachineSpeed(exact=50.0, forward=80.0, step=16.0, device="cpu")

MakeRun = Callable[..., RunFolder]


@pytest.fixture(autouse=True)
def idle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "present_slowdown", lambda without=0.0: 1.0)
    monkeypatch.setattr(waiting, "present_slowdown", lambda without=0.0: 1.0)


def test_a_short_training_measures_the_machine() -> None:
    found = measurement.measure("resnet18", size=64, seconds=0.0)
    assert min(found.exact, found.forward, found.step) > 0
    assert 1.5 < found.step_passes < 40 and found.device


def test_a_busy_machine_is_measured_by_the_time_of_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """On two processors with twelve busy processes, three tries between them gave a fifth of the speed."""
    clocks: list[object] = []
    monkeypatch.setattr(measurement, "present_slowdown", lambda: 6.0)
    monkeypatch.setattr("torch.get_num_threads", lambda: 2)
    monkeypatch.setattr(measurement, "available_processors", lambda: 2)
    monkeypatch.setattr(measurement, "_shortest", lambda work, clock, synchronize, seconds: clocks.append(clock) or 1.8)
    import torch

    assert measurement._seconds_of(lambda: None, torch.device("cpu"), 1.0) == pytest.approx(1.0)
    assert clocks == [measurement.time.process_time]


def test_the_speed_is_kept_for_this_machine_only(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    assert remembered(workspace) is None
    remember(workspace, SPEED)
    assert remembered(workspace) == SPEED and SPEED.step_passes == 5.0
    monkeypatch.setattr(kept_speed, "machine_key", lambda: "another machine")
    assert remembered(workspace) is None
    remember(workspace, MachineSpeed(1.0, 2.0, 3.0, "cuda"))
    monkeypatch.undo()
    assert remembered(workspace) == SPEED


@pytest.mark.parametrize("text", ["", "[]", "{damaged", '{"KEY": {"exact": "fast"}}', '{"KEY": null}'])
def test_a_damaged_file_counts_as_not_measured(workspace: Workspace, text: str) -> None:
    path = workspace.cache / "speed.json"
    path.write_text(text.replace("KEY", kept_speed.machine_key()), encoding="utf-8")
    assert remembered(workspace) is None
    remember(workspace, SPEED)
    assert remembered(workspace) == SPEED


def test_the_measured_speed_is_used_until_a_similar_run_has_finished(workspace: Workspace, make_run: MakeRun) -> None:
    recipe = Recipe(train="head", device="auto", optimizer="adamw")
    assert expected_speed(workspace, recipe, []).rough
    remember(workspace, SPEED)
    found = expected_speed(workspace, recipe, [], busy=2.0)
    assert (found.training, found.exact, found.full_step, found.rough) == (40.0, 25.0, 5.0, False)
    exact = expected_speed(workspace, recipe.model_copy(update={"precision": "fp32"}), [])
    assert exact.training == 50.0
    assert expected_speed(workspace, recipe.model_copy(update={"device": "cuda"}), []).rough
    run = make_run(train="all", views=0)
    epoch = {"epoch": 1, "epochs": 1, "train_loss": 1.0, "train_accuracy": 0.5, "val_loss": 0.9, "val_accuracy": 0.6}
    run.append_metrics("epoch", {**epoch, "images_per_second": 0.5, "best": True})
    run.write_status(state="finished")
    assert expected_speed(workspace, run.recipe(), [run]).source == "measured in your last similar run"


def test_it_is_measured_once_in_the_background(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    class Process:
        ended: int | None = None

        def poll(self) -> int | None:
            return self.ended

    process, started = Process(), []
    monkeypatch.setattr(kept_speed, "start_python", lambda words, stdout: started.append(words) or process)
    assert begin_measuring(workspace) and begin_measuring(workspace)
    assert started == [["-m", "core.runs.estimates.measurement", str(workspace.root)]]
    process.ended = 1  # it failed: not again and again
    assert not begin_measuring(workspace) and len(started) == 1


def test_all_people_of_a_server_share_one_measurement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty pupils once started thirty measurements at the same time: 24 GB, and key presses of 15 seconds."""

    class Process:
        def poll(self) -> None:
            return None

    server = open_workspace(tmp_path / "home")
    ada, ben = (open_workspace(server.root / PEOPLE_FOLDER / name) for name in ("ada", "ben"))
    started: list[list[str]] = []
    monkeypatch.setattr(kept_speed, "start_python", lambda words, stdout: started.append(words) or Process())
    assert begin_measuring(ada) and begin_measuring(ben) and begin_measuring(server)
    assert [words[-1] for words in started] == [str(server.root)]
    remember(server, SPEED)
    assert remembered(ada) == remembered(ben) == SPEED and not begin_measuring(ben)


def test_runs_ahead_in_the_queue_are_waited_for(
    workspace: Workspace, make_run: MakeRun, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember(workspace, SPEED)
    recipe = tiny(arch=SMALLEST, optimizer="adamw", views=0)
    alone = expected_time(workspace, recipe, snapshot, [])
    assert (alone.runs_ahead, alone.seconds_ahead) == (0, 0.0)
    training = make_run("training", optimizer="adamw", views=0)
    training.write_status(state="running", seconds_left=90.0, started=datetime.now(UTC))
    queued = make_run("queued", optimizer="adamw", views=0)
    elsewhere = make_run("elsewhere", optimizer="adamw", views=0)
    elsewhere.write_status(line="cuda:1")
    excluded: list[float] = []
    monkeypatch.setattr(waiting, "present_slowdown", lambda without: excluded.append(without) or 1.0)
    found = expected_time(workspace, recipe, snapshot, [training, queued, elsewhere])
    assert found.runs_ahead == 2
    assert found.seconds_ahead == pytest.approx(90 + alone.seconds, rel=0.2)
    assert found.seconds == pytest.approx(alone.seconds, rel=0.2)
    assert excluded == [waiting.available_processors()]  # its load ends before ours begins


def test_vectors_are_expected_at_the_speed_of_their_engine(
    workspace: Workspace, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember(workspace, SPEED)
    recipe = Recipe(optimizer="logistic", views=2)
    network = FrozenNetwork("resnet50", "weights-1", '{"mode": "crop", "size": 224}', ("resnet50", "imagenet", "auto"))
    monkeypatch.setattr(speed, "frozen_start", lambda recipe: FrozenStart(network, {}, workspace.root, named=True))
    assert expected_time(workspace, recipe, snapshot, []).speed.training == SPEED.forward
    monkeypatch.setattr(speed, "remembered_speed", lambda workspace, network, exact: 34.0)
    assert expected_time(workspace, recipe, snapshot, []).speed.training == pytest.approx(34 * 4.1)
    by_steps = recipe.model_copy(update={"optimizer": "adamw"})
    assert expected_time(workspace, by_steps, snapshot, []).speed.training == SPEED.forward
