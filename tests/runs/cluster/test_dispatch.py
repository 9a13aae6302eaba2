"""Whose turn it is, and what becomes of runs whose machines are lost; the cluster here only notes what it is asked."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from core.errors import RunError
from core.runs.cluster.dispatch import MOST_LOSSES, PLACED, dispatch, note_trouble, work_left
from core.runs.cluster.on_node import train_on_node
from core.runs.cluster.setting import CPU_LINE, GPU_LINE, SETTING
from core.runs.folder import RunFolder
from core.runs.jobs import stop
from core.runs.status import now
from core.workspace import Workspace, open_workspace

MakeRun = Callable[..., RunFolder]


class NotedCluster:
    """A cluster that never runs anything."""

    def __init__(self) -> None:
        self.placed: list[str] = []
        self.known: set[RunFolder] = set()
        self.refuses: str | None = None
        self.broken: RunFolder | None = None

    def knows(self, run: RunFolder) -> bool:
        if run == self.broken:
            raise RunError("The training could not be started on the cluster (no module named core).")
        return run in self.known

    def place(self, run: RunFolder, workspace: Workspace) -> None:
        assert run.path.parent == workspace.runs
        if self.refuses:
            raise RunError(self.refuses)
        self.placed.append(run.id)
        self.known.add(run)

    def remove(self, run: RunFolder) -> None:
        self.known.discard(run)


@pytest.fixture(autouse=True)
def address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTING, "10.0.0.5:6379")


@pytest.fixture
def cluster() -> NotedCluster:
    return NotedCluster()


@pytest.fixture
def queued(make_run: MakeRun) -> MakeRun:
    def make(name: str = "one", *, owner: Workspace | None = None, line: str = CPU_LINE) -> RunFolder:
        run = make_run(name)
        run.write_status(line=line)
        if owner is None:
            return run
        run.path.rename(owner.runs / name)
        return RunFolder(owner.runs / name)

    return make


def begin(run: RunFolder) -> None:
    """Do what the training does when it has its machine."""
    run.write_status(state="running", node="lab1", started=now(), heartbeat=now())


def test_one_run_waits_inside_ray_and_people_take_turns(
    queued: MakeRun, workspace: Workspace, cluster: NotedCluster
) -> None:
    ada, ben = (open_workspace(workspace.root / "people" / name) for name in ("ada", "ben"))
    runs = {f"ada-{n}": queued(f"ada-{n}", owner=ada) for n in range(3)}
    runs |= {"ben-0": queued("ben-0", owner=ben)}
    dispatch(workspace, cluster)
    dispatch(workspace, cluster)
    assert cluster.placed == ["ada-0"] and runs["ada-0"].status().phase == PLACED
    for _ in range(3):
        begin(runs[cluster.placed[-1]])
        dispatch(workspace, cluster)
    assert cluster.placed == ["ada-0", "ben-0", "ada-1", "ada-2"]


def test_a_run_that_waits_for_a_gpu_holds_up_none_that_needs_no_gpu(
    queued: MakeRun, workspace: Workspace, cluster: NotedCluster
) -> None:
    queued("gpu", line=GPU_LINE)
    queued("cpu")
    dispatch(workspace, cluster)
    assert set(cluster.placed) == {"gpu", "cpu"}


def test_runs_of_this_machine_are_none_of_its_business(
    make_run: MakeRun, workspace: Workspace, cluster: NotedCluster
) -> None:
    make_run()
    assert not dispatch(workspace, cluster) and not work_left(workspace) and not cluster.placed


def test_a_run_that_is_stopped_while_it_waits_ends(
    queued: MakeRun, workspace: Workspace, cluster: NotedCluster
) -> None:
    run = queued()
    dispatch(workspace, cluster)
    stop(run)
    dispatch(workspace, cluster)
    assert run.status().state == "stopped" and "no model" in run.status().message
    assert not cluster.known and not work_left(workspace)


def test_a_run_whose_machine_was_shut_down_waits_again_but_not_for_ever(
    queued: MakeRun, workspace: Workspace, cluster: NotedCluster
) -> None:
    run = queued()
    for loss in range(1, MOST_LOSSES + 1):
        begin(run)
        run.write_status(state="interrupted", message="Its process was terminated.")
        cluster.known.clear()
        dispatch(workspace, cluster)
        status = run.status()
        assert (status.state, status.losses, status.message) == ("queued", loss, "")
    assert "its process on lab1 has ended" in run.log()
    begin(run)
    run.write_status(state="interrupted")
    cluster.known.clear()
    dispatch(workspace, cluster)
    assert run.status().state == "failed" and "more memory than a machine has" in run.status().message


def test_losses_of_a_run_that_comes_further_each_time_do_not_add_up(
    queued: MakeRun, workspace: Workspace, cluster: NotedCluster
) -> None:
    run = queued()
    for epoch in range(1, MOST_LOSSES + 5):
        for loss in (1, 2):
            begin(run)
            run.write_status(state="interrupted", epoch=epoch)
            cluster.known.clear()
            dispatch(workspace, cluster)
            assert (run.status().state, run.status().losses) == ("queued", loss)
    begin(run)
    run.write_status(epoch=1)  # it has begun again, far behind where it was
    assert run.status().another_loss == {"losses": 3, "loss_epoch": MOST_LOSSES + 4}


def test_a_run_without_news_waits_again_and_one_with_news_is_left_alone(
    queued: MakeRun, workspace: Workspace, cluster: NotedCluster
) -> None:
    run = queued()
    begin(run)
    dispatch(workspace, cluster)  # Ray does not know it, but it writes: the cluster's head was started anew
    assert run.status().state == "running" and cluster.placed == []
    run.write_status(heartbeat=now() - timedelta(minutes=3))
    assert run.status().state == "interrupted"  # what a page shows when no dispatcher is there
    dispatch(workspace, cluster)
    assert run.status().state == "queued"
    dispatch(workspace, cluster)
    assert cluster.placed == ["one"]


def test_a_run_for_which_ray_has_no_other_machine_yet_waits_inside_ray(
    queued: MakeRun, workspace: Workspace, cluster: NotedCluster
) -> None:
    run, other = queued("lost"), queued("other")
    begin(run)
    cluster.known.add(run)
    run.write_status(heartbeat=now() - timedelta(minutes=3))
    dispatch(workspace, cluster)
    dispatch(workspace, cluster)
    assert run.status().state == "queued" and other.id not in cluster.placed


def test_a_run_that_cannot_begin_on_its_machine_fails_with_the_reason(
    queued: MakeRun, workspace: Workspace, cluster: NotedCluster
) -> None:
    run = queued()
    dispatch(workspace, cluster)
    cluster.broken = run
    dispatch(workspace, cluster)
    assert run.status().state == "failed" and "no module named core" in run.status().message


def test_why_nothing_starts_is_shown(queued: MakeRun, workspace: Workspace, cluster: NotedCluster) -> None:
    run = queued()
    cluster.refuses = "waiting: no machine of the cluster has a GPU now"
    dispatch(workspace, cluster)
    assert run.status().phase == cluster.refuses
    note_trouble(workspace, "the Ray cluster does not answer")
    assert (run.status().state, run.status().phase) == ("queued", "the Ray cluster does not answer")
    cluster.refuses = None
    dispatch(workspace, cluster)
    assert run.status().phase == PLACED


def test_a_machine_does_nothing_for_a_run_that_has_ended(queued: MakeRun, workspace: Workspace) -> None:
    run = queued()
    run.write_status(state="stopped")
    assert train_on_node(run.path, workspace.root, "lab2") == "stopped"
    assert train_on_node(workspace.runs / "deleted", workspace.root, "lab2") == "gone"


def test_a_run_that_loses_its_machines_too_often_fails_on_the_next(queued: MakeRun, workspace: Workspace) -> None:
    run = queued()
    begin(run)
    run.write_status(losses=MOST_LOSSES)
    assert train_on_node(run.path, workspace.root, "lab2") == "failed"
    assert "more memory than a machine has" in run.status().message
