"""Make a backup of the server's folder in one file or folder, while the app is in use."""

import io
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from core.backup.archive_writers import Archive, open_archive
from core.backup.contents import PEOPLE, contents, photos, workspaces
from core.backup.database_copies import copy_database, counts_of, photo_files_of
from core.backup.held_files import held_files
from core.backup.manifest import NAME, Manifest, StoredFile
from core.errors import WorkspaceError
from core.progress import CountCallback
from core.storage_errors import storage_error
from core.workspace import Workspace

_RESERVE_BYTES = 50_000_000
_ROUNDS = 3


def make_backup(
    workspace: Workspace, out: Path, *, without_database: bool = False, progress: CountCallback | None = None
) -> Manifest:
    """Write a backup of the workspace and of everything below it to ``out``, which appears when it is complete.

    ``without_database`` leaves out rows that are in a database server. ``progress`` counts bytes.
    Raises WorkspaceError if there is nothing to back up, or ``out`` cannot be written, exists or lies in the workspace.
    """
    root, out = workspace.root, out.absolute()
    outside = _database_elsewhere(workspace, without_database)
    _check_target(root, out)
    part = out.with_name(f".{out.name}.{secrets.token_hex(4)}.part")
    so = f"the backup {out.name} could not be written"
    try:
        with _staging(out) as staging:
            total, copies = _bytes_to_copy(root, outside)
            _check_room(out, total + copies)
            copied = _Copied(root, outside, staging, total, progress)
            with open_archive(part, out.name, copied.wrote) as archive:
                manifest = copied.into(archive, elsewhere=without_database)
        _check_target(root, out)
        part.rename(out)
    except OSError as error:
        raise storage_error(error, so) or WorkspaceError(f"{so[0].upper()}{so[1:]} ({error}). Try again.") from error
    finally:
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        else:
            part.unlink(missing_ok=True)
    return manifest


class _Copied:
    """The state of one backup: what has been written, and the copies of the databases, which are written last."""

    def __init__(
        self, root: Path, outside: Path | None, staging: Path, total: int, progress: CountCallback | None
    ) -> None:
        self._root, self._outside, self._staging = root, outside, staging
        self._total, self._progress, self._done = total, progress, 0
        self._files: dict[str, StoredFile] = {}

    def wrote(self, count: int) -> None:
        self._done += count
        if self._progress is not None:
            self._progress(min(self._done, self._total), self._total)

    def into(self, archive: Archive, *, elsewhere: bool) -> Manifest:
        """Write everything, and the manifest at the end.

        Photos follow their databases and the runs that refer to them: whatever these name was stored before.
        """
        copies = self._copy_databases()
        found = contents(self._root)
        for name in found.files:
            self._add_file(archive, name)
        runs = sum(self._add_run(archive, name) for name in found.runs)
        for _ in range(_ROUNDS):
            for name in photos(self._root):
                if name not in self._files:
                    self._add_file(archive, name)
            if not (lost := self._lost(copies)):
                break
            copies = self._copy_databases()  # photos were deleted meanwhile: the databases say so now
        for name, copy in copies.items():
            self._add(archive, name, copy)
        manifest = self._manifest(copies, runs, lost, elsewhere)
        data = manifest.model_dump_json(indent=1).encode()
        archive.add(NAME, io.BytesIO(data), len(data), datetime.now(UTC).timestamp())
        return manifest

    def _copy_databases(self) -> dict[str, Path]:
        sources = {name: self._root / name for name in contents(self._root).databases}
        if self._outside is not None:
            sources["studio.db"] = self._outside
        copies = {}
        for number, (name, source) in enumerate(sorted(sources.items())):
            copies[name] = self._staging / f"{number}.db"
            copies[name].unlink(missing_ok=True)
            copy_database(source, copies[name])
        return copies

    def _lost(self, copies: dict[str, Path]) -> list[str]:
        """Return the photos that a database knows and that are not in the backup."""
        lost = []
        for name, copy in copies.items():
            folder = (Path(name).parent / "images").as_posix()
            lost += [one for file in sorted(photo_files_of(copy)) if (one := f"{folder}/{file}") not in self._files]
        return lost

    def _add_run(self, archive: Archive, name: str) -> bool:
        with held_files(self._root / name) as held:
            for one in held:
                path = f"{name}/{one.name}"
                self._files[path] = archive.add(path, one.source, one.size, one.changed)
            return bool(held)

    def _add_file(self, archive: Archive, name: str) -> None:
        try:
            self._add(archive, name, self._root / name)
        except FileNotFoundError:
            return  # deleted since it was listed

    def _add(self, archive: Archive, name: str, path: Path) -> None:
        with path.open("rb") as source:
            about = os.fstat(source.fileno())
            self._files[name] = archive.add(name, source, about.st_size, about.st_mtime)

    def _manifest(self, copies: dict[str, Path], runs: int, lost: list[str], elsewhere: bool) -> Manifest:
        counts = {"projects": 0, "photos": 0, "labels": 0, "runs": runs, "people": len(workspaces(self._root)) - 1}
        for copy in copies.values():
            for what, count in counts_of(copy).items():
                counts[what] += count
        return Manifest(
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            database="elsewhere" if elsewhere else "sqlite",
            counts=counts,
            databases=sorted(copies),
            lost_photos=lost,
            files=self._files,
        )


