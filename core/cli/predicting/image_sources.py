"""The images that a command gets: files, folders, zips and packed images, with what is skipped and why."""

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from core.cli.console import print_message
from core.errors import ImageRefused
from core.workspace import is_address

if TYPE_CHECKING:
    from core.inspection.predicting.predict_files import FileSource

# What a prediction into this folder, or another shard's, is writing beside its table.
_UNFINISHED = re.compile(r"\.(?:csv|parquet)\.(?:part|unfinished(?:-journal|-wal|-shm)?)$", re.IGNORECASE)
_ONE_BY_ONE = 3  # files with the same reason that get a line each


def pictures(paths: Iterable[Path]) -> "Iterator[tuple[str, FileSource]]":
    """Yield every image with its name in the folder, zip or packed file; for all that is skipped, the reason.

    Files in a zip come as functions, so that one of them is in memory at a time.
    """
    from core.data.importing.folder_layout import PACKED_SUFFIXES
    from core.data.tables.names import storable_name

    for path in paths:
        shown = storable_name(str(path))
        if path.is_dir():
            yield from _in_folder(path)
        elif not path.is_file():
            reason = "there is no such file or folder"
            if is_address(str(path)):
                reason = "addresses of stores are not read; mount it as a folder, and give that"
            yield shown, ImageRefused(shown, reason)
        elif path.suffix.lower() in (".zip", *PACKED_SUFFIXES):
            from core.data.importing.plan_import import plan_packed, plan_zip

            name = storable_name(path.name)
            plan = (plan_zip if path.suffix.lower() == ".zip" else plan_packed)(path, name)
            for candidate in plan.candidates:
                yield storable_name(candidate.name), candidate.read
            for result in plan.refused:
                yield storable_name(result.name), ImageRefused(result.name, result.text)
        else:
            yield shown, path


def print_refused(refused: Iterable[tuple[str, str]]) -> None:
    """Print the name of every file that was skipped and why; many with the same reason share a line."""
    names: dict[str, list[str]] = defaultdict(list)
    for name, reason in refused:
        names[reason].append(name)
    for reason, some in names.items():
        if len(some) <= _ONE_BY_ONE:
            for name in some:
                print_message(f"{name}: {reason}")
        else:
            print_message(f"{len(some):,} files: {reason}: {', '.join(some)}")


def _in_folder(folder: Path) -> "Iterator[tuple[str, FileSource]]":
    """Yield the files below a folder in order, without those that operating systems add."""
    from core.data.importing.folder_layout import is_clutter, is_picture
    from core.data.tables.names import storable_name

    unreadable: list[OSError] = []
    for file in _files_below(folder, unreadable, lambda name: is_clutter(name) or bool(_UNFINISHED.search(name))):
        name = storable_name(file.relative_to(folder).as_posix())
        reason = _skipped(file)
        if reason is None and is_picture(file.name):
            yield name, file
        else:
            yield name, ImageRefused(name, reason or _no_picture(file.name))
    for error in unreadable:
        name = storable_name(str(error.filename))
        yield name, ImageRefused(name, f"the folder cannot be read ({error.strerror})")


def _files_below(folder: Path, unreadable: list[OSError], leave_out: Callable[[str], bool]) -> Iterator[Path]:
    """Yield the files and links below a folder, sorted by their paths, with one folder's names in memory at a time."""

    def listed(path: str | Path) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(path) as entries:
                return sorted((one for one in entries if not leave_out(one.name)), key=lambda one: one.name)
        except OSError as error:
            unreadable.append(error)
            return []

    open_folders = [iter(listed(folder))]
    while open_folders:
        entry = next(open_folders[-1], None)
        if entry is None:
            open_folders.pop()
        elif entry.is_dir(follow_symlinks=False):
            open_folders.append(iter(listed(entry.path)))
        else:
            yield Path(entry.path)


def _skipped(file: Path) -> str | None:
    """Return why something in a folder is not read at all; None for a file."""
    try:
        if file.is_file():
            return None
        if file.is_dir():
            return "it is a link to a folder, and those are not followed"
        return "it is not a plain file" if file.exists() else "it is a link to nothing"
    except OSError as error:
        return f"the file cannot be read ({error.strerror})"


def _no_picture(name: str) -> str:
    from core.data.importing.folder_layout import PACKED_SUFFIXES, suffix_of
    from core.data.importing.photo_files.skip_reasons import skip_reason

    if suffix_of(name) in (".zip", *PACKED_SUFFIXES):
        return "it is not opened inside a folder; give the file itself"
    return skip_reason(name)
