"""Worker processes: shared, stopped, restarted after a crash, limited in memory, and gone when the server is gone."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import ComputationError, DataError, TooLittleData
from core.processors import available_processors
from core.workers.pool import Finished, Pool, Request, Running
from core.workers.tasks import TASKS, Task
from core.workspace import REPOSITORY

NAMES = ("about", "step", "hang", "crash", "refuse", "fail", "devour", "devour_at_once")
OURS = {name: Task(f"tests.workers.tasks:{name}", "photos") for name in NAMES}
SLOW_MACHINE = 60.0
no_signals = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals")


@pytest.fixture(scope="module")
def shared() -> Pool:
    """One pool for the tests that leave its process alive."""
    return Pool(OURS)


@pytest.fixture
def pool(shared: Pool) -> Iterator[Pool]:
    yield shared


def asked(pool: Pool, task: str, key: str = "", watcher: str = "tab", **arguments: Any) -> Running | Finished:
    return pool.result_or_progress(key or task, lambda: Request(task, arguments), watcher)


def waited(pool: Pool, task: str, key: str = "", watcher: str = "tab", **arguments: Any) -> Any:
    """Poll until the result is there."""
    deadline = time.monotonic() + SLOW_MACHINE
    while time.monotonic() < deadline:
        found = asked(pool, task, key, watcher, **arguments)
        if isinstance(found, Finished):
            return found.result
        time.sleep(0.02)
    pytest.fail("no result")


def until(holds: Callable[[], bool], seconds: float = SLOW_MACHINE) -> float:
    """Wait until this holds, and return how long that took."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < seconds, f"not in {seconds} seconds"
        time.sleep(0.02)
    return time.monotonic() - begun


def at_work(pool: Pool, task: str, phase: str, key: str = "", **arguments: Any) -> int:
    """Start a task, wait until its process is at it, and return the process id."""

    def reached() -> bool:
        found = asked(pool, task, key, **arguments)
        return isinstance(found, Running) and found.progress.phase == phase

    until(reached)
    return pool.processes()["photos"]


def alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    return False


