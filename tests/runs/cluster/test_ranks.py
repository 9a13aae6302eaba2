"""One run that several machines train together: the figures are those of one process, also after a machine is lost."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from core.data.snapshot import Snapshot
from core.errors import ImageRefused, RunError
from core.models.bundle import read_info
from core.runs.cluster.dispatch import dispatch
from core.runs.cluster.ranks import ProcessLost, others_may_be_lost, outcome, processes_of
from core.runs.cluster.setting import CPU_LINE
from core.runs.folder import RunFolder
from core.runs.new_run import create_run
from core.runs.status import Status
from core.runs.worker import work
from core.workspace import Workspace
from tests.runs.cluster.conftest import ray_machines
from tests.runs.conftest import tiny

PATIENCE_SECONDS = 300
# Slowly, so that rounding does not grow from step to step.
BY_STEPS = {"train": "layer4", "optimizer": "sgd", "learning_rate": 1e-3, "size": 64, "batch_size": 8}


@pytest.fixture(scope="module")
def machines() -> Iterator[dict[str, Any]]:
    """A head, two machines that train, and a third one for when one of them is lost."""
    pytest.importorskip("ray", reason="Ray cannot be installed for this Python: see requirements-cluster.txt")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        with ray_machines("first", "second", "third") as machines:
            from core.runs.cluster.ray_cluster import RayCluster

            ray = RayCluster()
            yield {**machines, "ray": ray}
            ray._ray.shutdown()


def queued(workspace: Workspace, snapshot: Snapshot, name: str, **recipe: Any) -> RunFolder:
    run = create_run(workspace.runs / name, snapshot, tiny(**BY_STEPS, **recipe), title=name)
    run.write_status(line=CPU_LINE)
    return run


def wait_until(
    run: RunFolder, workspace: Workspace, machines: dict[str, Any], fits: Callable[[Status], bool]
) -> Status:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        dispatch(workspace, machines["ray"])
        status = run.status()
        if fits(status):
            return status
        assert status.live or status.state == "interrupted", f"{status}\n{run.log()}"
        time.sleep(0.05)
    raise AssertionError(f"{run.status()}\n{run.log()}")


def test_too_many_processes_wait_and_say_so(workspace: Workspace, snapshot: Snapshot, machines: dict[str, Any]) -> None:
    run = queued(workspace, snapshot, "large", processes=4, epochs=1)
    dispatch(workspace, machines["ray"])
    said = "waiting: it is to be trained by 4 processes, and the cluster has room for 3"
    assert (run.status().state, run.status().phase) == ("queued", said)


def test_several_machines_train_what_one_process_trains_although_one_is_lost(
    workspace: Workspace, snapshot: Snapshot, machines: dict[str, Any], tmp_path: Path
) -> None:
    epochs = 25
    several = queued(workspace, snapshot, "several", processes=2, epochs=epochs)
    first = wait_until(several, workspace, machines, lambda status: status.epoch >= 3).node
    [(one, other)] = re.findall(r"trained by 2 processes, on (\w+), (\w+)", several.log())
    assert first == one and {one, other} < {"first", "second", "third"} and one != other
    machines["cluster"].remove_node(machines[other], allow_graceful=False)
    status = wait_until(several, workspace, machines, lambda status: status.state == "finished")
    assert status.losses == 1 and "Resuming after epoch" in several.log()
    # The run's own actor, which waits for the processes, may have been there too: then it is started again itself.
    assert several.log().count("trained by 2 processes, on ") == 2 and "in 2 processes" in several.log()
    assert other not in several.log().rpartition("trained by 2 processes, on ")[2]
    assert several.epochs()["epoch"].tolist() == list(range(1, epochs + 1))
    deadline = time.monotonic() + 60
    while machines["ray"].knows(several) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not machines["ray"].knows(several), "its places are free again"

    alone = create_run(workspace.runs / "alone", snapshot, tiny(**BY_STEPS, epochs=epochs), title="alone")
    assert work(alone, workspace).state == "finished"
    weights = [load_file(run.path / "last" / "model.safetensors") for run in (alone, several)]
    for name, tensor in weights[0].items():
        torch.testing.assert_close(
            weights[1][name], tensor, rtol=1e-4, atol=1e-4, msg=lambda text, name=name: f"{name}: {text}"
        )
    figures = [read_info(run.path / "last").metrics for run in (alone, several)]
    assert figures[1] == pytest.approx(figures[0], abs=1e-4)


def test_an_error_of_one_process_alone_is_that_of_the_run(
    workspace: Workspace, snapshot: Snapshot, machines: dict[str, Any]
) -> None:
    """Too few photos for so many processes; both find that, and none of them waits for the other."""
    run = queued(workspace, snapshot, "few", processes=2, epochs=1)
    (run.path / "recipe.json").write_text(run.recipe().model_copy(update={"batch_size": 3}).model_dump_json())
    wait_until(run, workspace, machines, lambda status: status.state == "failed")
    assert "use at least 4 of both, or fewer processes" in run.status().message


class NotedRay:
    """Ray with calls of which those with an outcome are over."""

    class exceptions:
        class RayError(Exception):
            pass

        class RayTaskError(RayError):
            def __init__(self, cause: Exception) -> None:
                self.cause = cause

    def __init__(self, outcomes: dict[int, Exception | None]) -> None:
        self.outcomes = outcomes

    def wait(self, calls: list[int], **_: object) -> tuple[list[int], list[int]]:
        return [one for one in calls if one in self.outcomes], []

    def get(self, call: int) -> None:
        if (found := self.outcomes[call]) is not None:
            raise found


LOST = NotedRay.exceptions.RayError("its node is gone")
CLOSED = NotedRay.exceptions.RayTaskError(RuntimeError("Connection closed by peer"))
REFUSED = NotedRay.exceptions.RayTaskError(ImageRefused("a.png", "it is damaged"))


@pytest.mark.parametrize(
    ("outcomes", "found"),
    [
        ({0: None}, None),
        ({0: None, 1: LOST, 2: CLOSED}, None),
        ({1: REFUSED}, "a.png: it is damaged"),
        ({1: CLOSED, 2: REFUSED}, "a.png: it is damaged"),
        ({1: None, 2: CLOSED}, "In another process: Connection closed by peer"),
        ({1: LOST}, ProcessLost),
        ({0: LOST}, ProcessLost),
        ({1: CLOSED, 2: LOST}, ProcessLost),
        ({0: CLOSED}, RunError),
    ],
)
def test_how_a_training_ended_is_what_happened_and_not_the_closed_connections_that_follow(
    outcomes: dict[int, Exception | None], found: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.runs.cluster.ranks._TOLD_SECONDS", 0.1)
    ray = NotedRay(outcomes)
    if isinstance(found, type):
        with pytest.raises(found):
            outcome(ray, [0, 1, 2])
    else:
        problem = outcome(ray, [0, 1, 2])
        assert (problem if problem is None else str(problem)) == found


def test_an_error_of_the_first_process_waits_for_the_news_that_another_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("core.runs.cluster.ranks.time.sleep", slept.append)
    with pytest.raises(RunError), others_may_be_lost():
        raise RunError("the loss is not a number")
    assert slept == []
    with pytest.raises(RuntimeError), others_may_be_lost():
        raise RuntimeError("Connection closed by peer")
    assert slept and slept[0] > 60


def test_what_is_not_trained_by_steps_has_one_process(workspace: Workspace, snapshot: Snapshot) -> None:
    def made(name: str, **recipe: Any) -> int:
        return processes_of(create_run(workspace.runs / name, snapshot, tiny(processes=4, **recipe), title=name))

    assert made("steps", train="layer4") == 4
    assert made("solved", train="head", weights="imagenet") == 1
    assert made("automatic", train="automatic", weights="imagenet") == 1
