"""The name of the queue that a run waits in: runs on the same device share a queue. See ``queue`` for the waiting."""

import os
import platform
import re
from pathlib import Path

# Device files of drivers. Torch would know for certain, but it takes hundreds of megabytes while a run waits.
_ACCELERATOR_NODES = ("nvidia[0-9]*", "dxg", "kfd", "accel[0-9]*")


def queue_name(device: str) -> str:
    """Return the queue for a recipe's device: cpu, accelerator (the first one), or a later one's name such as cuda:1.

    For ``auto`` this is a guess from the machine's device files. A wrong guess only costs speed, since two trainings
    may then share the processor.
    """
    if device == "cpu" or (device == "auto" and not _has_accelerator()):
        return "cpu"
    return device if re.fullmatch(r"\w+:[1-9]\d*", device) else "accelerator"


def _has_accelerator() -> bool:
    if platform.system() == "Darwin":
        return platform.machine() == "arm64"
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return False
    return any(any(Path("/dev").glob(pattern)) for pattern in _ACCELERATOR_NODES)
