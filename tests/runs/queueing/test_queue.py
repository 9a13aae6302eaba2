from collections.abc import Callable
from pathlib import Path

import pytest

from core.background_process import lock_is_held
from core.errors import RunError
from core.runs.folder import RunFolder
from core.runs.queueing.device_queue import queue_name
from core.runs.queueing.queue import ahead_of_new, device_lock, join_queue, runs_ahead
from core.runs.status import now
from core.workspace import Workspace, open_workspace

MakeRun = Callable[..., RunFolder]


def test_runs_wait_in_the_order_in_which_they_came(make_run: MakeRun, workspace: Workspace) -> None:
    first, second, third = make_run("c"), make_run("a"), make_run("b")
    assert [len(runs_ahead(workspace, run)) for run in (first, second, third)] == [0, 1, 2]
    first.write_status(state="running")
    assert [len(runs_ahead(workspace, run)) for run in (first, second, third)] == [0, 1, 2]
    assert runs_ahead(workspace, third) == [first, second]
    first.write_status(state="finished")
    assert [len(runs_ahead(workspace, run)) for run in (first, second, third)] == [0, 0, 1]


def test_a_dead_run_holds_up_nobody(make_run: MakeRun, workspace: Workspace) -> None:
    dead, waiting = make_run("dead"), make_run("waiting")
    dead.write_status(pid=2**22 - 1, process_started=1.0)
    assert runs_ahead(workspace, waiting) == []


def test_runs_on_another_device_are_another_line(make_run: MakeRun, workspace: Workspace) -> None:
    make_run("elsewhere").write_status(line="cuda:1")
    assert runs_ahead(workspace, make_run("here")) == []


def test_a_resumed_run_joins_the_end_of_the_line(make_run: MakeRun, workspace: Workspace) -> None:
    early, late = make_run("early"), make_run("late")
    early.write_status(state="interrupted", message="Its process ended.", stop_requested=True)
    assert join_queue(early)
    assert runs_ahead(workspace, early) == [late]
    status = early.status()
    assert (status.state, status.message, status.stop_requested) == ("queued", "", False)


def test_a_run_at_work_is_not_put_in_line_again(make_run: MakeRun) -> None:
    run = make_run()
    run.write_status(state="running")
    assert not join_queue(run)
    assert run.status().state == "running"


def test_a_finished_run_has_nothing_to_resume(make_run: MakeRun) -> None:
    run = make_run()
    run.write_status(state="finished")
    with pytest.raises(RunError, match="nothing to resume"):
        join_queue(run)


def test_devices_that_are_the_same_share_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    assert queue_name("cpu") == "cpu"
    assert {queue_name(name) for name in ("cuda", "cuda:0", "mps", "xpu")} == {"accelerator"}
    assert queue_name("cuda:1") == "cuda:1"
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert queue_name("auto") == "cpu"
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    monkeypatch.setattr(Path, "glob", lambda self, pattern: iter([Path("/dev/nvidia0")]))
    assert queue_name("auto") == "accelerator"


def test_the_people_of_a_server_take_turns(make_run: MakeRun, workspace: Workspace) -> None:
    """Five runs of one pupil hold up a second pupil by one training, not by five, whoever was quicker."""
    ada, ben = _pupils(workspace)
    of_ada = [_moved(make_run(f"ada-{number}"), ada) for number in range(3)]
    of_ben = [_moved(make_run(f"ben-{number}"), ben) for number in range(2)]
    order = [of_ada[0], of_ben[0], of_ada[1], of_ben[1], of_ada[2]]
    assert [*runs_ahead(ada, of_ada[2]), of_ada[2]] == order
    assert runs_ahead(ben, of_ben[1]) == order[:3]
    of_ada[0].write_status(state="running", started=now())
    assert runs_ahead(ben, of_ben[0]) == [of_ada[0]]
    assert runs_ahead(ada, of_ada[1]) == order[:2]
    of_ada[0].write_status(state="finished")
    assert [len(runs_ahead(place, run)) for place, run in ((ben, of_ben[0]), (ada, of_ada[1]))] == [0, 1]
    assert ahead_of_new(workspace, of_ben[0].status().line) == [of_ben[0]], "the teacher has had no turn yet"


def test_all_workspaces_of_a_server_share_the_lock_of_a_device(make_run: MakeRun, workspace: Workspace) -> None:
    ada, ben = _pupils(workspace)
    first, second = _moved(make_run("a"), ada), _moved(make_run("b"), ben)
    with device_lock(ada, first):
        assert lock_is_held(device_lock(ben, second))


def _pupils(workspace: Workspace) -> tuple[Workspace, Workspace]:
    ada, ben = (open_workspace(workspace.root / "people" / name) for name in ("ada", "ben"))
    return ada, ben


def _moved(run: RunFolder, to: Workspace) -> RunFolder:
    return RunFolder(run.path.rename(to.runs / run.id))
