import errno
import json
import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from filelock import FileLock

from core.errors import RunError, StorageError
from core.runs.folder import RunFolder, list_runs
from core.runs.jobs import delete, recover, stop
from core.runs.process import WORKER_LOCK, process_fields, process_identity
from core.runs.queueing.queue import join_queue, runs_ahead
from core.runs.status import now, read_status
from core.runs.table import run_rows
from core.workspace import Workspace

MakeRun = Callable[..., RunFolder]


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


def test_a_run_of_a_living_process_stays_as_it_is(make_run: MakeRun) -> None:
    run = make_run()
    run.write_status(state="running", epoch=2)
    assert run.status().state == "running"


@pytest.mark.parametrize("state", ["queued", "preparing", "running"])
def test_a_killed_process_makes_the_run_interrupted_on_the_next_read(
    make_run: MakeRun, sleeper: subprocess.Popen[bytes], state: str
) -> None:
    run = make_run()
    run.write_status(state=state, **process_fields(sleeper.pid), epoch=2, started=now())
    assert run.status().state == state
    sleeper.kill()
    # It is a zombie until this process waits for it: dead all the same.
    time.sleep(0.2)
    status = run.status()
    assert status.state == "interrupted"
    assert "epoch 2" in status.message and "Resume" in status.message
    assert status.ended is not None
    assert read_status(run.path / "status.json") == status


@pytest.mark.parametrize("identity", ["another-boot:1", None])
def test_another_process_with_the_same_number_is_not_taken_for_the_run(make_run: MakeRun, identity: str | None) -> None:
    run = make_run()
    yesterday = time.time() - 86400
    run.write_status(state="running", process_started=yesterday, process_identity=identity, heartbeat=now())
    assert run.status().state == "interrupted"


@pytest.mark.parametrize("days", [-400, -1, 1, 400])
def test_a_clock_that_was_set_anew_interrupts_no_run(make_run: MakeRun, days: int) -> None:
    """Linux shifts the start times of all processes with the clock, and heartbeats are from before or after."""
    run = make_run()
    moment = now() + timedelta(days=days)
    run.write_status(state="running", process_started=moment.timestamp(), heartbeat=moment)
    assert run.status().state == "running"
    assert read_status(run.status_path).state == "running"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere start times do not shift")
def test_the_identity_of_a_process_is_its_boot_and_its_tick(sleeper: subprocess.Popen[bytes]) -> None:
    own, other = process_identity(os.getpid()), process_identity(sleeper.pid)
    assert own and other and own != other and own == process_identity(os.getpid())
    assert (
        own.partition(":")[0] == other.partition(":")[0] == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    )
    assert process_identity(2**22 + 1) is None


def test_a_run_of_an_earlier_version_lives_while_its_lock_is_held_though_the_clock_was_set(make_run: MakeRun) -> None:
    run = make_run()
    run.write_status(state="running", process_identity=None, process_started=time.time() - 86400)
    with FileLock(run.path / WORKER_LOCK):
        assert run.status().state == "running"
    assert run.status().state == "interrupted"


def test_a_run_that_is_seen_alive_again_loses_the_message_of_its_interruption(make_run: MakeRun) -> None:
    run = make_run()
    run.write_status(state="running", epoch=2, process_identity="unknown:1")
    status = run.status()
    assert (status.state, status.lost_state) == ("interrupted", "running") and "Its process ended" in status.message
    run.write_status(**process_fields(os.getpid()))
    status = run.status()
    assert (status.state, status.message, status.ended, status.lost_state) == ("running", "", None, None)
    assert read_status(run.status_path) == status
    assert not join_queue(run)


def test_a_message_of_an_interruption_does_not_stay_with_a_run_at_work(make_run: MakeRun) -> None:
    """A status in which an earlier version's worker wrote on after a reader had taken it for dead."""
    run = make_run()
    run.write_status(state="interrupted", message="Its process ended in epoch 1.", ended=now())
    assert run.write_status(state="running", epoch=2).message == ""
    assert run.status().ended is None


def test_an_end_that_the_worker_wrote_itself_stays_while_it_exits(make_run: MakeRun) -> None:
    run = make_run()
    run.write_status(state="running")
    run.write_status(state="interrupted", message="Its process was terminated.", ended=now())
    assert run.status().message == "Its process was terminated."


HOSTILE = {
    "pid below zero": {"pid": -5},
    "pid zero": {"pid": 0},
    "pid too large": {"pid": 10**30},
    "pid a text": {"pid": "1"},
    "pid yes": {"pid": True},
    "heartbeat without zone": {"heartbeat": "2026-01-01T00:00:00"},
    "created without zone": {"created": "2026-01-01T00:00:00"},
    "created before all time": {"created": "0001-01-01T00:00:00Z"},
    "created after all time": {"created": "9999-12-31T23:59:59Z"},
    "queue outside the workspace": {"line": "../../x"},
    "queue of no name": {"line": ""},
    "queue with a zero byte": {"line": "cpu\0"},
    "epoch null": {"epoch": None},
    "epoch huge": {"epoch": 10**400},
    "epoch below zero": {"epochs": -1},
    "project below zero": {"project_id": -1},
    "title a list": {"title": ["x"]},
    "title very long": {"title": "x" * 100_000},
    "message very long": {"message": "x" * 100_000},
    "state unknown": {"state": "dancing"},
    "start infinite": {"process_started": 1e400},
}
TEXTS = {
    "nothing": b"",
    "a number": b"5",
    "a list": b"[]",
    "null": b"null",
    "not UTF-8": b'{"state": "\xff"}',
    "deep": b'{"state": ' + b"[" * 100_000,
    "NaN": b'{"state": "queued", "created": "2026-01-01T00:00:00Z", "seconds_left": NaN}',
    "half a surrogate": b'{"state": "queued", "created": "2026-01-01T00:00:00Z", "title": "\\ud800"}',
}


