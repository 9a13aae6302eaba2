"""Restore a backup into an empty folder: first all of it beside that folder, then checked, then in its place."""

import hashlib
import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from core.backup.archive_readers import DAMAGE, open_backup
from core.backup.database_copies import problem_of, schema_of
from core.backup.manifest import MOST_BYTES, NAME, Manifest, StoredFile, parse_manifest
from core.data.store.database import open_database
from core.errors import RunError, WorkspaceError
from core.progress import CountCallback
from core.runs.folder import RunFolder
from core.runs.status import read_status
from core.storage_errors import storage_error
from core.workspace import Workspace

_BLOCK = 2**20
_RESERVE_BYTES = 50_000_000
_AGAIN = "so nothing was restored. Copy the backup again from where it is kept, or use another one."


def restore_backup(backup: Path, into: Path, progress: CountCallback | None = None) -> Manifest:
    """Restore a backup into a folder that is missing or empty; ``progress`` counts bytes of the backup.

    Databases of earlier versions are migrated. Raises WorkspaceError if the backup is damaged, cut off, or of a newer
    version; then the folder is as before.
    """
    into = into.absolute()
    if not backup.exists():
        raise WorkspaceError(f"{backup} does not exist. Check its name.")
    _check_empty(into)
    part = into.with_name(f".{into.name}.{secrets.token_hex(4)}.part")
    so = f"the backup {backup.name} could not be restored"
    try:
        part.mkdir(parents=True, mode=0o700)
        manifest = _unpack(backup, part, progress)
        _open_databases(part, manifest)
        _release_runs(part, manifest)
        _check_empty(into)
        if into.exists():
            into.rmdir()
        part.rename(into)
    except DAMAGE as error:
        raise WorkspaceError(f"{backup.name} is damaged or was cut off ({error}), {_AGAIN}") from error
    except OSError as error:
        raise storage_error(error, so) or WorkspaceError(f"{so[0].upper()}{so[1:]} ({error}). Try again.") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return manifest


def _check_empty(into: Path) -> None:
    if into.is_symlink() or (into.exists() and (not into.is_dir() or any(into.iterdir()))):
        raise WorkspaceError(
            f"{into} is not empty, and a restore replaces nothing. Choose another folder with --into, or move that one "
            "away first."
        )


def _unpack(backup: Path, part: Path, progress: CountCallback | None) -> Manifest:
    """Unpack everything and compare it with the manifest."""
    manifest, found, done = None, dict[str, StoredFile](), 0
    # A tar is read only once, so its manifest comes last. No file may take more than the disk has.
    total = _size_of(backup)
    with open_backup(backup) as members:
        for name, size, source in members:
            if name == NAME:
                if size > MOST_BYTES:
                    raise WorkspaceError(f"{backup.name} is damaged: its list of files is too large.")
                manifest = parse_manifest(source.read(size + 1), backup.name)
                continue
            if name in found:
                raise WorkspaceError(f"{backup.name} is damaged: it holds {name} twice.")
            if size + _RESERVE_BYTES > (free := shutil.disk_usage(part).free):
                raise WorkspaceError(
                    f"The disk of {part.parent} has only {free / 1e9:.1f} GB left, so nothing was restored. Free some "
                    "space, or choose another disk with --into."
                )
            found[name] = _write(source, part / name, size)
            done += size
            if progress is not None:
                progress(min(done, total), total)
    if manifest is None:
        raise WorkspaceError(f"{backup.name} has no {NAME}: it is no backup, or was cut off, {_AGAIN}")
    if wrong := sorted(name for name in {*found, *manifest.files} if found.get(name) != manifest.files.get(name)):
        raise WorkspaceError(
            f"{backup.name} is damaged: {wrong[0]}{f' and {len(wrong) - 1:,} other files' if wrong[1:] else ''} "
            f"differ from its list of files, {_AGAIN}"
        )
    return manifest


def _write(source: object, path: Path, size: int) -> StoredFile:
    """Write at most one byte more than a file says it has: it may say too little."""
    path.parent.mkdir(parents=True, exist_ok=True)
    digest, left = hashlib.sha256(), size + 1
    with path.open("xb") as target:
        while data := source.read(min(_BLOCK, left)):  # type: ignore[attr-defined]
            target.write(data)
            digest.update(data)
            left -= len(data)
    return StoredFile(bytes=size + 1 - left, sha256=digest.hexdigest())


def _size_of(backup: Path) -> int:
    if backup.is_file():
        return backup.stat().st_size
    return sum(Path(parent, name).stat().st_size for parent, _, names in os.walk(backup) for name in names)


def _open_databases(part: Path, manifest: Manifest) -> None:
    """Check every database, and bring those of workspaces to this version."""
    for name in manifest.databases:
        path = part / name
        if problem := problem_of(path):
            raise WorkspaceError(f"The database {name} of the backup is damaged ({problem}), {_AGAIN}")
        if path.name == "studio.db" and schema_of(path) is not None:
            open_database(_Restored(path.parent)).dispose()


def _release_runs(part: Path, manifest: Manifest) -> None:
    """Take the process out of every run's status: restored beside the original, the copy is not what it trains."""
    for name in manifest.files:
        path = part / name
        if path.name != "status.json" or path.parent.parent.name != "runs":
            continue
        with suppress(RunError):  # damaged before the backup; lists of runs say so
            status = read_status(path)
            if status.live or status.lost_state is not None:
                run = RunFolder(path.parent)
                run.write_status(pid=None, process_started=None, process_identity=None)
                run.status()  # marks it as interrupted


class _Restored(Workspace):
    """A workspace whose database is its own file, whatever the environment says."""

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.root / 'studio.db'}"
