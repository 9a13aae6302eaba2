"""How many processors this process may use: not all of the machine's, in a container or under a batch system."""

import math
import os
import re
from collections.abc import Iterator
from pathlib import Path


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


def limit_threads() -> None:
    """Let torch use no more threads than there are processors for this process; never more than it uses now.

    It counts the processors of the affinity, but no quota: with a quota of 2 of 64, the system would stop all 64
    threads for most of the time.
    """
    import torch  # here, so that waiting processes stay small

    if torch.get_num_threads() > available_processors():
        torch.set_num_threads(available_processors())


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
