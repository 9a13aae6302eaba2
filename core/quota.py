"""How much a workspace may hold and compute: limits that lie in its own folder, in ``quota.json``.

A pupil's limits are those of their class, which only ``core.people`` knows. It writes them here, so that whatever works
in a workspace finds them without it: the store, a background import, a training on another machine of a cluster. A
workspace without the file has no limits: that of somebody alone, or of the teacher.
"""

import os
import secrets
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import QuotaReached, WorkspaceError
from core.file_replacement import replace_patiently
from core.workspace import Workspace

FILE = "quota.json"
MEGABYTE = 10**6


class Quota(BaseModel):
    """The limits of one workspace; None where there is none."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    whose: str = Field(default="a pupil", max_length=100)
    """For sentences, such as "a pupil of 7b"."""
    photos: int | None = None
    """In all projects."""
    megabytes: int | None = None
    """Of photos and models; what can be computed again has a limit of its own."""
    runs: int | None = None
    """That run or wait."""
    minutes: int | None = None
    """Of one training."""

    def check_photos(self, used: int, added: int = 0) -> None:
        """Raise QuotaReached if the photos there, with those added, are more than the limit."""
        if self.photos is None or used + added <= self.photos:
            return
        most = f"the most for {self.whose}"
        if used >= self.photos:
            raise QuotaReached(f"You have {_photos(used)}, {most}. Delete some, or ask your teacher.")
        fit = self.photos - used
        raise QuotaReached(
            f"These are {_photos(added)}, and you have {used:,} of {_photos(self.photos)}, {most}. {fit:,} more "
            f"{'fits' if fit == 1 else 'fit'}: choose fewer, delete some, or ask your teacher."
        )

    def check_bytes(self, used: int, added: int = 0) -> None:
        """Raise QuotaReached if photos and models take, or would take, too much of the disk."""
        if self.megabytes is None or used + added <= self.megabytes * MEGABYTE:
            return
        raise QuotaReached(
            f"Your photos and models take {used / MEGABYTE:,.0f} of {self.megabytes:,} MB, the most for {self.whose}"
            + (f", and this would add {added / MEGABYTE:,.1f} MB" if added else "")
            + ". Delete a project or runs that you no longer need, or ask your teacher."
        )

    def check_runs(self, live: int, added: int = 1) -> None:
        """Raise QuotaReached if the live trainings, with those added, are more than the limit at the same time."""
        if self.runs is None or live + added <= self.runs:
            return
        most = f"{'1 training' if self.runs == 1 else f'{self.runs} trainings'} at a time, the most for {self.whose}"
        if live >= self.runs:
            now = "1 training runs or waits" if live == 1 else f"{live} trainings run or wait"
            raise QuotaReached(f"{now} already. You may have {most}. Wait until one ends, or stop one.")
        raise QuotaReached(f"These are {added} trainings. You may have {most}. Train fewer together.")


def quota_of(workspace: Workspace) -> Quota:
    """Return the limits of a workspace. Raises WorkspaceError if its file cannot be read."""
    path = workspace.root / FILE
    try:
        stat = path.stat()
        return _parsed(path, stat.st_ino, stat.st_mtime_ns)
    except FileNotFoundError:
        return Quota()
    except (OSError, ValidationError) as error:
        raise WorkspaceError(
            f"The limits in {path} cannot be read. The teacher repairs them by saving the limits of the class again."
        ) from error


def write_quota(folder: Path, quota: Quota) -> None:
    """Write the limits of the workspace in this folder, which must exist. Raises OSError."""
    part = folder / f".quota-{secrets.token_hex(4)}.part"
    try:
        part.write_text(quota.model_dump_json(indent=2), encoding="utf-8")
        replace_patiently(part, folder / FILE)
    finally:
        part.unlink(missing_ok=True)


def bytes_below(*folders: Path) -> int:
    """Return the size of all files in these folders."""
    total = 0
    for folder in folders:
        for at, _, names in os.walk(folder):
            for name in names:
                try:
                    total += (Path(at) / name).stat().st_size
                except FileNotFoundError:  # replaced or deleted meanwhile
                    continue
    return total


# The last two identify the content: the file is replaced.
@lru_cache(maxsize=1024)
def _parsed(path: Path, inode: int, changed: int) -> Quota:
    return Quota.model_validate_json(path.read_bytes())


def _photos(count: int) -> str:
    return "1 photo" if count == 1 else f"{count:,} photos"
