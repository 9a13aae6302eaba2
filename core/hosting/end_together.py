"""Ends the programs of a class's server when the server itself is killed: a process beside it that watches a pipe.

Nobody can write into the pipe after the server has died, however it died, so that the watcher reads its end. A signal
at the parent's death (PR_SET_PDEATHSIG) would not reach a Caddy that has the right to open port 443.

    python -m core.hosting.end_together
"""

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import IO

import psutil

from core.background_process import start_python

END_SECONDS = 20.0
"""How long a program may take to end by itself."""
_DONE = "done"


@contextlib.contextmanager
def ended_together() -> Iterator[Callable[["subprocess.Popen[bytes]"], None]]:
    """Yield a function that takes a process which must not outlive this one. Raises OSError.

    Leave the block when they have ended.
    """
    watcher = start_python(
        ["-m", "core.hosting.end_together"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=None
    )
    assert watcher.stdin is not None
    to = watcher.stdin

    def say(line: str) -> None:
        with contextlib.suppress(OSError):  # the watcher was killed: the server goes on without it
            to.write(f"{line}\n".encode("ascii"))
            to.flush()

    def watch(process: "subprocess.Popen[bytes]") -> None:
        with contextlib.suppress(psutil.Error):  # it has ended already
            say(f"{process.pid} {psutil.Process(process.pid).create_time()!r}")

    try:
        yield watch
    finally:
        say(_DONE)
        with contextlib.suppress(OSError):
            to.close()
        watcher.wait()


def main(lines: IO[str]) -> None:
    """Read the processes until the end; end them unless the last line says that they have ended."""
    processes = []
    for line in lines:
        if line.strip() == _DONE:
            return
        pid, started = line.split()
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(int(pid))
            if process.create_time() == float(started):
                processes.append(process)
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, left = psutil.wait_procs(processes, timeout=END_SECONDS)
    for process in left:
        with contextlib.suppress(psutil.Error):
            process.kill()


if __name__ == "__main__":
    main(sys.stdin)
