"""This machine's speed, measured once by a short training step and kept in ``cache/speed.json`` of its server.

All people of a server have one measurement: thirty at the same time would slow each other down, and measure that.
Does not import torch: `core.runs.estimates.measurement` measures, in a process of its own.
"""

import json
import math
import subprocess
import threading
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock

from core.background_process import lock_is_held, start_python
from core.file_replacement import replace_patiently
from core.processors import available_processors, processor_name
from core.workspace import Workspace

_FILE = "speed.json"
_started: dict[Path, "subprocess.Popen[bytes]"] = {}
_starting = threading.Lock()


@dataclass(frozen=True)
class MachineSpeed:
    """How fast this machine is when nothing else runs, in billions of multiply-adds of forward passes per second."""

    exact: float
    """Forward in fp32, in which reports are made."""
    forward: float
    """Forward in the precision in which trainings compute unless another is chosen."""
    step: float
    """A training step of all layers, in that precision."""
    device: str
    """The device that trainings use unless another is chosen: cpu, cuda, ..."""

    @property
    def step_passes(self) -> float:
        """What a training step of all layers costs, in forward passes."""
        return self.forward / self.step


def machine_key() -> str:
    """Return what a measurement holds for: the processor, how many of them, and the version of torch."""
    return f"{processor_name()} x{available_processors()} torch {_torch_version()}"


def remembered(workspace: Workspace) -> MachineSpeed | None:
    """Return the measured speed of this machine; None if it was not measured yet, or if the file is damaged."""
    path = _folder(workspace) / _FILE
    try:
        stat = path.stat()
        found = _read(path, stat.st_mtime_ns, stat.st_size)[machine_key()]
        exact, forward, step = (float(found[name]) for name in ("exact", "forward", "step"))
        speed = MachineSpeed(exact, forward, step, str(found["device"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return speed if all(math.isfinite(rate) and rate > 0 for rate in (exact, forward, step)) else None


def remember(workspace: Workspace, speed: MachineSpeed) -> None:
    """Keep the speed of this machine. Raises OSError."""
    path = _folder(workspace) / _FILE
    try:
        known = json.loads(path.read_bytes())
    except (OSError, ValueError):
        known = {}
    kept = known if isinstance(known, dict) else {}
    part = path.with_name(f".speed-{uuid.uuid4().hex}.part")
    try:
        part.write_text(json.dumps({**kept, machine_key(): asdict(speed)}, indent=2), encoding="utf-8")
        replace_patiently(part, path)
    finally:
        part.unlink(missing_ok=True)


def begin_measuring(workspace: Workspace) -> bool:
    """Start measuring in the background unless the speed is known; return whether a measurement is running.

    One is started once for each server as long as this process lives, so that a failure does not repeat itself.
    """
    if remembered(workspace) is not None:
        return False
    server = workspace.server
    with _starting:
        if server not in _started:
            with suppress(OSError), (_folder(workspace) / "speed.log").open("ab") as log:
                _started[server] = start_python(["-m", "core.runs.estimates.measurement", str(server)], stdout=log)
    process = _started.get(server)
    return (process is not None and process.poll() is None) or lock_is_held(measuring_lock(workspace))


def measuring_lock(workspace: Workspace) -> FileLock:
    """Return the lock that a measuring process holds."""
    return FileLock(_folder(workspace) / "speed.lock")


def _folder(workspace: Workspace) -> Path:
    """Return the cache of the whole server; it exists wherever its app has been opened."""
    return Workspace(workspace.server).cache


@lru_cache(maxsize=4)
def _read(path: Path, changed: int, size: int) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(path.read_bytes())
    return found


@lru_cache(maxsize=1)
def _torch_version() -> str:
    return version("torch")
