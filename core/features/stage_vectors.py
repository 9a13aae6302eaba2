"""Stored vectors of several stages of a network, for heads that take more than the last one. Does not import torch.

The last stage's are those of ``core.features.vectors``; the others lie in a folder beside them, named after the stage.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from core.features.vectors import Vectors
from core.models.zoo import POOLED, STAGE_VECTORS, stage_of
from core.workspace import Workspace


class StageVectors:
    """The vectors of one view at several stages; for `compute` in place of ``Vectors``. ``name`` is as there."""

    outputs: tuple[str, ...] = STAGE_VECTORS

    def __init__(self, workspace: Workspace, name: str) -> None:
        self.name = name
        self.stores = {
            output: Vectors(workspace, name if output == POOLED else f"{name}/{stage_of(output)}")
            for output in self.outputs
        }

    def missing(self, hashes: Sequence[str]) -> list[str]:
        """Return the hashes that lack the vector of a stage, each once, in the given order."""
        lacking = {name for store in self.stores.values() for name in store.missing(hashes)}
        return [one for one in dict.fromkeys(hashes) if one in lacking]

    def row(self, values: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        """Return what is held of an image's outputs until it is stored: all of them."""
        return values

    def add_outputs(self, hashes: Sequence[str], values: Sequence[Mapping[str, np.ndarray]]) -> None:
        """Store what an engine computed of each image; a vector that is there already is not stored again."""
        for output, store in self.stores.items():
            lacking = set(store.missing(hashes))
            rows = {name: one[output] for name, one in zip(hashes, values, strict=True) if name in lacking}
            if rows:
                store.add(list(rows), np.stack(list(rows.values())))
