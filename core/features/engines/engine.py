"""What all engines share: a frozen network as arrays, and what can be computed of it. Does not import torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from core.errors import ModelError
from core.features.frozen_network import FrozenNetwork
from core.models.zoo import POOLED, STAGES, ResNetConfig, config_of

OUTPUTS = (POOLED, f"{POOLED}-layer2", f"{POOLED}-layer3", *STAGES)
"""The means of the last maps or of an earlier stage's, for heads on several stages; and the maps of each stage."""
BATCH = 16
"""Views computed at once; larger batches are not faster on processors, and need more memory."""

FP32, BF16, FP16 = "fp32", "bf16", "fp16"


class Engine(Protocol):
    """Computes a frozen network. Not for several threads at once."""

    @property
    def name(self) -> str:
        """How exactly it computes: fp32, bf16, fp16 or int8-<calibration>. Features of different names never mix."""

    def run(self, pixels: np.ndarray, outputs: Sequence[str] = (POOLED,)) -> dict[str, np.ndarray]:
        """Return outputs of views, uint8 [N, S, S, 3]: float32 [N, C] or, for a stage's maps, [N, C, h, w]."""


class PreparedEngine(Engine, Protocol):
    """An engine of this folder, made for some outputs."""

    @property
    def runtime(self) -> str:
        """The library that computes: torch or onnxruntime."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """The outputs that it was made for."""


def check_outputs(engine: PreparedEngine, wanted: Sequence[str]) -> None:
    """Raise ModelError if an engine was not made for these outputs."""
    if unknown := [name for name in wanted if name not in engine.outputs]:
        raise ModelError(f"This engine computes {', '.join(engine.outputs)}, but not {', '.join(unknown)}.")


@dataclass(frozen=True)
class NetworkArrays:
    """A frozen network's layers, weights and normalisation; enough for every engine."""

    config: ResNetConfig
    state: Mapping[str, np.ndarray]
    """Arrays with the names of core.models.resnet; those of a classifier are ignored."""
    mean: tuple[float, ...]
    std: tuple[float, ...]
    size: int
    """The side of the views, in pixels."""


def arrays_of(network: FrozenNetwork) -> NetworkArrays:
    """Return a network's arrays, from the disk. Raises the errors of ``FrozenNetwork.load_arrays``."""
    (arch, state), seen = network.load_arrays(), network.settings
    return NetworkArrays(config_of(arch), state, tuple(seen["mean"]), tuple(seen["std"]), int(seen["size"]))
