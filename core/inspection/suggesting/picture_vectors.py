"""Vectors of single pictures, computed at once: of photos that were just taken, and of what a camera sees now.

They are computed as the background process computes the vectors of a project, with the same engine and of the same
view, so suggestions learn from both together.
"""

import threading
from collections.abc import Sequence

import numpy as np
from PIL import Image

from core.data.pictures.network_input.preprocessing import Preprocessing
from core.data.pictures.resized_cache import ResizedCache
from core.data.pictures.source import Source
from core.features.engines.choice import engine_called
from core.features.engines.engine import Engine
from core.features.frozen_network import FrozenNetwork
from core.features.preferred_engine import EXACT, HashesOf, preferred_engine
from core.features.vectors import vectors_name
from core.inspection.suggesting.vector_job import vectors_of
from core.models.zoo import POOLED, STAGE_VECTORS
from core.workspace import Workspace


class PictureVectors:
    """The pretrained network for pictures of any project; may be shared by threads, which wait for each other."""

    def __init__(self, workspace: Workspace, name: str, engine: Engine, preprocessing: Preprocessing) -> None:
        self.name = name
        self._vectors = vectors_of(workspace, name)
        self._engine = engine
        self._preprocessing = preprocessing
        self._resized = ResizedCache(workspace.cache / "resized", preprocessing)
        self._lock = threading.Lock()

    def of(self, picture: Image.Image) -> np.ndarray:
        """Return the vector of an upright RGB picture, float32 [1, C]; nothing is stored."""
        return self._run([np.asarray(self._preprocessing.view(picture))])

    def keep(self, sources: Sequence[Source]) -> None:
        """Compute and store the vectors of those photos that have none. Raises ImageRefused, OSError."""
        missing = set(self._vectors.missing([one.hash for one in sources]))
        wanted = [one for one in {one.hash: one for one in sources}.values() if one.hash in missing]
        if wanted:
            found = self._run([self._resized.view(one) for one in wanted])
            self._vectors.add([one.hash for one in wanted], found)

    def _run(self, views: Sequence[np.ndarray]) -> np.ndarray:
        with self._lock:
            return self._engine.run(np.stack(views), (POOLED,))[POOLED]


def picture_vectors(workspace: Workspace, photos: HashesOf = tuple) -> PictureVectors | None:
    """Return what computes the vectors that suggestions are made from; None while the weights are not downloaded.

    ``photos`` gives the hashes of the project's photos, as for `default_vectors`. None also where this machine has no
    engine like the one that the project's other vectors are from.
    """
    network = FrozenNetwork.of_imagenet()
    if network is None:
        return None
    name = preferred_engine(workspace, network, photos) or EXACT
    engine = engine_called(workspace, network, name, STAGE_VECTORS)
    if engine is None:
        return None
    return PictureVectors(workspace, vectors_name(network, name), engine, Preprocessing(**network.settings))
