"""Vectors of a view together with the maps of one stage, kept in the same pass for a training that follows."""

from collections.abc import Mapping, Sequence

import numpy as np

from core.features.half_maps import TooLargeForHalf, as_half
from core.features.maps import Maps
from core.features.stage_vectors import StageVectors
from core.features.vectors import Vectors


class VectorsWithMaps:
    """For `compute` in place of the vectors: photos that lack them are computed, and their maps are kept beside them.

    Maps alone are never computed: the training that needs those that are missing does that itself. If maps cannot be
    kept, because the disk is full or their values are too large for half precision, the vectors still are.
    """

    def __init__(self, vectors: Vectors | StageVectors, maps: Maps, stage: str) -> None:
        self.outputs: tuple[str, ...] = (*vectors.outputs, stage)
        self._vectors, self._maps, self._stage = vectors, maps, stage
        self._keeps_maps = True

    def missing(self, hashes: Sequence[str]) -> list[str]:
        """Return the hashes that lack a vector, each once, in the given order."""
        return self._vectors.missing(hashes)

    def row(self, values: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        """Return an image's outputs as they are stored, with maps in half precision, which take half the memory."""
        others = {name: one for name, one in values.items() if name != self._stage}
        if not self._keeps_maps:
            return others
        try:
            return {**others, self._stage: as_half(values[self._stage])}
        except TooLargeForHalf:
            self._keeps_maps = False
            return others

    def add_outputs(self, hashes: Sequence[str], values: Sequence[Mapping[str, np.ndarray]]) -> None:
        """Store what `row` returned of each image."""
        self._vectors.add_outputs(hashes, values)
        lacking = set(self._maps.missing(hashes))
        rows = {
            name: one[self._stage]
            for name, one in zip(hashes, values, strict=True)
            if name in lacking and self._stage in one
        }
        if not rows or not self._keeps_maps:
            return
        try:
            self._maps.add(list(rows), list(rows.values()))
        except OSError:
            self._keeps_maps = False
