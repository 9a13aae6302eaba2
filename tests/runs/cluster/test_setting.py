"""Where trainings go, and what is said about a cluster that cannot be used before a run is created."""

import socket
from collections.abc import Callable

import pytest

from core.data.snapshot import Snapshot
from core.errors import RunError
from core.runs.cluster.needs import needs, room
from core.runs.cluster.setting import CPU_LINE, GPU_LINE, SETTING, check_cluster
from core.runs.folder import RunFolder, list_runs
from core.runs.jobs import resume, submit
from core.runs.queueing.device_queue import line_of
from core.runs.queueing.queue import join_queue, runs_ahead
from core.runs.worker import work
from core.workspace import Workspace
from tests.runs.conftest import tiny

MakeRun = Callable[..., RunFolder]


def test_without_an_address_trainings_stay_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SETTING, raising=False)
    assert line_of("cpu") == "cpu"
    check_cluster()
    monkeypatch.setenv(SETTING, "10.0.0.5:6379")
    assert (line_of("cpu"), line_of("auto"), line_of("cuda:1")) == (CPU_LINE, GPU_LINE, GPU_LINE)


def test_a_cluster_that_does_not_answer_is_told_before_a_run_is_created(
    workspace: Workspace, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv(SETTING, f"127.0.0.1:{free.getsockname()[1]}")
        with pytest.raises(RunError, match=r"does not answer .* or unset it to train on this machine"):
            submit(workspace, snapshot, tiny(), title="one")
    assert list_runs(workspace) == []


@pytest.mark.parametrize("address", ["head", "head:", "http://head:8265", "head:port"])
def test_an_address_that_is_none_is_told(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    monkeypatch.setenv(SETTING, address)
    with pytest.raises(RunError, match="Write the address of the cluster"):
        check_cluster()


def test_a_missing_ray_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv(SETTING, "127.0.0.1:6379")
    with pytest.raises(RunError, match="pip install -r requirements"):
        check_cluster()


def test_a_run_that_waits_for_a_cluster_can_be_resumed_here_when_there_is_none(
    make_run: MakeRun, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run()
    run.write_status(line=CPU_LINE)
    monkeypatch.setenv(SETTING, "10.0.0.5:6379")
    assert run.status().state == "queued"
    monkeypatch.delenv(SETTING)
    assert run.status().state == "interrupted" and "Resume the run" in run.status().message
    assert join_queue(run, line_of("cpu"))
    assert run.status().line == "cpu"


def test_resuming_a_run_by_hand_on_this_machine_takes_it_off_the_cluster(
    make_run: MakeRun, workspace: Workspace
) -> None:
    run = make_run(epochs=1)
    run.write_status(line=CPU_LINE, state="interrupted", node="lab3")
    status = work(run, workspace)
    assert (status.state, status.line, status.node) == ("finished", "cpu", None)


def test_a_run_on_its_machine_waits_for_nobody(make_run: MakeRun, workspace: Workspace) -> None:
    make_run("first").write_status(line=CPU_LINE)
    run = make_run("second", epochs=1)
    run.write_status(line=CPU_LINE)
    status = work(run, workspace, node="lab3")
    assert (status.state, status.line, status.node) == ("finished", CPU_LINE, "lab3")


def test_on_a_cluster_trainings_hold_up_nobody(
    make_run: MakeRun, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SETTING, "10.0.0.5:6379")
    first, second, third = make_run("a"), make_run("b"), make_run("c")
    for run in (first, second, third):
        run.write_status(line=CPU_LINE)
    first.write_status(state="running", heartbeat=run.status().created)
    assert runs_ahead(workspace, second) == [] and runs_ahead(workspace, third) == [second]


def test_a_live_run_is_not_resumed_whether_or_not_the_cluster_answers(
    make_run: MakeRun, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run()
    run.write_status(line=CPU_LINE)
    monkeypatch.setenv(SETTING, "127.0.0.1:1")
    before = run.status()
    resume(workspace, run)
    assert run.status() == before


def test_how_many_processes_have_room() -> None:
    assert room({"num_cpus": 4.0}, [BIG, SMALL, {"memory": 1e9}]) == 16
    assert room({"num_cpus": 4.0, "num_gpus": 1.0}, [BIG, GPUS]) == 4
    assert room({"num_cpus": 2.0}, [BIG, SMALL]) == 33


BIG, SMALL, GPUS = {"CPU": 64.0}, {"CPU": 2.0}, {"CPU": 16.0, "GPU": 4.0}


@pytest.mark.parametrize(
    ("device", "nodes", "wanted"),
    [
        ("cpu", [BIG, SMALL], {"num_cpus": 4.0}),
        ("cpu", [SMALL], {"num_cpus": 2.0}),  # more would wait for ever
        ("auto", [SMALL, BIG], {"num_cpus": 4.0}),
        ("auto", [BIG, GPUS], {"num_cpus": 4.0, "num_gpus": 1.0}),
        ("cuda", [GPUS], {"num_cpus": 4.0, "num_gpus": 1.0}),
        ("cpu", [GPUS], {"num_cpus": 4.0}),
    ],
)
def test_what_a_training_asks_for(
    device: str, nodes: list[dict[str, float]], wanted: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RESNET_STUDIO_RAY_CPUS", raising=False)
    assert needs(device, nodes) == wanted


def test_no_gpu_and_a_wrong_number_of_processors_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RunError, match="no machine of the cluster has a GPU"):
        needs("cuda", [BIG])
    with pytest.raises(RunError, match="no machine of the cluster has processors"):
        needs("cpu", [{"memory": 1e9}])  # only the server, which keeps trainings off itself
    monkeypatch.setenv("RESNET_STUDIO_RAY_CPUS", "16")
    assert needs("cpu", [BIG]) == {"num_cpus": 16.0}
    monkeypatch.setenv("RESNET_STUDIO_RAY_CPUS", "many")
    with pytest.raises(RunError, match="'many'"):
        needs("cpu", [BIG])
