"""Hold all files of a run as they were in one moment, while its training goes on.

Files of a run are replaced, not changed, and its models are replaced as folders. So the files are opened first, which
takes milliseconds, and whatever replaces them later does not change what has been opened. What comes out is at worst
what a training leaves that is killed in this moment, and that can be resumed.
"""

import io
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from core.backup.contents import is_temporary
from core.errors import WorkspaceError
from core.models.bundle import complete_folder

_SMALL_BYTES = 2**20
_TRIES = 40
_PAUSE_SECONDS = 0.05
_ASIDE = ".old"  # of a model that is being replaced: .best.old

_Seen = dict[str, tuple[Path, int, int, int]]  # name within the folder: path, inode, bytes, time of the last change


@dataclass
class HeldFile:
    """A file that is open; ``source`` gives exactly ``size`` bytes, and perhaps more that were appended since."""

    name: str  # within the folder, with /
    source: BinaryIO
    size: int
    changed: float  # seconds since 1970


@contextmanager
def held_files(folder: Path) -> Iterator[list[HeldFile]]:
    """Open all files of a folder as they are in one moment; an empty list if the folder has been deleted.

    Raises WorkspaceError if it never stands still, OSError if a file cannot be read.
    """
    with ExitStack() as opened:
        for _ in range(_TRIES):
            before, held = _look(folder), []
            with suppress(FileNotFoundError):  # replaced meanwhile: once more
                held = [_open(name, seen[0], opened) for name, seen in before.items()]
                if _look(folder) == before:
                    yield held
                    return
            opened.close()
            time.sleep(_PAUSE_SECONDS)
        raise WorkspaceError(
            f"The files of {folder} change faster than they can be copied. Wait until its run has ended, or stop it, "
            "then try again."
        )


def _look(folder: Path, prefix: str = "") -> _Seen:
    """Return the files below a folder, and what tells whether they are the same later."""
    seen: _Seen = {}
    try:
        with os.scandir(folder) as entries:
            found = list(entries)
    except FileNotFoundError:
        return seen
    for entry in found:
        if entry.is_file() and not is_temporary(entry.name):
            about = entry.stat()
            seen[prefix + entry.name] = (Path(entry.path), about.st_ino, about.st_size, about.st_mtime_ns)
    names = {one.name.removesuffix(_ASIDE).lstrip(".") if one.name.endswith(_ASIDE) else one.name for one in found
             if one.is_dir()}  # fmt: skip
    for name in sorted(names):
        if not name.startswith("."):  # .best.new is not finished
            seen |= _look(complete_folder(folder / name), f"{prefix}{name}/")
    return seen


def _open(name: str, path: Path, opened: ExitStack) -> HeldFile:
    file = opened.enter_context(path.open("rb"))
    about = os.fstat(file.fileno())
    size = about.st_size
    if size > _SMALL_BYTES and not name.endswith(".jsonl"):
        return HeldFile(name, file, size, about.st_mtime)
    data = file.read(size)
    file.close()
    if name.endswith(".jsonl"):
        data = data[: data.rfind(b"\n") + 1]  # a line that is being written is left out
    return HeldFile(name, io.BytesIO(data), len(data), about.st_mtime)
