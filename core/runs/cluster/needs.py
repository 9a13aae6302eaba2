"""What a training asks of a machine of the cluster: processors, and a GPU where there are any."""

import os
from collections.abc import Mapping, Sequence

from core.errors import RunError

SETTING = "RESNET_STUDIO_RAY_CPUS"
_USUAL_CPUS = 4.0
"""A training on a GPU keeps about so many processors busy with its photos."""


def needs(device: str, nodes: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return Ray's ``num_cpus`` and ``num_gpus`` for a recipe's device; ``nodes`` are the resources of each machine.

    Processors are never more than the largest machine has, which would wait for ever. Raises RunError if the recipe
    asks for an accelerator and no machine has a GPU, or if RESNET_STUDIO_RAY_CPUS is no number.
    """
    gpus = max((node.get("GPU", 0.0) for node in nodes), default=0.0)
    if device not in ("auto", "cpu") and not gpus:
        raise RunError(f"waiting: the recipe asks for {device}, and no machine of the cluster has a GPU now")
    with_gpu = device != "cpu" and gpus > 0
    fitting = [node.get("CPU", 0.0) for node in nodes if not with_gpu or node.get("GPU", 0.0) > 0]
    wanted = {"num_cpus": min(_cpus(), max(fitting, default=0.0))}
    return {**wanted, "num_gpus": 1.0} if with_gpu else wanted


def _cpus() -> float:
    text = os.environ.get(SETTING, "").strip()
    if not text:
        return _USUAL_CPUS
    if not text.isdecimal() or not 0 < int(text) < 10_000:
        raise RunError(f"{SETTING} is {text[:40]!r}. Set it to how many processors a training may use, such as 4")
    return float(text)