def hostile_text(run: RunFolder, name: str) -> bytes:
    if name in TEXTS:
        return TEXTS[name]
    sound = json.loads(run.status_path.read_text(encoding="utf-8"))
    return json.dumps({**sound, **HOSTILE[name]}).encode()


@pytest.mark.parametrize("name", [*HOSTILE, *TEXTS])
def test_what_a_status_says_is_not_believed_and_hides_no_other_run(
    make_run: MakeRun, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    sound, bad = make_run("sound"), make_run("bad")
    bad.status_path.write_bytes(hostile_text(bad, name))
    touched: list[int] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: touched.append(pid))
    assert sorted(run.id for run in list_runs(workspace)) == ["bad", "sound"]
    status = bad.status()
    assert status.state == "failed" and "status.json" in status.message and len(status.message) < 1000
    assert {row.id: row.state for row in run_rows(workspace)} == {"bad": "failed", "sound": "queued"}
    assert runs_ahead(workspace, sound) == [] and recover(workspace) == []
    with pytest.raises(RunError, match=r"status\.json"):
        join_queue(bad)
    stop(bad)
    delete(bad)
    assert not touched and list_runs(workspace) == [sound]
    assert sorted(path.name for path in workspace.root.parent.iterdir()) == ["workspace"]


@pytest.mark.parametrize(
    "name", ["status.json", "recipe.json", "metrics.jsonl", "report-val.json", "predictions-val.csv"]
)
def test_a_file_of_a_gigabyte_is_not_read(make_run: MakeRun, workspace: Workspace, name: str) -> None:
    run = make_run()
    with (run.path / name).open("ab") as file:
        file.truncate(10**9)
    began = time.monotonic()
    [row] = run_rows(workspace)
    if name == "status.json":
        assert row.state == "failed" and "1,000.0 MB" in row.message
    read = {"recipe.json": run.recipe, "report-val.json": lambda: run.report("val")}
    read["predictions-val.csv"] = lambda: run.predictions("val")
    if name in read:
        with pytest.raises(RunError, match="MB"):
            read[name]()
    assert len(run.epochs()) == 0
    assert time.monotonic() - began < 10


def test_a_status_that_is_no_file_is_a_sentence(make_run: MakeRun, workspace: Workspace) -> None:
    make_run("sound")
    folder, pipe = make_run("folder"), make_run("pipe")
    folder.status_path.unlink()
    folder.status_path.mkdir()
    pipe.status_path.unlink()
    pipe.status_path.symlink_to("/dev/zero")
    assert "not a file" in folder.status().message and "not a file" in pipe.status().message
    assert len(list_runs(workspace)) == 3


def test_texts_that_are_too_long_are_cut_when_they_are_written(make_run: MakeRun) -> None:
    run = make_run()
    run.write_status(title="t" * 1000, message="m" * 100_000, phase="p" * 1000, images_per_second=math.inf)
    status = run.status()
    assert (len(status.title), len(status.message), status.message[-1]) == (500, 10_000, "…")
    assert status.images_per_second is None


def test_a_status_of_the_first_version_can_be_read(make_run: MakeRun) -> None:
    run = make_run()
    values = json.loads(run.status_path.read_text(encoding="utf-8"))
    for name in ("note", "process_identity", "lost_state"):
        del values[name]
    run.status_path.write_text(json.dumps(values), encoding="utf-8")
    assert run.status().state == "queued" and run.status().note == ""


def test_on_a_full_disk_the_status_is_written_over_the_old_one(
    make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run()

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    assert run.status().state == "queued"
    for state, message in (("failed", "The disk is full."), ("failed", "m" * 3000), ("stopped", "")):
        run.write_status(state=state, message=message)
        assert (run.status().state, run.status().message) == (state, message)
    assert not run.status_path.with_name("status.json.part").exists()


def test_a_status_that_cannot_be_written_is_a_sentence(make_run: MakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run()

    def read_only(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "write_text", read_only)
    with pytest.raises(StorageError, match="read-only, so the status of the run one could not be saved"):
        run.write_status(epoch=1)


@pytest.mark.parametrize("state", ["finished", "stopped", "failed"])
def test_a_run_that_has_ended_stays_so_without_its_process(make_run: MakeRun, state: str) -> None:
    run = make_run()
    run.write_status(state=state, pid=2**22 - 1, process_started=1.0)
    assert run.status().state == state


def test_writers_at_the_same_time_lose_nothing(make_run: MakeRun) -> None:
    run = make_run()

    def write(field: str) -> None:
        for value in range(1, 41):
            run.write_status(**{field: value})

    threads = [threading.Thread(target=write, args=(field,)) for field in ("epoch", "batch", "batches", "seconds_left")]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert run.status().state == "queued"  # never half a file
    status = run.status()
    assert (status.epoch, status.batch, status.batches, status.seconds_left) == (40, 40, 40, 40.0)


def test_a_deleted_run_does_not_come_back_by_a_late_write(make_run: MakeRun) -> None:
    run = make_run()
    for path in sorted(run.path.iterdir()):
        path.unlink()
    run.path.rmdir()
    with pytest.raises(RunError, match="deleted"):
        run.write_status(epoch=1)
    assert not run.path.exists()
