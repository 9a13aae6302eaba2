"""Check thumbnails and caches: whatever is damaged is deleted, and made again when it is needed."""

from collections.abc import Iterator
from pathlib import Path

from core.data.store.checking.finding import Area, Finding, counted, is_leftover, repairable
from core.progress import CountCallback
from core.workspace import Workspace

_WOULD = "The repair deletes such files; they are made again when they are needed."
_DID = "Deleted; they are made again when they are needed."


def check_thumbnails(workspace: Workspace, repair: bool, progress: CountCallback) -> list[Finding]:
    """Return what is wrong in the folder of thumbnails."""
    files = sorted(path for path in workspace.thumbnails.glob("*/*") if path.is_file())
    damaged = []
    for number, path in enumerate(files, start=1):
        if is_leftover(path) if path.suffix == ".part" else not _is_whole(path):
            damaged.append(path)
        progress(number, len(files))
    return list(_deleted("thumbnails", damaged, "thumbnail", repair))


def check_caches(workspace: Workspace, repair: bool) -> list[Finding]:
    """Return what is wrong in the folder of caches; their contents are checked by those who read them."""
    files = [path for path in workspace.cache.rglob("*") if path.is_file() and is_leftover(path)]
    damaged = [path for path in files if path.suffix == ".part" or (path.suffix == ".npy" and not path.stat().st_size)]
    return list(_deleted("caches", damaged, "cached file", repair))


def _deleted(area: Area, paths: list[Path], noun: str, repair: bool) -> Iterator[Finding]:
    if not paths:
        return
    if repair:
        for path in paths:
            path.unlink(missing_ok=True)
    subject, are = counted(len(paths), noun, "is")
    yield repairable(area, subject, f"{are} damaged or half written", _WOULD, _DID, repair)


def _is_whole(path: Path) -> bool:
    """Return whether a JPEG or WebP has its beginning and its end; its pixels are not decoded."""
    try:
        with path.open("rb") as file:
            head = file.read(12)
            size = file.seek(0, 2)
            file.seek(max(0, size - 2))
            tail = file.read(2)
    except OSError:
        return False
    if path.suffix == ".webp":
        return head[:4] == b"RIFF" and head[8:] == b"WEBP" and int.from_bytes(head[4:8], "little") + 8 == size
    return head[:3] == b"\xff\xd8\xff" and tail == b"\xff\xd9"
