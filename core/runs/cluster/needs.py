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
    asks for an accelerator and no machine has a GPU, if no machine but the server is there, which has no processors for
    trainings, or if RESNET_STUDIO_RAY_CPUS is no number.
    """
    gpus = max((node.get("GPU", 0.0) for node in nodes), default=0.0)
    if device not in ("auto", "cpu") and not gpus:
        raise RunError(f"waiting: the recipe asks for {device}, and no machine of the cluster has a GPU now")
    with_gpu = device != "cpu" and gpus > 0
    fitting = [node.get("CPU", 0.0) for node in nodes if not with_gpu or node.get("GPU", 0.0) > 0]
    largest = max(fitting, default=0.0)
    if not largest:
        raise RunError("waiting: no machine of the cluster has processors for this now")
    wanted = {"num_cpus": min(_cpus(), largest)}
    return {**wanted, "num_gpus": 1.0} if with_gpu else wanted


def room(wanted: Mapping[str, float], nodes: Sequence[Mapping[str, float]]) -> int:
    """Return how many processes with these needs the machines hold together when nothing else runs there."""
    names = {"num_cpus": "CPU", "num_gpus": "GPU"}
    return sum(
        int(min(node.get(names[need], 0.0) // amount for need, amount in wanted.items() if amount)) for node in nodes
    )


def _cpus() -> float:
    text = os.environ.get(SETTING, "").strip()
    if not text:
        return _USUAL_CPUS
    if not text.isdecimal() or not 0 < int(text) < 10_000:
        raise RunError(f"{SETTING} is {text[:40]!r}. Set it to how many processors a training may use, such as 4")
    return float(text)
