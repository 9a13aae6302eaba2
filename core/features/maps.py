"""Stored feature maps of images at one stage of a network, float16, by content hash. Does not import torch.

They are in ``cache/maps/<network>/<precision>/<view>/<stage>/`` as chunks of up to 64 MB, each written whole under a
unique name and never changed, so any number of processes may read and add at the same time. A chunk is an ``.npy`` file
of one record: the hashes of its images, then their maps, [h, w, C] each, the order in memory of channels_last. Maps are
read from their places, and not memory-mapped: mapped, all that a training has read would count as its memory. All files
may be deleted at any time; core.cache_use keeps those in use.
"""

import logging
import threading
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from core.errors import DataError
from core.workspace import Workspace

CHUNK_BYTES = 2**26
_HASH = "S64"
_KNOWN_CHUNKS = 4096
log = logging.getLogger(__name__)

Place = tuple[Path, int]


def maps_name(vectors: str, stage: str) -> str:
    """Return the name of the maps at a stage, from that of the vectors of the same view."""
    return f"{vectors}/{stage}"


class Maps:
    """The stored maps of one view at one stage; ``name`` is ``<network>/<precision>/<view>/<stage>``."""

    def __init__(self, workspace: Workspace, name: str) -> None:
        self.name = name
        self.folder = workspace.cache / "maps" / name
        self._lock = threading.Lock()
        self._files: set[str] = set()
        self._places: dict[str, Place] = {}

    def places(self, hashes: Sequence[str]) -> dict[str, Place]:
        """Return where each of these images has its map, for `read`; those without one are left out."""
        with self._lock:
            self._update_index()
            return {one: self._places[one] for one in hashes if one in self._places}

    def missing(self, hashes: Sequence[str]) -> list[str]:
        """Return the hashes that have no map yet, each once, in the given order."""
        known = self.places(hashes)
        return [one for one in dict.fromkeys(hashes) if one not in known]

    def add(self, hashes: Sequence[str], maps: Sequence[np.ndarray]) -> None:
        """Store maps, float16 [h, w, C] each (core.features.half_maps); every process finds them once this returns.

        Raises OSError.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{uuid.uuid4().hex}.npy"
        part = path.with_suffix(".part")
        record = np.dtype([("hashes", _HASH, (len(hashes),)), ("maps", "<f2", (len(maps), *maps[0].shape))])
        try:
            with part.open("wb") as file:
                # Written piece by piece: the chunk is not held a second time in memory.
                header = {"descr": npy.dtype_to_descr(record), "fortran_order": False, "shape": (1,)}
                npy.write_array_header_2_0(file, header)
                file.write(np.array([one.encode() for one in hashes], _HASH).tobytes())
                for one in maps:
                    file.write(np.ascontiguousarray(one, "<f2").data)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    def _update_index(self) -> None:
        """Update the index from the chunks added or deleted since the last call."""
        names = {path.name for path in self.folder.glob("*.npy")}
        if self._files - names:  # some were deleted
            self._files.clear()
            self._places.clear()
        for name in sorted(names - self._files):
            path = self.folder / name
            try:
                hashes = _chunk(path).hashes
            except FileNotFoundError:
                continue
            except (OSError, EOFError, ValueError, IndexError) as error:
                log.warning("%s is damaged (%s); its maps will be computed again", path, error)
                path.unlink(missing_ok=True)
                continue
            self._files.add(name)
            self._places.update((one.decode(), (path, row)) for row, one in enumerate(hashes))


def read(places: Sequence[Place]) -> np.ndarray:
    """Return the maps at these places, float16 [N, h, w, C], contiguous. Raises DataError if a chunk is gone."""
    in_chunk: defaultdict[Path, list[tuple[int, int]]] = defaultdict(list)
    for number, (path, row) in enumerate(places):
        in_chunk[path].append((number, row))
    path = places[0][0] if places else Path()
    try:
        found = np.empty((len(places), *_chunk(path).shape), np.float16)
        for path, rows in in_chunk.items():
            _read_rows(path, rows, found)
    except (OSError, EOFError, ValueError, IndexError) as error:
        raise DataError(
            f"{path} was deleted or damaged while its maps were in use ({error}). Resume the run to compute them again."
        ) from error
    return found


def _read_rows(path: Path, rows: Sequence[tuple[int, int]], found: np.ndarray) -> None:
    """Read rows of a chunk into the places of ``found``, float16 [N, h, w, C]."""
    chunk = _chunk(path)
    if chunk.shape != found.shape[1:]:
        raise ValueError("it has another form")
    size = 2 * prod(chunk.shape)
    with path.open("rb") as file:
        for number, row in rows:
            file.seek(chunk.start + row * size)
            if row >= len(chunk.hashes) or file.readinto(found[number].reshape(-1).view(np.uint8).data) != size:
                raise EOFError("it ends too early")


@dataclass(frozen=True)
class _Chunk:
    """What a chunk holds, and where."""

    hashes: tuple[bytes, ...]
    shape: tuple[int, ...]
    """Of a map, [h, w, C]."""
    start: int
    """Where the first map begins in the file."""


def _chunk(path: Path) -> _Chunk:
    """Return what a chunk's header and hashes say.

    Raises OSError, EOFError, ValueError or IndexError if it is damaged or gone.
    """
    return _chunk_of_size(path, path.stat().st_size)


@lru_cache(maxsize=_KNOWN_CHUNKS)
def _chunk_of_size(path: Path, size: int) -> _Chunk:
    """``size`` is the file's: it has another one after it was cut."""
    mapped = np.load(path, mmap_mode="r", allow_pickle=False)  # for this moment: numpy checks form and length
    hashes, maps = mapped[0]["hashes"], mapped[0]["maps"]
    if len(hashes) != len(maps) or maps.ndim != 4 or maps.dtype != np.float16:
        raise ValueError("it has another form")
    return _Chunk(tuple(hashes.tolist()), maps.shape[1:], mapped.offset + mapped.dtype.fields["maps"][1])
