"""Which import into a project is running, and how far it is: a lock and a small file that every process can read.

Only the lock tells whether the import runs: the system frees it when the process ends, however it ends. The file tells
how far it is. One import runs in a project at a time.
"""

import logging
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.background_process import lock_is_held, read_result, write_result
from core.errors import DataError
from core.storage_errors import storage_error
from core.workspace import Workspace

LOCK_SECONDS = 1.0  # readers hold the lock for a moment to test it
log = logging.getLogger(__name__)


class ImportProgress(BaseModel):
    """How far a running import is."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    token: str = Field(pattern="^[0-9a-f]{16}$")  # of this import
    source: str = Field(max_length=1000)  # the user's name for the folder, the zip or the uploads
    done: int = Field(ge=0, le=10**8)  # files
    total: int = Field(ge=0, le=10**8)
    labelled: bool  # whether the files have labels, which are set at the end
    seconds_left: float | None = Field(default=None, ge=0, le=10**9)  # None: too early to tell


class ImportClaim:
    """The import that this process is running."""

    def __init__(self, folder: Path, project_id: int, progress: ImportProgress) -> None:
        self._file = _file(folder, project_id)
        self._cancel = _cancel_file(folder, project_id, progress.token)
        self._progress = progress
        self._started = time.monotonic()
        self._first: tuple[float, int] | None = None  # when the first files were done, and how many

    @property
    def cancelled(self) -> bool:
        """Whether somebody has asked this import to stop."""
        return self._cancel.exists()

    def note(self, done: int) -> None:
        """Note how many files are done."""
        here = time.monotonic()
        self._first = self._first or (here, done)
        # Before the first ones are done, several are being decoded: that time would count for a few photos only.
        seconds, files = here - self._first[0], done - self._first[1]
        early = here - self._started <= 1
        seconds_left = None if early or not files else seconds / files * (self._progress.total - done)
        self._progress = self._progress.model_copy(update={"done": done, "seconds_left": seconds_left})
        self._write()

    def _write(self) -> None:
        try:
            write_result(self._file, self._progress.model_dump())
        except OSError as error:  # nothing depends on it; a full disk stops the import where it matters
            log.warning("The progress of an import cannot be written: %s", error)

    def _delete(self) -> None:
        for path in (self._file, self._cancel):
            path.unlink(missing_ok=True)


@contextmanager
def claim_import(
    workspace: Workspace, project_id: int, source: str, total: int, labelled: bool
) -> Iterator[ImportClaim]:
    """Claim the project for an import, which everybody can see until the block ends.

    Raises DataError if another import into it is running.
    """
    folder = _folder(workspace)
    lock = FileLock(_lock_file(folder, project_id), thread_local=False)  # a generator may be closed by another thread
    try:
        folder.mkdir(exist_ok=True)
        lock.acquire(timeout=LOCK_SECONDS)
    except Timeout:
        found = import_progress(workspace, project_id)
        how_far = f" ({found.done:,} of {found.total:,} files)" if found else ""
        raise DataError(
            f"Another import into this project is running{how_far}. Wait until it has ended or cancel it on the Data "
            "page, then import again."
        ) from None
    except OSError as error:
        raise storage_error(error, "the import could not start") or DataError(
            f"The import could not start, because {folder} cannot be written ({error.strerror})."
        ) from error
    progress = ImportProgress(token=secrets.token_hex(8), source=source[:1000], done=0, total=total, labelled=labelled)
    claim = ImportClaim(folder, project_id, progress)
    try:
        claim._write()
        yield claim
    finally:
        claim._delete()
        lock.release()


def import_progress(workspace: Workspace, project_id: int) -> ImportProgress | None:
    """Return how far the import into a project is; None if none is running in any process."""
    folder = _folder(workspace)
    found = read_result(_file(folder, project_id))
    if found is None or not lock_is_held(FileLock(_lock_file(folder, project_id))):
        return None
    try:
        return ImportProgress.model_validate(found)
    except ValidationError:
        return None


def cancel_import(workspace: Workspace, project_id: int) -> None:
    """Ask the import into a project, in whatever process it runs, to stop after the photos in hand."""
    found = import_progress(workspace, project_id)
    if found is not None:
        _cancel_file(_folder(workspace), project_id, found.token).touch()


def _folder(workspace: Workspace) -> Path:
    return workspace.cache / "imports"


def _file(folder: Path, project_id: int) -> Path:
    return folder / f"{project_id}.json"


def _lock_file(folder: Path, project_id: int) -> Path:
    return folder / f"{project_id}.lock"


def _cancel_file(folder: Path, project_id: int, token: str) -> Path:
    return folder / f"{project_id}-{token}.cancel"