def _database_elsewhere(workspace: Workspace, without_database: bool) -> Path | None:
    """Return the file of an SQLite database outside of the workspace. Raises WorkspaceError for a database server."""
    try:
        url = make_url(workspace.database_url)
    except ArgumentError as error:
        raise WorkspaceError("The database address in RESNET_STUDIO_DATABASE_URL cannot be used. Correct it.") from (
            error
        )
    if url.get_backend_name() == "sqlite":
        if without_database:
            raise WorkspaceError("--without-database is for a database server; here the database is a file.")
        file = Path(url.database or "").absolute()
        return None if file.is_relative_to(workspace.root) else file
    if not without_database:
        raise WorkspaceError(
            f"The labels are in the database {url.render_as_string(hide_password=True)}, which has its own backup: "
            "run pg_dump --format=custom --file labels.dump for PostgreSQL. Directly after it, run this command again "
            "with --without-database, which saves photos and runs. Keep the two files together."
        )
    return None


def _check_target(root: Path, out: Path) -> None:
    if out.exists() or out.is_symlink():
        raise WorkspaceError(f"{out} already exists. Choose a new name, or delete it first.")
    if not out.parent.is_dir():
        raise WorkspaceError(f"The folder {out.parent} does not exist. Create it, or choose another.")
    if out.resolve().is_relative_to(root.resolve()):
        raise WorkspaceError(f"{out} lies in the folder that is backed up, {root}. Choose a place outside of it.")
    if not any((root / name).exists() for name in ("studio.db", "images", PEOPLE)):
        raise WorkspaceError(f"There is nothing to back up in {root}. Set RESNET_STUDIO_HOME to the server's folder.")


def _check_room(out: Path, total: int) -> None:
    free = shutil.disk_usage(out.parent).free
    if free < total + _RESERVE_BYTES:
        raise WorkspaceError(
            f"The backup needs {_gigabytes(total)}, but the disk of {out.parent} has {_gigabytes(free)} free. "
            "Choose another disk, or free some space."
        )


def _bytes_to_copy(root: Path, outside: Path | None) -> tuple[int, int]:
    """Return how many bytes the backup will hold, and how many more the copies of databases need meanwhile."""
    found = contents(root)

    def size(path: Path) -> int:
        try:
            return path.stat().st_size
        except OSError:
            return 0

    def below(folder: Path) -> Iterator[Path]:
        for parent, _, names in os.walk(folder):
            yield from (Path(parent, name) for name in names)

    databases = [root / name for name in found.databases] + ([outside] if outside else [])
    files = [root / name for name in (*found.files, *photos(root))]
    files += [path for name in found.runs for path in below(root / name)]
    copies = sum(map(size, databases))
    return sum(map(size, files)) + copies, copies


@contextmanager
def _staging(out: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", suffix=".part", dir=out.parent) as folder:
        yield Path(folder)


def _gigabytes(number: int) -> str:
    return f"{number / 1e9:.1f} GB" if number >= 1e9 else f"{number / 1e6:.0f} MB"