def test_a_worker_has_low_priority_and_no_more_threads_than_processors(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESNET_STUDIO_HOME", "/another/workspace")
    found = waited(pool, "about", said="bird \udcff.png")
    assert found["pid"] != os.getpid()
    if hasattr(os, "nice"):
        assert found["nice"] > os.nice(0)
    assert found["threads"] == os.environ.get("OMP_NUM_THREADS", str(available_processors()))
    assert found["home"] == "/another/workspace", "settings may change after the process was started"
    assert found["said"] == "bird \udcff.png"
    assert not found["torch"], "torch is loaded by the tasks that need it"


def test_the_process_is_kept_for_the_next_request(pool: Pool) -> None:
    assert waited(pool, "about", "one")["pid"] == waited(pool, "about", "two")["pid"]


def test_it_goes_on_between_two_looks_and_says_how_far_it_is(pool: Pool) -> None:
    at_work(pool, "step", "stepping", "goes on", steps=100)

    def further() -> bool:
        found = asked(pool, "step", "goes on", steps=100)
        return isinstance(found, Running) and found.progress.done > 60 and found.seconds_left is not None

    until(further)
    found = asked(pool, "step", "goes on", steps=100)
    assert isinstance(found, Running) and found.progress.total == 100 and found.seconds_left is not None
    assert waited(pool, "step", "goes on", steps=100) == 100


def test_two_tabs_that_look_share_one_computation(pool: Pool, tmp_path: Path) -> None:
    begun = str(tmp_path / "begun")
    for tab in ("first", "second"):
        asked(pool, "step", "shared", tab, steps=10, begun=begun)
    assert waited(pool, "step", "shared", "first", steps=10, begun=begun) == 10
    assert waited(pool, "step", "shared", "second", steps=10, begun=begun) == 10
    assert len(Path(begun).read_text(encoding="ascii").split()) == 1
    assert waited(pool, "step", "shared", "first", steps=1, begun=begun) == 1, "once read, it starts again"


def test_stop_by_one_of_two_tabs_leaves_the_computation_to_the_other(pool: Pool, tmp_path: Path) -> None:
    begun = str(tmp_path / "begun")
    for tab in ("first", "second"):
        asked(pool, "step", "two", tab, steps=10, begun=begun)
    pool.stop("two", "first")
    assert waited(pool, "step", "two", "second", steps=10, begun=begun) == 10
    assert len(Path(begun).read_text(encoding="ascii").split()) == 1


def test_stop_between_two_reports_keeps_the_process(pool: Pool) -> None:
    ended: list[int] = []
    pool.result_or_progress("stop", lambda: Request("step", {"steps": 10_000}, lambda: ended.append(1)), "tab")
    pid = at_work(pool, "step", "stepping", "stop")
    pool.stop("stop", "tab")
    assert not pool.running("stop")
    assert until(lambda: bool(ended)) < 10, "a second, on a machine that is not busy"
    assert waited(pool, "about", "after stop")["pid"] == pid


def test_stop_ends_a_task_that_does_not_report(pool: Pool) -> None:
    pid = at_work(pool, "hang", "hanging")
    pool.stop("hang", "tab")
    assert until(lambda: not alive(pid)) < 10, "a second, on a machine that is not busy"
    assert waited(pool, "about", "after hanging")["pid"] != pid


def test_a_computation_that_nobody_watches_is_stopped_and_begun_anew_later(tmp_path: Path) -> None:
    pool, begun = Pool(OURS, patience_seconds=lambda: 1.0), str(tmp_path / "begun")
    at_work(pool, "step", "stepping", "left", steps=10_000, begun=begun)
    time.sleep(1.0)
    until(lambda: not pool.running("left"))
    assert asked(pool, "step", "left", steps=1, begun=begun) != Finished(10_000)
    assert waited(pool, "step", "left", steps=1, begun=begun) == 1
    assert len(Path(begun).read_text(encoding="ascii").split()) == 2


@no_signals
def test_a_crash_is_told_in_a_sentence_and_the_next_request_works(pool: Pool) -> None:
    with pytest.raises(ComputationError, match=r"^The computation stopped unexpectedly \(signal 11\)\. Try again\.$"):
        waited(pool, "crash")
    assert waited(pool, "about", "after crash")["said"] is None


@no_signals
def test_a_worker_killed_in_the_middle_of_a_computation_is_replaced(pool: Pool) -> None:
    pid = at_work(pool, "hang", "hanging", "killed")
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(ComputationError, match="signal 9"):
        waited(pool, "hang", "killed")
    assert waited(pool, "about", "after kill")["pid"] != pid


@no_signals
def test_a_worker_killed_between_two_requests_is_replaced_without_a_word(pool: Pool) -> None:
    pid = waited(pool, "about", "before")["pid"]
    os.kill(pid, signal.SIGKILL)
    assert waited(pool, "about", "then")["pid"] != pid


def test_a_user_error_keeps_its_class_and_its_sentence_for_every_tab(pool: Pool) -> None:
    for tab in ("first", "second"):
        with contextlib.suppress(TooLittleData):
            asked(pool, "refuse", "refused", tab)
    with pytest.raises(TooLittleData, match=r"^There are 3 photos\. Add photos to learn from\.$"):
        waited(pool, "refuse", "refused", "second")


def test_a_bug_is_no_user_error_and_its_traceback_is_in_the_log(pool: Pool, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(RuntimeError, match="KeyError: 'a bug'"):
        waited(pool, "fail")
    assert "tests/workers/tasks.py" in caplog.text.replace("\\", "/")


@pytest.mark.parametrize("task", ["devour", "devour_at_once"])
def test_the_limit_on_memory_is_told_in_a_sentence_and_the_next_request_works(
    task: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESNET_STUDIO_WORKER_MEMORY", "300")
    pool = Pool(OURS)
    with pytest.raises(ComputationError, match=r"needed more than 0\.3 GB of memory and was stopped\. Try it with"):
        waited(pool, task)
    assert waited(pool, "about", "after")["pid"]


def test_an_idle_worker_ends_and_its_memory_is_free_again() -> None:
    pool = Pool(OURS, idle_seconds=0.2)
    pid = waited(pool, "about")["pid"]
    until(lambda: not alive(pid) and not pool.processes())
    assert waited(pool, "about", "again")["pid"] != pid


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_killed_server_leaves_no_worker_behind() -> None:
    code = """if True:
        import time
        from tests.workers.test_pool import OURS, at_work
        from core.workers.pool import Pool
        print(at_work(Pool(OURS), "hang", "hanging"), flush=True)
        time.sleep(600)
    """
    with subprocess.Popen([sys.executable, "-c", code], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        worker = int(server.stdout.readline())
        assert alive(worker)
        server.kill()
    until(lambda: not alive(worker))


def test_every_task_names_a_function_and_the_server_loads_no_torch_for_it() -> None:
    code = """if True:
        import sys
        from core.workers.pool import Request, shared_pool
        shared_pool().result_or_progress("none", lambda: Request("evaluate", {"run": "/none"}), "tab")
        sys.exit("torch" in sys.modules)
    """
    assert subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, timeout=60, check=False).returncode == 0
    from importlib import import_module

    for task in TASKS.values():
        module, function = task.target.split(":")
        assert callable(getattr(import_module(module), function)), task.target


def test_an_error_about_one_image_arrives_as_its_sentence() -> None:
    from core.workers.pool import _user_error

    assert type(_user_error("ImageRefused", "a.png: it is empty")) is DataError
    assert type(_user_error("__doc__", "text")) is DataError
