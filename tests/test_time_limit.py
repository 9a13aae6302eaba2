"""No test run hangs, and a worker that crashes ends the run at once with the name of its test."""

import subprocess
import sys
import time
from pathlib import Path

import psutil

from core.workspace import REPOSITORY
from tests.time_limit import TIMED_OUT

LIMIT = [sys.executable, "-m", "tests.time_limit"]


def test_a_command_that_hangs_is_ended_with_the_processes_that_it_started(tmp_path: Path) -> None:
    note = tmp_path / "child"
    child = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(100)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    began = time.monotonic()
    done = subprocess.run([*LIMIT, "4", sys.executable, "-c", parent], cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == TIMED_OUT and time.monotonic() - began < 30
    assert "Stopped after 4 seconds" in done.stderr
    child_id = int(note.read_text())
    # Where nobody waits for an orphan it stays in the process table, dead.
    assert not psutil.pid_exists(child_id) or psutil.Process(child_id).status() == psutil.STATUS_ZOMBIE


def test_a_command_that_ends_keeps_its_status() -> None:
    for status in (0, 3):
        command = [*LIMIT, "60", sys.executable, "-c", f"raise SystemExit({status})"]
        assert subprocess.run(command, cwd=REPOSITORY).returncode == status


def test_a_crashed_worker_ends_the_run_with_the_name_of_its_test(tmp_path: Path) -> None:
    (tmp_path / "test_crash.py").write_text(
        "import os, time\n\ndef test_that_crashes():\n    os.abort()\n\n"
        + "".join(f"def test_{number}():\n    time.sleep(5)\n\n" for number in range(20))
    )
    options = ["-n", "2", "--dist", "loadfile", "--max-worker-restart", "0", "-p", "no:cacheprovider"]
    assert "--max-worker-restart 0" in (REPOSITORY / "Makefile").read_text()
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(tmp_path)], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode != 0 and time.monotonic() - began < 45
    assert "crashed while running" in done.stdout and "test_that_crashes" in done.stdout
