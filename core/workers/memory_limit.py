"""A limit on the memory of this process, for worker processes: it ends with a sentence instead of filling the machine.

The limit on address space (RLIMIT_AS) is of no use here: torch and CUDA reserve far more than they use. So a thread
watches the memory that is really used. RLIMIT_DATA, somewhat higher, refuses single huge allocations at once.
"""

import os
import re
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

MEMORY_VARIABLE = "RESNET_STUDIO_WORKER_MEMORY"
"""The environment variable with the limit in MB."""

LEAST_BYTES = 2_000_000_000
_WATCH_SECONDS = 0.1
# Above the limit, since reserved memory that is not used counts here: a worker with torch at work on two processors
# reserves about a gigabyte more than it uses.
_RESERVED_FACTOR = 1.5
_RESERVED_BYTES = 4_000_000_000


def memory_limit(root: Path = Path("/")) -> int:
    """Return how many bytes a worker may use: as many as the variable says, else half of what is free, at least 2 GB.

    ``root`` is the folder that holds ``sys``, for the limit of a container.
    """
    chosen = os.environ.get(MEMORY_VARIABLE, "")
    if re.fullmatch(r"[1-9]\d{0,8}", chosen):
        return int(chosen) * 1_000_000
    import psutil  # Accelerate requires it

    free = psutil.virtual_memory().available
    with suppress(OSError, ValueError):  # no control groups, or no limit ("max")
        group = root / "sys/fs/cgroup"
        most, used = (int((group / name).read_text()) for name in ("memory.max", "memory.current"))
        free = min(free, most - used)
    return max(LEAST_BYTES, int(free / 2))


def memory_sentence(limit_bytes: int) -> str:
    """Return what to tell a person whose computation reached the limit."""
    return (
        f"The computation needed more than {limit_bytes / 1e9:.1f} GB of memory and was stopped. Try it with fewer or "
        f"smaller photos. The setting {MEMORY_VARIABLE} (in MB) allows more."
    )


def limit_memory(limit_bytes: int, exceeded: Callable[[], None]) -> None:
    """Limit this process's memory; beyond the limit, ``exceeded`` is called in a thread and the process ends."""
    _limit_reserved(limit_bytes)

    def watch() -> None:
        while used_bytes() <= limit_bytes:
            time.sleep(_WATCH_SECONDS)
        try:
            exceeded()
        finally:
            os._exit(1)

    threading.Thread(target=watch, name="memory", daemon=True).start()


def used_bytes() -> int:
    """Return the memory that this process uses."""
    if sys.platform.startswith("linux"):
        _, resident, shared = Path("/proc/self/statm").read_text(encoding="ascii").split()[:3]
        return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")
    import psutil

    return int(psutil.Process().memory_info().rss)


def lacks_memory(error: BaseException) -> bool:
    """Return whether an exception means that an allocation was refused."""
    text = str(error)
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and ("can't allocate memory" in text or "not enough memory" in text)
    )


def _limit_reserved(limit_bytes: int) -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    if Path("/dev/nvidiactl").exists():  # the driver maps memory of its own
        return
    most = int(limit_bytes * _RESERVED_FACTOR) + _RESERVED_BYTES
    with suppress(ValueError, OSError):  # some systems do not have this limit
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
