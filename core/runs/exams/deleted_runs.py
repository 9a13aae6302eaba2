"""The looks of deleted runs at their test photos: a look is not undone by deleting the run that took it."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import RunError
from core.runs.exams.records import Exam
from core.runs.run_files import MB, append_line, read_limited

DELETED = ".exams-of-deleted-runs.jsonl"
"""In the folder of runs: a line for each deleted run that had taken an exam."""
HASH_LETTERS = 16
"""Of a content hash, 64 bits: enough to tell photos apart, in a quarter of the space."""

_MOST_BYTES = 200 * MB
_MOST_BYTES_WITH_PHOTOS = 150 * MB
"""From this size on, runs are kept without their photos, so that the file can always be read."""


class DeletedRun(BaseModel):
    """What is kept of a deleted run that had looked at its test photos."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    title: Annotated[str, Field(max_length=500)]
    run: Annotated[str, Field(max_length=255)] = ""
    """Its id; empty in the lines of earlier versions."""
    created: datetime | None = None
    project_id: Annotated[int, Field(ge=0, lt=2**63)] | None
    images: tuple[Annotated[str, Field(max_length=HASH_LETTERS)], ...] | None = None
    """The beginnings of the content hashes of its test photos; None if nobody knows them."""
    exams: tuple[Exam, ...]


class _Line(DeletedRun):
    """A deleted run as it is stored: photos that an earlier line has too are named by their digest."""

    photos: Annotated[str, Field(max_length=64)] | None = None


@dataclass(frozen=True)
class _Contents:
    runs: tuple[DeletedRun, ...]
    photo_lists: frozenset[str]
    """The digests of the lists of photos in the file."""


def deleted_runs(folder: Path) -> tuple[DeletedRun, ...]:
    """Return the deleted runs of a folder of runs that had taken exams; lines that cannot be read are left out.

    Raises RunError if the file cannot be read at all.
    """
    return _contents(folder).runs


def append_deleted(folder: Path, run: DeletedRun) -> None:
    """Keep the looks of a run that is deleted from a folder of runs. Raises OSError."""
    path = folder / DELETED
    line = _Line(**dict(run))
    if run.images:
        digest = _digest(run.images)
        try:
            known = digest in _contents(folder).photo_lists
        except RunError:  # what cannot be read can still grow
            known = False
        if known:
            line = line.model_copy(update={"images": None, "photos": digest})
        elif _size(path) + len(run.images) * (HASH_LETTERS + 3) > _MOST_BYTES_WITH_PHOTOS:
            line = line.model_copy(update={"images": None})
    append_line(path, line.model_dump_json())


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _contents(folder: Path) -> _Contents:
    path = folder / DELETED
    try:
        found = path.stat()
        return _read(path, found.st_ino, found.st_size, found.st_mtime_ns)
    except FileNotFoundError:
        return _Contents((), frozenset())
    except OSError as error:
        raise RunError(f"{path} cannot be read ({error.strerror or error}). Check its permissions.") from error


# The last arguments identify the content: the file only grows.
@lru_cache(maxsize=8)
def _read(path: Path, inode: int, size: int, changed: int) -> _Contents:
    runs: list[DeletedRun] = []
    lists: dict[str, tuple[str, ...]] = {}
    for text in read_limited(path, _MOST_BYTES).splitlines():
        try:
            line = _Line.model_validate_json(text)
        except ValidationError:
            # Without its photos, nobody knows whose look it was.
            continue
        # A list that was lost with its line, and the empty one of an earlier version, are unknown photos.
        images = lists.get(line.photos) if line.photos else line.images or None
        if images and not line.photos:
            images = lists.setdefault(_digest(images), images)
        runs.append(line.model_copy(update={"images": images}))
    return _Contents(tuple(runs), frozenset(lists))


def _digest(images: tuple[str, ...]) -> str:
    return sha256("\n".join(images).encode(errors="surrogatepass")).hexdigest()
