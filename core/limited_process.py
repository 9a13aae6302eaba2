"""Read an untrusted file in a process of its own, within limits on memory and on time without progress.

A library written in C may crash, use all memory or hang on a damaged file; here that ends only the other process. The
file is its standard input, and what it makes of the file its standard output.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import BinaryIO, NoReturn

from core.background_process import start_python

PATIENCE_SECONDS = 30.0
"""How long the other process may write nothing before it is ended."""

_POLL_SECONDS = 0.5
_REFUSED = 2
_UNSTARTED = 1  # Python's exit status after an exception
# One thread, because each needs its own memory and the process has little.
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


class FileRefused(Exception):
    """The other process found that the file cannot be used; the message is its whole sentence."""


class FileUnreadable(Exception):
    """The other process crashed or stopped making progress; the message is half a sentence."""


def read_limited(
    arguments: Sequence[str], source: BinaryIO, target: BinaryIO, patience_seconds: float = PATIENCE_SECONDS
) -> None:
    """Run Python with `arguments` on the file `source`, and collect what it writes in `target`, rewound.

    Raises FileRefused and FileUnreadable for the file, and RuntimeError for a bug in the other process.
    """
    with tempfile.TemporaryFile() as errors:
        process = start_python(
            ["-X", "utf8", *arguments], stdin=source, stdout=target, stderr=errors, environment=_ONE_THREAD
        )
        finished = _wait(process, target, patience_seconds)
        errors.seek(0)
        message = errors.read().decode("utf-8", "replace").strip()
    if process.returncode == _REFUSED:
        raise FileRefused(json.loads(message.splitlines()[-1]))
    if process.returncode == _UNSTARTED and finished:
        raise RuntimeError(f"{' '.join(arguments)} failed:\n{message}")
    if process.returncode:
        raise FileUnreadable("the library that reads it crashed" if finished else "it cannot be read to its end")
    target.seek(0)


def _wait(process: subprocess.Popen[bytes], target: BinaryIO, patience_seconds: float) -> bool:
    """Wait as long as the output grows, else kill the process; return whether it finished."""
    size, since, pause = 0, time.monotonic(), 0.01
    try:
        while True:
            try:
                process.wait(pause)
                return True
            except subprocess.TimeoutExpired:
                pause = min(2 * pause, _POLL_SECONDS)
                grown = os.fstat(target.fileno()).st_size
                if grown > size:
                    size, since = grown, time.monotonic()
                elif time.monotonic() - since > patience_seconds:
                    return False
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def run_limited(work: Callable[[BinaryIO, BinaryIO], None], memory_bytes: int) -> None:
    """In the other process: limit its memory, then call ``work(source, target)`` with its two streams."""
    limit_memory(memory_bytes)
    with _streams() as (source, target):
        work(source, target)


def refuse(sentence: str) -> NoReturn:
    """In the other process: end it, with the reason why the file cannot be used."""
    sys.stderr.write(json.dumps(sentence) + "\n")
    sys.exit(_REFUSED)


@contextmanager
def _streams() -> Iterator[tuple[BinaryIO, BinaryIO]]:
    # Python's buffered standard streams would each keep their own position.
    with os.fdopen(os.dup(0), "rb") as source, os.fdopen(os.dup(1), "wb") as target:
        yield source, target


def limit_memory(memory_bytes: int) -> None:
    """Limit the address space of this process, where the system can."""
    try:
        import resource
    except ImportError:  # Windows
        return
    with suppress(ValueError, OSError):  # macOS does not support this limit
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
