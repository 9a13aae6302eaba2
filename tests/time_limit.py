"""Runs a command and ends it, with all processes it started, after a time limit.

    python -m tests.time_limit SECONDS COMMAND...

pytest-timeout cannot end a test that hangs inside C code, and pytest-xdist waits for a worker that never answers.
"""

import os
import subprocess
import sys
from contextlib import suppress

import psutil

TIMED_OUT = 124  # as the command ``timeout`` of the GNU core utilities


def run(seconds: float, command: list[str]) -> int:
    """The exit status of the command, or TIMED_OUT where it took longer than that; raises nothing for a failure."""
    process = subprocess.Popen(command)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        sys.stderr.write(f"\nStopped after {seconds:,.0f} seconds, the limit of this part: {' '.join(command)}\n")
        return TIMED_OUT
    finally:
        if process.poll() is None:
            _end(process.pid)
            process.wait()


def _end(pid: int) -> None:
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        for one in [*parent.children(recursive=True), parent]:
            with suppress(psutil.NoSuchProcess):
                one.kill()


if __name__ == "__main__":
    # Buffered lines of the command come out before the sentence about its end.
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    sys.exit(run(float(sys.argv[1]), sys.argv[2:]))
