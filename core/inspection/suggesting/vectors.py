"""Cached feature vectors of images under one network, by content hash. Imports torch only to compute new ones.

They are stored in ``cache/vectors/<network>/`` as files of a few dozen rows (hash, vector), each written whole under a
unique name and never changed. Any number of processes may read and add at the same time; a vector that is computed
twice is stored twice, which does no harm. Files are memory-mapped, so vectors take no memory of the server's own.
All files may be deleted at any time.
"""

import logging
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.data.pictures.source import Source
from core.models.weights_table import available
from core.training.events import Progress
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.inspection.predicting.predictor import Predictor

# Rows per file: few, so that little is lost if the machine stops, and many enough that ten thousand images need only
# some hundred files.
SAVE_EVERY = 64
_HASH = "S64"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Refused:
    """An image without a vector, and the reason."""

    name: str
    reason: str


def default_network(workspace: Workspace) -> str | None:
    """Return the name of the network for vectors, made from its weights; None if they are not downloaded yet.

    It is the network that ``Predictor.load("imagenet")`` gives.
    """
    entry = available()
    return None if entry is None else f"{entry.key}-{(entry.sha256 or entry.md5)[:8]}"


class Vectors:
    """The stored vectors of a network; may be shared by threads. ``network`` identifies the weights."""

    def __init__(self, workspace: Workspace, network: str) -> None:
        self.network = network
        self.folder = workspace.cache / "vectors" / network
        self._lock = threading.Lock()
        self._files: dict[str, np.ndarray] = {}
        self._places: dict[bytes, tuple[str, int]] = {}

    def known(self, hashes: Sequence[str]) -> tuple[list[str], np.ndarray]:
        """Return the hashes that have a vector, in the given order, and their vectors, float32 [n, C]."""
        with self._lock:
            self._update_index()
            found = [one for one in hashes if one.encode() in self._places]
            if not found:
                return [], np.empty((0, 0), np.float32)
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
            except (OSError, ValueError, IndexError) as error:
                log.warning("%s is damaged (%s); its vectors will be computed again", path, error)
                path.unlink(missing_ok=True)
                continue
            self._files[name] = rows
            self._places.update((one, (name, row)) for row, one in enumerate(hashes))


def compute(
    vectors: Vectors,
    wanted: Sequence[Source],
    predictor: "Predictor | Callable[[], Predictor]",
    refused: Callable[[Refused], None] | None = None,
) -> Iterator[Progress]:
    """Compute and store the missing vectors, in the given order; yields how many of all are stored.

    ``predictor`` holds the network that ``vectors`` are named after; a function is called only if vectors are missing.
    An unreadable image is reported to ``refused`` and skipped. Vectors stored before an interruption are kept.
    """
    missing = set(vectors.missing([one.hash for one in wanted]))
    todo = list({one.hash: one for one in wanted if one.hash in missing}.values())
    total = len({one.hash for one in wanted})
    done = total - len(todo)
    yield Progress("computing features", done, total)
    if not todo:
        return
    from core.inspection.predicting.features import file_features

    network = predictor() if callable(predictor) else predictor
    hashes: list[str] = []
    rows: list[np.ndarray] = []
    answers = file_features(network, ((one.name, one.path) for one in todo), fast=True)
    try:
        for one, answer in zip(todo, answers, strict=True):
            if answer.features is not None:
                hashes.append(one.hash)
                rows.append(answer.features)
            elif refused is not None:
                refused(Refused(one.name, answer.refused or ""))
            if len(rows) == SAVE_EVERY:
                done += len(rows)
                _store(vectors, hashes, rows)
                yield Progress("computing features", done, total)
    finally:
        done += len(rows)
        _store(vectors, hashes, rows)
    yield Progress("computing features", done, total)


def _store(vectors: Vectors, hashes: list[str], rows: list[np.ndarray]) -> None:
    if rows:
        vectors.add(hashes, np.stack(rows))
    hashes.clear()
    rows.clear()
