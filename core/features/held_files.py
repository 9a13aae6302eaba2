"""What the caches of a workspace hold: bytes of each kind, and every file with the time of its last use.

The kinds are feature maps, resized photos, prepared engines and feature vectors; and what earlier versions left, which
nothing reads any more. Links are never followed, and files that we do not write are not counted.
"""

import json
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from core.cache_use import is_in_use, last_used
from core.data.pictures.decoding import DECODER
from core.file_replacement import replace_patiently
from core.workspace import Workspace

Kind = Literal["outdated", "maps", "resized", "engines", "vectors"]
KINDS: tuple[Kind, ...] = ("outdated", "maps", "resized", "vectors", "engines")
"""In the order in which they are cleaned away: what is large and quickly made again comes first. Vectors of a prepared
engine can only be extended by the same engine, so engines are the last."""

_FOLDERS: dict[str, Kind] = {"maps": "maps", "resized": "resized", "engines": "engines", "vectors": "vectors"}
_HALF_WRITTEN = ".part"
_SUFFIXES = (".npy", ".npz", ".bin", ".onnx", ".data", ".safetensors", _HALF_WRITTEN)
_LEFTOVER_SECONDS = 3600.0
_SIZES = "sizes.json"
# A folder may change again within one tick of the file system's clock.
_SETTLED_NANOSECONDS = 2 * 10**9
_ENGINE_LEVEL = 2
"""Vectors lie in <network>/<engine>/<view>; earlier versions kept theirs in <network>."""


@dataclass(frozen=True)
class HeldFile:
    """A file of a cache."""

    path: Path
    kind: Kind
    bytes: int
    used: float
    """Seconds since 1970."""


def held_bytes(workspace: Workspace) -> dict[Kind, int]:
    """Return how many bytes the caches hold of each kind; folders that have not changed are not looked through again.

    Folders that cannot be read count as empty.
    """
    known = _read_sizes(workspace)
    found: dict[str, Any] = {}
    total: dict[Kind, int] = dict.fromkeys(KINDS, 0)
    for top, kind in _FOLDERS.items():
        for folder, own in _sizes(workspace.cache / top, known, found):
            total[_kind_of(workspace, folder, kind)] += own
    if found != known:
        _write_sizes(workspace, found)
    return total


def held_files(workspace: Workspace) -> Iterator[HeldFile]:
    """Yield every file of the caches that no process is using now."""
    for top, kind in _FOLDERS.items():
        for folder, files in _walk(workspace.cache / top):
            if not files or _in_use(workspace, folder):
                continue
            actual = _kind_of(workspace, folder, kind)
            marked = 0.0 if kind == "resized" else last_used(folder)
            for file in files:
                with suppress(OSError):
                    stat = file.stat(follow_symlinks=False)
                    if file.name.endswith(_HALF_WRITTEN) and time.time() - stat.st_mtime < _LEFTOVER_SECONDS:
                        continue
                    # A resized photo's own time is that of its last use; the other folders have a marker.
                    yield HeldFile(Path(file.path), actual, stat.st_size, marked or stat.st_mtime)


def _in_use(workspace: Workspace, folder: Path) -> bool:
    """Return whether a process uses the folder, or one above it."""
    inside = folder.relative_to(workspace.cache)
    return any(is_in_use(workspace.cache / above) for above in (inside, *inside.parents[:-1]))


def _kind_of(workspace: Workspace, folder: Path, kind: Kind) -> Kind:
    inside = folder.relative_to(workspace.cache).parts[1:]
    if kind == "vectors" and len(inside) < _ENGINE_LEVEL:
        return "outdated"
    if kind == "resized" and inside and not inside[0].endswith(f"-{DECODER}"):
        return "outdated"
    return kind


def _sizes(folder: Path, known: dict[str, Any], found: dict[str, Any]) -> Iterator[tuple[Path, int]]:
    """Yield each folder below with the bytes of its own files, from ``known`` if its time of change is the same."""
    try:
        changed = folder.stat().st_mtime_ns
    except OSError:
        return
    key = str(folder)
    entry = known.get(key)
    if not (isinstance(entry, list) and len(entry) == 3 and entry[0] == changed):
        own, below = 0, []
        for file in _listed(folder):
            with suppress(OSError):
                if file.is_dir(follow_symlinks=False):
                    below.append(file.name)
                elif _ours(file):
                    own += file.stat(follow_symlinks=False).st_size
        entry = [changed, own, below]
    if time.time_ns() - changed > _SETTLED_NANOSECONDS:
        found[key] = entry
    yield folder, entry[1]
    for name in entry[2]:
        yield from _sizes(folder / name, known, found)


def _walk(folder: Path) -> Iterator[tuple[Path, list["os.DirEntry[str]"]]]:
    """Yield each folder below with its files of ours."""
    entries = _listed(folder)
    yield folder, [entry for entry in entries if _ours(entry)]
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path))


def _listed(folder: Path) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:  # missing, or not readable
        return []


def _ours(entry: "os.DirEntry[str]") -> bool:
    return entry.name.endswith(_SUFFIXES) and entry.is_file(follow_symlinks=False)


def _read_sizes(workspace: Workspace) -> dict[str, Any]:
    path = workspace.cache / _SIZES
    try:
        stat = path.stat()
        return _parsed(path, stat.st_mtime_ns, stat.st_size)
    except (OSError, ValueError):
        return {}


@lru_cache(maxsize=4)
def _parsed(path: Path, changed: int, size: int) -> dict[str, Any]:
    found = json.loads(path.read_bytes())
    return found if isinstance(found, dict) else {}


def _write_sizes(workspace: Workspace, sizes: dict[str, Any]) -> None:
    part = workspace.cache / f".sizes-{uuid.uuid4().hex}.part"
    with suppress(OSError):  # only a shortcut: without it, the folders are looked through again
        try:
            part.write_text(json.dumps(sizes), encoding="utf-8")
            replace_patiently(part, workspace.cache / _SIZES)
        finally:
            part.unlink(missing_ok=True)
