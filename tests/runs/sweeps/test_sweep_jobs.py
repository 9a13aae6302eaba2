"""Sweeps in the workspace: ordinary runs, worked through one after the other by one process."""

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from core.data.snapshot import Snapshot
from core.errors import RunError
from core.runs import jobs
from core.runs.folder import RunFolder, list_runs
from core.runs.process import process_fields
from core.runs.sweeps import sweep_jobs, work_through
from core.runs.sweeps.plan import PlannedRun, plan_runs
from core.runs.sweeps.results import workspace_sweep, workspace_sweeps
from core.runs.sweeps.sweep_jobs import delete_sweep, resume_sweep, stop_sweep, submit_sweep
from core.training.recipe import Recipe
from core.workspace import REPOSITORY, Workspace
from tests.runs.conftest import tiny

Submit = Callable[..., list[RunFolder]]


def planned(cells: int = 1, seeds: int = 2) -> list[PlannedRun]:
    base = tiny(epochs=1).model_dump()
    return plan_runs(
        lambda cell: Recipe.checked(**{**base, **cell}), [{"epochs": number} for number in range(1, cells + 1)], seeds
    )


@pytest.fixture
def submit(workspace: Workspace, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> Submit:
    """Submit a sweep whose process is this one: nothing starts."""

    class Started:
        pid = os.getpid()

        def wait(self) -> None: ...

    monkeypatch.setattr(sweep_jobs, "start_python", lambda *_, **__: Started())

    def submitted(**options: int) -> list[RunFolder]:
        sweep = submit_sweep(workspace, snapshot, planned(**options), title="Seeds", project_id=1, once="token")
        return workspace_sweeps(workspace)[sweep][::-1]

    return submitted


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replace trainings by processes that end at once; returns the runs that were started, in order."""
    order: list[str] = []

    def process(workspace: Workspace, run: RunFolder) -> subprocess.Popen[bytes]:
        order.append(run.id)
        run.write_status(state="finished")
        return subprocess.Popen([sys.executable, "-c", ""])

    monkeypatch.setattr(work_through, "_process", process)
    return order


def test_two_seeds_are_two_ordinary_runs_that_train_one_after_the_other(
    workspace: Workspace, snapshot: Snapshot
) -> None:
    sweep = submit_sweep(workspace, snapshot, planned(), title="Seeds", project_id=1, project="Birds", once="token")
    # The second click of a double click.
    assert submit_sweep(workspace, snapshot, planned(), title="Seeds", project_id=1, once="token") == sweep
    runs = workspace_sweeps(workspace, 1)[sweep][::-1]
    assert [run.recipe().seed for run in runs] == [0, 1]
    assert [run.status().title for run in runs] == ["Seeds · seed 0", "Seeds · seed 1"]
    [pid] = {run.status().pid for run in runs}
    # One process waits for both, and holds neither torch nor pandas.
    assert pid is not None and psutil.Process(pid).cmdline()[1:] == ["-m", "core", "train", "--sweep", sweep]
    for _ in range(1200):
        states = [run.status().state for run in runs]
        assert states.count("running") < 2
        if set(states) == {"finished"}:
            break
        time.sleep(0.1)
    assert states == ["finished", "finished"], [run.log() for run in runs]
    for run in runs:
        assert run.report("val") is not None and run.report("test") is None
    first, second = (run.status() for run in runs)
    assert first.ended is not None and second.started is not None and first.ended <= second.started
    result = workspace_sweep(sweep, workspace)
    assert (result.finished, result.live, result.title) == (2, False, "Seeds")
    assert result.best is not None and result.best.mean is not None and result.best.mean.n == 2


def test_the_order_is_that_of_the_plan(workspace: Workspace, submit: Submit, trained: list[str]) -> None:
    runs = submit(cells=2, seeds=2)
    work_through.work_through(workspace, str(runs[0].status().sweep))
    assert trained == [run.id for run in runs]
    assert [(run.recipe().epochs, run.recipe().seed) for run in runs] == [(1, 0), (1, 1), (2, 0), (2, 1)]


def test_a_run_that_is_stopped_or_deleted_while_it_waits_is_left_out(
    workspace: Workspace, submit: Submit, trained: list[str]
) -> None:
    runs = submit(seeds=4)
    jobs.stop(runs[1])
    shutil.rmtree(runs[2].path)
    work_through.work_through(workspace, str(runs[0].status().sweep))
    assert trained == [runs[0].id, runs[3].id]
    status = runs[1].status()
    assert (status.state, status.stop_requested) == ("stopped", False)
    assert "no model" in status.message


def test_deleting_a_waiting_run_does_not_end_the_sweep(workspace: Workspace, submit: Submit) -> None:
    runs = submit(seeds=2)
    # A process that looks like the sweep's: python -m core train --sweep ID.
    package = workspace.root / "core"
    package.mkdir()
    (package / "__main__.py").write_text("input()")
    process = subprocess.Popen(
        [sys.executable, "-m", "core", "train", "--sweep", "x"], cwd=workspace.root, stdin=subprocess.PIPE
    )
    try:
        runs[1].write_status(**process_fields(process.pid))
        jobs.delete(runs[1])
        assert not runs[1].path.exists() and process.poll() is None
    finally:
        process.communicate(b"\n", timeout=60)


def test_a_training_that_never_began_is_not_started_for_ever(
    workspace: Workspace, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = submit(seeds=2)
    monkeypatch.setattr(
        work_through, "_process", lambda *_: subprocess.Popen([sys.executable, "-c", "raise SystemExit(1)"])
    )
    work_through.work_through(workspace, str(runs[0].status().sweep))
    assert [run.status().state for run in runs] == ["failed", "failed"]
    assert "Resume the run" in runs[0].status().message


def test_a_run_resumed_on_its_own_is_not_trained_twice(
    workspace: Workspace, submit: Submit, trained: list[str]
) -> None:
    from filelock import FileLock

    from core.runs.process import WORKER_LOCK

    runs = submit(seeds=2)
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    held = FileLock(runs[0].path / WORKER_LOCK, thread_local=False)
    thread = threading.Thread(target=held.acquire)
    thread.start()
    thread.join()
    try:
        runs[0].write_status(**process_fields(other.pid))
        work_through.work_through(workspace, str(runs[0].status().sweep))
        assert trained == [runs[1].id]
        assert (runs[0].status().state, runs[0].status().pid) == ("queued", other.pid)
    finally:
        held.release()
        other.communicate(b"\n", timeout=60)


def test_a_sweep_is_stopped_resumed_and_deleted_as_a_whole(
    workspace: Workspace, submit: Submit, trained: list[str]
) -> None:
    runs = submit(seeds=3)
    sweep = str(runs[0].status().sweep)
    runs[0].write_status(state="finished")
    stop_sweep(runs)
    work_through.work_through(workspace, sweep)
    assert [run.status().state for run in runs] == ["finished", "stopped", "stopped"] and trained == []
    resume_sweep(workspace, runs)
    assert [run.status().state for run in runs] == ["finished", "queued", "queued"]
    work_through.work_through(workspace, sweep)
    assert trained == [run.id for run in runs[1:]]
    delete_sweep(workspace, sweep, runs)
    assert list_runs(workspace) == []
    assert not list((workspace.runs / ".locks").glob("sweep-*"))
    with pytest.raises(RunError, match="no sweep"):
        workspace_sweep(sweep, workspace)


def test_if_one_run_cannot_be_created_none_is(
    workspace: Workspace, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    create, made = sweep_jobs.create_run, []

    def second_fails(*arguments: object, **options: object) -> RunFolder:
        if made:
            raise RunError("no room")
        made.append(1)
        return create(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(sweep_jobs, "create_run", second_fails)
    with pytest.raises(RunError, match="no room"):
        submit(seeds=2)
    assert list_runs(workspace) == []


def test_the_process_of_a_sweep_is_small(workspace: Workspace) -> None:
    code = (
        "import sys; from core.runs.sweeps.work_through import work_through; "
        "from core.workspace import open_workspace; work_through(open_workspace(), 'none'); "
        "sys.exit(' '.join({'torch', 'pandas', 'scipy'} & set(sys.modules)))"
    )
    environment = {**os.environ, "RESNET_STUDIO_HOME": str(workspace.root)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.stderr.strip() == ""
    assert Path(workspace.runs / ".locks" / "sweep-none.lock").exists() or os.name == "nt"
