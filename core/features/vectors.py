"""Stored feature vectors of images under one network, by content hash. Does not import torch.

They are in ``cache/vectors/<network>/<engine>/<view>/`` as files of a few dozen rows (hash, vector), each written whole
under a unique name and never changed. Any number of processes may read and add at the same time; a vector that is
computed twice is stored twice, which does no harm. Files are memory-mapped, so vectors take no memory of the server's
own. All files may be deleted at any time.
"""

import logging
import threading
import uuid
from collections.abc import Mapping, Sequence

import numpy as np

from core.cache_use import mark_used
from core.features.frozen_network import FrozenNetwork
from core.features.preferred_engine import EXACT, HashesOf, preferred_engine
from core.features.views import ORIGINAL
from core.models.zoo import POOLED
from core.workspace import Workspace

# Rows per file: few, so that little is lost if the machine stops, and many enough that ten thousand images need only
# some hundred files.
SAVE_EVERY = 64
_HASH = "S64"
log = logging.getLogger(__name__)


def vectors_name(network: FrozenNetwork, engine: str, view: str = ORIGINAL) -> str:
    """Return the name of the vectors that an engine computes of a view with a network."""
    return f"{network.name}/{engine}/{view}"


def default_vectors(workspace: Workspace, photos: HashesOf | None = None) -> str | None:
    """Return the name of the vectors that suggestions are made from; None if the weights are not downloaded yet.

    They are those of the original view under the pretrained ResNet-50, as a run with the usual recipe uses them.
    ``photos`` gives the hashes of the project's photos: 8 bits are only for those that have passed their test.
    """
    network = FrozenNetwork.of_imagenet()
    return None if network is None else vectors_name(network, preferred_engine(workspace, network, photos) or EXACT)


class Vectors:
    """The stored vectors of one view under one network; may be shared by threads. ``name`` is from `vectors_name`."""

    outputs: tuple[str, ...] = (POOLED,)

    def __init__(self, workspace: Workspace, name: str) -> None:
        self.name = name
        self.folder = workspace.cache / "vectors" / name
        self._lock = threading.Lock()
        self._files: dict[str, np.ndarray] = {}
        self._places: dict[bytes, tuple[str, int]] = {}

    def count(self) -> int:
        """Return how many images have a vector."""
        with self._lock:
            self._update_index()
            return len(self._places)

    def known(self, hashes: Sequence[str]) -> tuple[list[str], np.ndarray]:
        """Return the hashes that have a vector, in the given order, and their vectors, float32 [n, C]."""
        with self._lock:
            self._update_index()
            found = [one for one in hashes if one.encode() in self._places]
            if not found:
                return [], np.empty((0, 0), np.float32)
            mark_used(self.folder)
            places = [self._places[one.encode()] for one in found]
            width = self._files[places[0][0]]["vector"].shape[1]
            vectors = np.empty((len(found), width), np.float32)
            rows_of: dict[str, list[int]] = {}
            for row, (name, _) in enumerate(places):
                rows_of.setdefault(name, []).append(row)
            for name, rows in rows_of.items():
                vectors[rows] = self._files[name]["vector"][[places[row][1] for row in rows]]
        return found, vectors

    def missing(self, hashes: Sequence[str]) -> list[str]:
        """Return the hashes that have no vector yet, each once, in the given order."""
        with self._lock:
            self._update_index()
            return [one for one in dict.fromkeys(hashes) if one.encode() not in self._places]

    def row(self, values: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        """Return what is held of an image's outputs until it is stored: all of them."""
        return values

    def add_outputs(self, hashes: Sequence[str], values: Sequence[Mapping[str, np.ndarray]]) -> None:
        """Store what an engine computed of each image."""
        self.add(hashes, np.stack([one[POOLED] for one in values]))

    def add(self, hashes: Sequence[str], vectors: np.ndarray) -> None:
        """Store vectors; they are available to every process once this returns."""
        rows = np.empty(len(hashes), [("hash", _HASH), ("vector", "<f4", (vectors.shape[1],))])
        rows["hash"] = [one.encode() for one in hashes]
        rows["vector"] = vectors
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{uuid.uuid4().hex}.npy"
        part = path.with_suffix(".part")
        try:
            with part.open("wb") as file:
                np.save(file, rows, allow_pickle=False)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    def _update_index(self) -> None:
        """Update the index from the files added or deleted since the last call."""
        names = {path.name for path in self.folder.glob("*.npy")}
        if self._files.keys() - names:  # the cache was emptied
            self._files.clear()
            self._places.clear()
        for name in sorted(names - self._files.keys()):
            path = self.folder / name
            try:
                rows = np.load(path, mmap_mode="r", allow_pickle=False)
                hashes = rows["hash"].tolist()
                rows["vector"].shape[1]
            except FileNotFoundError:
                continue
            except (OSError, EOFError, ValueError, IndexError) as error:
                log.warning("%s is damaged (%s); its vectors will be computed again", path, error)
                path.unlink(missing_ok=True)
                continue
            self._files[name] = rows
            self._places.update((one, (name, row)) for row, one in enumerate(hashes))
