"""Prepare the photos of an import in processes of their own, within limits on memory and time.

Strangers upload these photos. A decoder written in C that crashes on one, hangs, or takes all memory ends its process;
the photo is refused with a sentence, and the import and the server go on. The processes stay for the next import, and
end with this one.
"""

import json
import subprocess
import threading
import time
from collections import deque
from contextlib import suppress
from typing import Any, BinaryIO, ClassVar, cast

from core.background_process import start_python
from core.data.importing.photo_files import decode_ahead
from core.data.importing.photo_files.decode_ahead import LargeTurn
from core.data.importing.photo_files.preparing_process import raise_again
from core.data.store.add_images import PreparedImage
from core.errors import ImageRefused
from core.workspace import Workspace

PATIENCE_SECONDS = 120.0
"""How long one photo may take; the decoder's own limit, 20 seconds of processor time, comes long before."""
IDLE_SECONDS = 300.0
"""How long a process waits for the next photo."""

_FIELDS = ("hash", "filename", "suffix", "width", "height", "phash", "remarks")
_WATCH_SECONDS = 0.5
_GO_ON = b"\n"
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
_PROGRAM = ("-X", "utf8", "-m", "core.data.importing.photo_files.preparing_process")


class _Died(Exception):
    """The process ended before it answered, or was ended because it took too long."""

    def __init__(self, late: bool) -> None:
        super().__init__()
        self.late = late


class PreparingProcesses:
    """Processes that wait for photos: one for each thread that has one, started when it is needed."""

    def __init__(self, patience_seconds: float = PATIENCE_SECONDS, idle_seconds: float = IDLE_SECONDS) -> None:
        self._patience, self._idle_seconds = patience_seconds, idle_seconds
        self._idle: deque[_Process] = deque()
        self._lock = threading.Lock()

    def prepare(self, workspace: Workspace, raw: bytes, name: str) -> PreparedImage:
        """Decode a photo and write its files, as ``decode`` and ``prepare_image`` do in this process.

        Raises ImageRefused for a photo that cannot be used, also if it ends the process, StorageError or DataError
        where a file cannot be written, OSError if no process can be started.
        """
        try:
            answer, data = self._asked(workspace, raw, name)
        except _Died as died:
            reason = "decoding it takes too long" if died.late else "it crashes the library that decodes it"
            raise ImageRefused(name, f"{reason}; save it in another program and add it again") from died
        raise_again(answer, name)
        about = {field: answer[field] for field in _FIELDS}
        return PreparedImage(**{**about, "remarks": tuple(about["remarks"])}, data=raw if answer["unchanged"] else data)

    def _asked(self, workspace: Workspace, raw: bytes, name: str) -> tuple[dict[str, Any], bytes]:
        """Return the answer to a photo; a second process is asked if the first one dies, perhaps for another reason."""
        for last in (False, True):
            process = self._take()
            try:
                with LargeTurn() as turn:
                    answer = process.ask(workspace, raw, name, turn, self._patience)
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
        self, workspace: Workspace, raw: bytes, name: str, turn: LargeTurn, patience: float
    ) -> tuple[dict[str, Any], bytes]:
        """Return the answer and its file. Raises _Died."""
        large = decode_ahead.LARGE_PIXELS  # smaller ones need not wait for their turn
        head = {"bytes": len(raw), "name": name, "workspace": str(workspace.root), "large": large}
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
                answer = json.loads(self._from.readline())  # ValueError at its end
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
                threading.Thread(target=_Limit._watch, name="photo-limits", daemon=True).start()

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


PROCESSES = PreparingProcesses()
"""Those of this process, shared by all imports."""
