"""Which line a run waits in: runs that would share a device wait in the same one."""

import os
import platform
import re
from pathlib import Path

# What a driver puts there. Torch would know for certain, but a waiting run should not hold its hundreds of megabytes.
_ACCELERATOR_NODES = ("nvidia[0-9]*", "dxg", "kfd", "accel[0-9]*")


def queue_for(device: str) -> str:
    """The line for a recipe's device: cpu, accelerator (the first one), or the name of a further one like cuda:1.

    For ``auto`` it is a guess from the machine's device files. A wrong guess costs speed only: two trainings may
    then share the processor.
    """
    if device == "cpu" or (device == "auto" and not _accelerator_here()):
        return "cpu"
    return device if re.fullmatch(r"\w+:[1-9]\d*", device) else "accelerator"


def _accelerator_here() -> bool:
    if platform.system() == "Darwin":
        return platform.machine() == "arm64"
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return False
    return any(any(Path("/dev").glob(pattern)) for pattern in _ACCELERATOR_NODES)
