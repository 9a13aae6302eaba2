"""Whether this machine may have an accelerator that torch can use, by its drivers' files. Does not import torch.

Torch knows for certain, but importing it takes seconds and hundreds of megabytes.
"""

import os
import platform
import re
from importlib.util import find_spec
from pathlib import Path

_DEVICES = ("nvidia[0-9]*", "nvidiactl", "dxg", "kfd", "accel[0-9]*")
"""Files of the drivers of NVIDIA, of Linux inside Windows, of AMD, and of other accelerators."""


def may_have_accelerator(root: Path = Path("/"), system: str | None = None) -> bool:
    """Return False only if torch surely computes on the processor. ``root`` is the folder that holds ``dev``.

    ``system`` is what ``platform.system()`` returns on that machine.
    """
    system = system or platform.system()
    if system == "Darwin":
        return platform.machine() == "arm64"
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return False
    if _built_for_intel():
        return True
    if system == "Windows":
        return (Path(os.environ.get("SYSTEMROOT", "C:/Windows")) / "System32" / "nvcuda.dll").exists()
    return system != "Linux" or any(any((root / "dev").glob(pattern)) for pattern in _DEVICES)


def _built_for_intel() -> bool:
    """Return whether the installed torch is a build for Intel's graphics cards, by the file of its version."""
    found = find_spec("torch")
    if found is None or found.origin is None:
        return False
    try:
        text = (Path(found.origin).parent / "version.py").read_text(encoding="utf-8")
    except OSError:
        return False
    return re.search(r"^xpu\b[^=]*= *['\"]", text, re.MULTILINE) is not None
