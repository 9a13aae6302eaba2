"""How many processors this process may use: not all of the machine's, in a container or under a batch system."""

import hashlib
import math
import os
import platform
import re
import threading
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

_PROBE_SECONDS, _KEPT_SECONDS, _BLOCK_BYTES = 0.12, 10.0, 2**18
_measuring = threading.Lock()


def available_processors(root: Path = Path("/")) -> int:
    """Return how many processors this process may keep busy, at least one.

    The processors it may run on, limited by the quota of its Linux control groups (Docker's ``--cpus``, Kubernetes'
    limits). ``root`` is the folder that holds ``proc`` and ``sys``. https://docs.kernel.org/admin-guide/cgroup-v2.html
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    # A quota of one and a half processors keeps two busy for most of the time.
    return max(1, min([allowed, *(math.ceil(quota) for quota in _quotas(root))]))


def slowdown() -> float:
    """Return how many times longer work on all available processors takes now, because others keep them busy too."""
    try:
        busy = os.getloadavg()[0]
    except (AttributeError, OSError):  # Windows has no such figure
        return 1.0
    # Everybody who wants to compute gets a share of the machine.
    return max(1.0, (busy + available_processors()) / (os.cpu_count() or 1))


def present_slowdown(without: float = 0.0) -> float:
    """Return `slowdown` as it is measured in this moment, in a tenth of a second; the figure is kept for some seconds.

    The system's load figure is the mean of a minute, and does not say what share of a processor a new process gets: on
    two processors with fourteen busy processes it said 8, and work took 4 times longer.

    ``without`` is how many of the busy processes do not count, such as those of a training that will have ended.
    """
    with _measuring:  # threads that measure at the same time slow each other down
        measured = _measured_slowdown(int(time.monotonic() / _KEPT_SECONDS))
    if hasattr(os, "getloadavg"):  # one tenth of a second may be an unlucky one
        measured = min(measured, slowdown())
    return max(1.0, measured - without / (os.cpu_count() or 1))


@lru_cache(maxsize=1)
def _measured_slowdown(moment: int) -> float:
    """Return how long a thread takes for a computation, relative to its own processor time."""
    block = bytes(_BLOCK_BYTES)
    began, spent = time.perf_counter(), time.thread_time()
    while time.perf_counter() - began < _PROBE_SECONDS:
        hashlib.sha256(block).digest()  # lets other threads of this process run
    computed = time.thread_time() - spent
    return (time.perf_counter() - began) / computed if computed > 0 else 1.0


class ProcessorShare:
    """Which share of the available processors this process got since the last look; for work that uses them all."""

    def __init__(self) -> None:
        self._seen = time.monotonic(), time.process_time()

    def slowdown(self) -> float:
        """Return how many times longer the work took because others kept the processors busy too, at least 1."""
        (began, spent), self._seen = self._seen, (time.monotonic(), time.process_time())
        computed = (self._seen[1] - spent) / available_processors()
        return max(1.0, (self._seen[0] - began) / computed) if computed > 0 else 1.0


def limit_threads() -> None:
    """Let torch use no more threads than there are processors for this process; never more than it uses now.

    It counts the processors of the affinity, but no quota: with a quota of 2 of 64, the system would stop all 64
    threads for most of the time.
    """
    import torch  # here, so that waiting processes stay small

    if torch.get_num_threads() > available_processors():
        torch.set_num_threads(available_processors())


def cpu_has_bfloat16() -> bool:
    """Return whether the processor multiplies bfloat16 in hardware; emulated, it is slower than fp32."""
    import torch

    capabilities = torch.cpu.get_capabilities()
    native = capabilities.get("avx512_bf16", False) or capabilities.get("amx_bf16", False)
    return bool(native and torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported())


def processor_name(root: Path = Path("/")) -> str:
    """Return the processor's model, such as "AMD EPYC 7763 64-Core Processor", or its architecture if unknown."""
    lines = _processor_lines(root, "model name")
    return lines[0] if lines else platform.processor() or platform.machine()


def has_bfloat16_units(root: Path = Path("/")) -> bool:
    """Return what `cpu_has_bfloat16` does, of the processor alone and without loading torch. Unknown is False."""
    return bool(_flags(root) & {"avx512_bf16", "amx_bf16"})


def has_bfloat16_tiles(root: Path = Path("/")) -> bool:
    """Return whether it has AMX, with which bfloat16 is several times as fast as fp32. Unknown is False."""
    return "amx_bf16" in _flags(root)


def computes_with_avx2_at_best(root: Path = Path("/")) -> bool:
    """Return whether it is an Intel or AMD processor with AVX2 and without AVX-512 and bfloat16. Unknown is False."""
    flags = _flags(root)
    return "avx2" in flags and not any(flag.startswith(("avx512", "amx")) for flag in flags)


def has_int8_dot_products(root: Path = Path("/")) -> bool:
    """Return whether the processor sums products of 8-bit numbers without overflow: VNNI, or an ARM processor.

    Without, AVX2 adds pairs of products in 16 bits, which are cut off if weights use all 8 bits. Unknown is False.
    """
    if platform.machine().lower() in ("arm64", "aarch64"):
        return True
    return bool(_flags(root) & {"avx512_vnni", "avx_vnni"})


def _flags(root: Path) -> set[str]:
    return {flag for line in _processor_lines(root, "flags")[:1] for flag in line.split()}


def _processor_lines(root: Path, key: str) -> list[str]:
    """Return the values of a key in Linux's description of the processors."""
    try:
        lines = (root / "proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # not Linux
        return []
    pairs = (line.partition(":") for line in lines)
    return [value.strip() for name, _, value in pairs if name.strip() == key]


def _quotas(root: Path) -> Iterator[float]:
    """Yield the quota, in processors, of each control group that this process is in."""
    for folder in _groups(root):
        try:
            if (limit := folder / "cpu.max").is_file():
                quota, period = limit.read_text(encoding="ascii").split()[:2]
            else:
                quota, period = (
                    (folder / f"cpu.cfs_{name}_us").read_text(encoding="ascii") for name in ("quota", "period")
                )
            if re.fullmatch(r"\s*[1-9]\d{0,15}\s*", quota):  # otherwise "max" or -1: there is no quota
                yield int(quota) / int(period)
        except (OSError, ValueError, ZeroDivisionError):  # no such controller here
            continue


def _groups(root: Path) -> Iterator[Path]:
    """Yield the folders of this process's control group and of all groups above it, in version 2 and version 1."""
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # not Linux
        return
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        names = controllers.split(",")
        if controllers and "cpu" not in names:
            continue
        mount = root / "sys/fs/cgroup" / controllers
        inside = Path(path.lstrip("/"))
        # Inside a container the path may be the host's: then only the mount itself exists.
        yield from dict.fromkeys([mount / inside, *(mount / above for above in inside.parents), mount])
