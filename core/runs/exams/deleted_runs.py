"""The looks of deleted runs at their test photos: a look is not undone by deleting the run that took it."""

from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import RunError
from core.runs.exams.records import Exam
from core.runs.run_files import MB, append_bytes, read_limited

DELETED = ".exams-of-deleted-runs.jsonl"
"""In the folder of runs: a line for each deleted run that had taken an exam."""
HASH_LETTERS = 16
"""Of a content hash, 64 bits: enough to tell photos apart, in a quarter of the space."""

_MOST_BYTES = 200 * MB


class DeletedRun(BaseModel):
    """What is kept of a deleted run that had looked at its test photos."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    title: Annotated[str, Field(max_length=500)]
    project_id: Annotated[int, Field(ge=0, lt=2**63)] | None
    images: tuple[Annotated[str, Field(max_length=HASH_LETTERS)], ...]
    """The beginnings of the content hashes of its test photos."""
    exams: tuple[Exam, ...]


def deleted_runs(folder: Path) -> tuple[DeletedRun, ...]:
    """Return the deleted runs of a folder of runs that had taken exams; lines that cannot be read are left out.

    Raises RunError if the file cannot be read at all.
    """
    path = folder / DELETED
    try:
        found = path.stat()
        return _deleted(path, found.st_ino, found.st_size, found.st_mtime_ns)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise RunError(f"{path} cannot be read ({error.strerror or error}). Check its permissions.") from error


def append_deleted(folder: Path, run: DeletedRun) -> None:
    """Keep the looks of a run that was deleted from a folder of runs. Raises OSError."""
    append_bytes(folder / DELETED, f"{run.model_dump_json()}\n".encode())


# The last arguments identify the content: the file only grows.
@lru_cache(maxsize=8)
def _deleted(path: Path, inode: int, size: int, changed: int) -> tuple[DeletedRun, ...]:
    runs = []
    for line in read_limited(path, _MOST_BYTES).splitlines():
        try:
            runs.append(DeletedRun.model_validate_json(line))
        except ValidationError:
            # Without its photos, nobody knows whose look it was.
            continue
    return tuple(runs)
