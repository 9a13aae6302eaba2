"""Fits the suggestion models of a class in a process of their own.

A fit is some hundred short steps of NumPy. Beside the pages of a class each of them waits for Python's lock, so that a
fit of 20 ms took half a second, and the fits of thirty pupils queued up.

    python -m core.inspection.suggesting.fit_process

It reads jobs from its standard input and writes results to its standard output: one line of JSON that names the arrays,
then their bytes. It ends when its input ends, that is when the server ends, in whatever way.
"""

import contextlib
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Mapping
from functools import cache
from typing import IO, Any

import numpy as np

from core.background_process import start_python
from core.inspection.suggesting.fitting import FitJob, Fitted, fit_here, fitted
from core.inspection.suggesting.probe import Probe

_MOST_BYTES = 2**30
log = logging.getLogger(__name__)


class FitProcess:
    """A process that fits; started at the first fit, and again after it has ended. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def __call__(self, job: FitJob) -> Fitted:
        """Fit there; in this process if that fails. Raises what a fit raises."""
        try:
            with self._lock:
                answer = self._answer(job)
        except (OSError, ValueError, EOFError):
            log.exception("The process that fits suggestions has failed")
            self.end()
            return fit_here(job)
        if "error" in answer:
            raise ValueError(answer["error"])
        probe = Probe(answer["weights"], answer["bias"]) if "weights" in answer else None
        return Fitted(probe, answer.get("probabilities"), answer.get("unlike"))

    @property
    def pid(self) -> int | None:
        """The number of the process while it runs."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def end(self) -> None:
        """End the process; the next fit starts another one."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    stream.close()  # type: ignore[union-attr]

    def _answer(self, job: FitJob) -> dict[str, Any]:
        if self.pid is None:
            self._process = start_python(
                ["-m", "core.inspection.suggesting.fit_process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=None,
                environment={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
            )
        process = self._process
        assert process is not None and process.stdin is not None and process.stdout is not None
        arrays = {"places": job.places, "labels": job.labels}
        if job.start is not None:
            arrays |= {"weights": job.start.weights, "bias": job.start.bias}
        _write(process.stdin, {"classes": job.classes, "begun": job.begun, "unlike": job.unlike}, arrays)
        return _read(process.stdout)


@cache
def shared_fit_process() -> FitProcess:
    """Return the process of this server."""
    return FitProcess()


def _write(stream: IO[bytes], values: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    named = [[name, array.dtype.str, array.shape] for name, array in arrays.items()]
    stream.write(json.dumps({"values": values, "arrays": named}).encode("ascii") + b"\n")
    for array in arrays.values():
        stream.write(np.ascontiguousarray(array).tobytes())
    stream.flush()


def _read(stream: IO[bytes]) -> dict[str, Any]:
    """Return the values and arrays of a message. Raises EOFError at the end, ValueError if it is none."""
    line = stream.readline()
    if not line:
        raise EOFError("The other end was closed.")
    head = json.loads(line)
    found: dict[str, Any] = dict(head["values"])
    for name, kind, shape in head["arrays"]:
        size = int(np.prod(shape)) * np.dtype(kind).itemsize
        if size > _MOST_BYTES:
            raise ValueError(f"An array of {size} bytes is too large.")
        content = stream.read(size)
        if len(content) < size:
            raise EOFError("The other end was closed.")
        found[name] = np.frombuffer(content, kind).reshape(shape)
    return found


def main() -> None:
    """Run the process."""
    source, target = sys.stdin.buffer, sys.stdout.buffer
    while True:
        try:
            asked = _read(source)
        except EOFError:
            return
        start = Probe(asked["weights"], asked["bias"]) if "weights" in asked else None
        job = FitJob(asked["places"], asked["labels"], asked["classes"], asked["begun"], asked["unlike"], start)
        try:
            found = fitted(job)
        except ValueError as error:
            _write(target, {"error": str(error)}, {})
            continue
        arrays = {"probabilities": found.probabilities, "unlike": found.unlike}
        if found.probe is not None:
            arrays |= {"weights": found.probe.weights, "bias": found.probe.bias}
        _write(target, {}, {name: array for name, array in arrays.items() if array is not None})


if __name__ == "__main__":
    main()
