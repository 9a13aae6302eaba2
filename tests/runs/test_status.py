import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from core.errors import RunError
from core.runs.folder import RunFolder
from core.runs.status import now, process_lives, process_start, read_status

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
    run.write_status(state=state, pid=sleeper.pid, process_started=process_start(sleeper.pid), epoch=2, started=now())
    assert run.status().state == state
    sleeper.kill()
    # It is a zombie until this process waits for it: dead all the same.
    time.sleep(0.2)
    status = run.status()
    assert status.state == "interrupted"
    assert "epoch 2" in status.message and "Resume" in status.message
    assert status.ended is not None
    assert read_status(run.path / "status.json") == status


def test_another_process_with_the_same_number_is_not_taken_for_the_run(make_run: MakeRun) -> None:
    run = make_run()
    old = now() - timedelta(minutes=5)
    run.write_status(state="running", pid=os.getpid(), process_started=time.time() - 86400, heartbeat=old)
    assert run.status().state == "interrupted"


def test_a_clock_that_was_set_anew_interrupts_no_run(make_run: MakeRun) -> None:
    run = make_run()
    status = run.write_status(state="running", process_started=time.time() - 86400, heartbeat=now())
    assert process_lives(status)


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
