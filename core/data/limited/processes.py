"""Processes that wait for untrusted files, within limits on memory and time; kept warm for the next one.

A decoder written in C that crashes on a file, hangs, or takes all memory ends its process; the file is refused with a
sentence, and the server goes on. The processes end with this one, and when nobody has needed them for some minutes.
"""

import json
import subprocess
import threading
import time
from collections import deque
from contextlib import suppress
from typing import Any, BinaryIO, ClassVar, cast

from core.background_process import start_python
from core.data.limited import large_turn
from core.data.limited.large_turn import LargeTurn
from core.data.limited.process import raise_again
from core.data.pictures.decoding_limits import MAX_FILE_BYTES, MAX_PIXELS
from core.errors import ImageRefused

PATIENCE_SECONDS = 120.0
"""How long one file may take; the decoder's own limit, 20 seconds of processor time, comes long before."""
IDLE_SECONDS = 300.0
"""How long a process waits for the next file."""
MOST = 4
"""Processes at once; more files wait."""

_MOST_LETTERS = 2**20
_MOST_BYTES = max(3 * MAX_PIXELS, MAX_FILE_BYTES) + 2**20
_WATCH_SECONDS = 0.5
_GO_ON = b"\n"
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
_PROGRAM = ("-X", "utf8", "-m", "core.data.limited.process")


class _Died(Exception):
    """The process ended before it answered, or was ended because it took too long."""

    def __init__(self, late: bool) -> None:
        super().__init__()
        self.late = late


class LimitedProcesses:
    """Processes that wait for files: one for each thread that has one, started when it is needed."""

    def __init__(
        self, patience_seconds: float = PATIENCE_SECONDS, idle_seconds: float = IDLE_SECONDS, most: int = MOST
    ) -> None:
        self._patience, self._idle_seconds = patience_seconds, idle_seconds
        self._idle: deque[_Process] = deque()
        self._lock = threading.Lock()
        self._free = threading.BoundedSemaphore(most)
        self._warming = threading.Lock()

    def answer(self, task: str, raw: bytes, name: str, **arguments: Any) -> tuple[dict[str, Any], bytes]:
        """Return what a task of core.data.limited.process makes of a file, and the bytes that belong to it.

        Raises what the task raises: ImageRefused for a file that cannot be used, also if it ends the process; and
        OSError if no process can be started.
        """
        try:
            with self._free:
                answer, data = self._asked(raw, {"task": task, "name": name, **arguments})
        except _Died as died:
            reason = "decoding it takes too long" if died.late else "it crashes the library that decodes it"
            raise ImageRefused(name, f"{reason}; save it in another program and add it again") from died
        raise_again(answer, name)
        return answer, data

    def warm(self) -> None:
        """Start a process in the background, unless one waits: somebody is about to send a file."""
        if not self.pids() and not self._warming.locked():
            threading.Thread(target=self._warm, name="limited-warm", daemon=True).start()

    def _warm(self) -> None:
        with self._warming, suppress(OSError):
            if not self.pids():
                self._give_back(_Process())

    def _asked(self, raw: bytes, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        """Return the answer to a file; a second process is asked if the first one dies, perhaps for another reason."""
        for last in (False, True):
            process = self._take()
            try:
                with LargeTurn() as turn:
                    answer = process.ask(raw, request, turn, self._patience)
            except _Died as died:
                process.end()
                if last or died.late:
                    raise
            except BaseException:
                process.end()
                raise
            else:
                self._give_back(process)
                return answer
        raise AssertionError("unreachable")

    def pids(self) -> list[int]:
        """Return the processes that wait."""
        with self._lock:
            return [one.pid for one in self._idle]

    def _take(self) -> "_Process":
        with self._lock:
            while self._idle:
                process = self._idle.pop()
                process.needed()
                if process.alive:
                    return process
        return _Process()

    def _give_back(self, process: "_Process") -> None:
        with self._lock:
            self._idle.append(process)
        process.unneeded_after(self._idle_seconds, self._forget)

    def _forget(self, process: "_Process") -> None:
        with self._lock:
            if process not in self._idle:
                return  # taken again at this moment
            self._idle.remove(process)
        process.end()


class _Process:
    """One process and its two pipes; when this process ends, it reads the end of its input and ends too."""

    def __init__(self) -> None:
        self._process = start_python(
            _PROGRAM,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            environment=_ONE_THREAD,
        )
        self._to, self._from = cast(BinaryIO, self._process.stdin), cast(BinaryIO, self._process.stdout)
        self._timer: threading.Timer | None = None

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(
        self, raw: bytes, request: dict[str, Any], turn: LargeTurn, patience: float
    ) -> tuple[dict[str, Any], bytes]:
        """Return the answer and its bytes. Raises _Died."""
        large = large_turn.LARGE_PIXELS  # smaller ones need not wait for their turn
        head = {**request, "bytes": len(raw), "large": large}
        answer, data = self._exchange(patience, json.dumps(head).encode("ascii") + b"\n", raw)
        if "pixels" in answer:
            turn.wait(int(answer["pixels"]))  # takes as long as the large photos before it
            answer, data = self._exchange(patience, _GO_ON)
        return answer, data

    def _exchange(self, patience: float, *parts: bytes) -> tuple[dict[str, Any], bytes]:
        late = threading.Event()
        with _Limit(self._process, patience, late):
            try:
                for part in parts:
                    self._to.write(part)
                self._to.flush()
                answer = json.loads(self._from.readline(_MOST_LETTERS))  # ValueError at its end
                if not 0 <= answer["bytes"] <= _MOST_BYTES:
                    raise ValueError("no answer of ours")
                data = self._from.read(answer["bytes"])
            except (OSError, ValueError) as error:
                raise _Died(late.is_set()) from error
        if len(data) != answer["bytes"]:
            raise _Died(late.is_set())
        return answer, data

    def needed(self) -> None:
        """Keep it: it has been taken."""
        if self._timer is not None:
            self._timer.cancel()

    def unneeded_after(self, seconds: float, forget: Any) -> None:
        """Call ``forget`` with this process unless it is needed before."""
        self._timer = threading.Timer(seconds, forget, (self,))
        self._timer.daemon = True
        self._timer.start()

    def end(self) -> None:
        """End it, whatever it does."""
        self.needed()
        self._process.kill()
        for stream in (self._to, self._from):
            with suppress(OSError):  # what was not sent any more
                stream.close()
        self._process.wait()


class _Limit:
    """Kill a process that takes longer than allowed, and say so; one thread watches all of them."""

    _watched: ClassVar[set["_Limit"]] = set()
    _lock: ClassVar[threading.Lock] = threading.Lock()
    _watching: ClassVar[bool] = False

    def __init__(self, process: "subprocess.Popen[bytes]", seconds: float, late: threading.Event) -> None:
        self._process, self._late, self._until = process, late, time.monotonic() + seconds

    def __enter__(self) -> None:
        with self._lock:
            self._watched.add(self)
            if not _Limit._watching:
                _Limit._watching = True
                threading.Thread(target=_Limit._watch, name="file-limits", daemon=True).start()

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._watched.discard(self)

    @classmethod
    def _watch(cls) -> None:
        while True:
            time.sleep(_WATCH_SECONDS)
            with cls._lock:
                for one in cls._watched:
                    if time.monotonic() > one._until:
                        one._late.set()
                        one._process.kill()


PROCESSES = LimitedProcesses()
"""Those of this process, shared by all who upload."""
