"""Pooled vectors of pictures under one network, kept by content hash. Free of torch until some are computed.

They lie in ``cache/vectors/<network>/`` as files of a few dozen rows (hash, vector), written whole under a name of
their own and never changed: any number of processes may read and add at once, and what two of them compute twice is
there twice and does no harm. Files are mapped, not read, so that a project's vectors cost the server no memory of its
own. All of it may be deleted at any time.
"""

import logging
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.models.weights_table import available
from core.training.events import Progress
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.inspection.predicting.predictor import Predictor

# Rows a file: few enough that little is lost when the machine goes off, many enough that ten thousand pictures are some
# hundred files.
KEPT_AT_ONCE = 64
_HASH = "S64"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Refused:
    """A picture that has no vector, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Wanted:
    """A picture whose vector is asked for: its content hash, its file, and the user's name for it."""

    hash: str
    path: Path
    name: str


def default_network(workspace: Workspace) -> str | None:
    """The network that vectors are made with, named by its weights; None where they have not been fetched yet.

    It is the one that ``Predictor.load("imagenet")`` gives.
    """
    entry = available()
    return None if entry is None else f"{entry.key}-{(entry.sha256 or entry.md5)[:8]}"


class Vectors:
    """The vectors that are there; threads may share it. ``network`` is an identity of the weights."""

    def __init__(self, workspace: Workspace, network: str) -> None:
        self.network = network
        self.folder = workspace.cache / "vectors" / network
        self._lock = threading.Lock()
        self._files: dict[str, np.ndarray] = {}
        self._places: dict[bytes, tuple[str, int]] = {}

    def known(self, hashes: Sequence[str]) -> tuple[list[str], np.ndarray]:
        """Those of the hashes that have a vector, in the order asked for, and their vectors, float32 [n, C]."""
        with self._lock:
            self._look()
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
        """Those of the hashes that have no vector yet, each once, in the order asked for."""
        with self._lock:
            self._look()
            return [one for one in dict.fromkeys(hashes) if one.encode() not in self._places]

    def add(self, hashes: Sequence[str], vectors: np.ndarray) -> None:
        """Keep some more; they are there for every process once this returns."""
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

    def _look(self) -> None:
        """Take note of the files that came or went since."""
        names = {path.name for path in self.folder.glob("*.npy")}
        if self._files.keys() - names:  # somebody emptied the cache
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
                log.warning("%s is damaged (%s); its vectors are computed again", path, error)
                path.unlink(missing_ok=True)
                continue
            self._files[name] = rows
            self._places.update((one, (name, row)) for row, one in enumerate(hashes))


def compute(
    vectors: Vectors,
    wanted: Sequence[Wanted],
    predictor: "Predictor | Callable[[], Predictor]",
    refused: Callable[[Refused], None] | None = None,
) -> Iterator[Progress]:
    """Compute and keep the vectors that are missing, in the order asked for; yields how many of all are there.

    ``predictor`` holds the network that ``vectors`` are named after; given as a function it is made only where
    something is missing. A picture that cannot be read is told to ``refused``, and the others go on. What was kept
    before an interruption stays.
    """
    missing = set(vectors.missing([one.hash for one in wanted]))
    todo = list({one.hash: one for one in wanted if one.hash in missing}.values())
    total = len({one.hash for one in wanted})
    done = total - len(todo)
    yield Progress("looking at the photos", done, total)
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
            if len(rows) == KEPT_AT_ONCE:
                done += len(rows)
                _keep(vectors, hashes, rows)
                yield Progress("looking at the photos", done, total)
    finally:
        done += len(rows)
        _keep(vectors, hashes, rows)
    yield Progress("looking at the photos", done, total)


def _keep(vectors: Vectors, hashes: list[str], rows: list[np.ndarray]) -> None:
    if rows:
        vectors.add(hashes, np.stack(rows))
    hashes.clear()
    rows.clear()
