"""The files of pictures, stored once under their content hash, with a thumbnail beside them.

Files are written before rows: a process that dies in between leaves a file without a row, and adding the picture again
overwrites it. Every file is written under a temporary name first and so appears complete.
"""

import io
import re
import uuid
from contextlib import suppress
from pathlib import Path

from core.data.pictures.decoding import Decoded, decode, make_thumbnail
from core.errors import DataError
from core.workspace import Workspace

SUFFIXES = {"JPEG": ".jpg", "MPO": ".jpg", "TIFF": ".tif", "JPEG2000": ".jp2"}  # all others: the format's name


def picture_path(workspace: Workspace, content_hash: str, suffix: str) -> Path:
    """Return the path of a picture's file."""
    return workspace.images / content_hash[:2] / (content_hash + suffix)


def thumbnail_path(workspace: Workspace, content_hash: str) -> Path:
    """Return the path of a picture's thumbnail."""
    return workspace.thumbnails / content_hash[:2] / f"{content_hash}.webp"


def encode(decoded: Decoded, raw: bytes) -> tuple[bytes, str]:
    """Return the bytes to store and their suffix: the file itself if it is verbatim, else encoded again, upright."""
    if decoded.verbatim:
        return raw, SUFFIXES.get(decoded.format, f".{decoded.format.lower()}")
    stored = io.BytesIO()
    if decoded.format in ("JPEG", "MPO"):
        decoded.image.save(stored, "JPEG", quality=95, subsampling="4:4:4")
        return stored.getvalue(), ".jpg"
    decoded.image.save(stored, "PNG")
    return stored.getvalue(), ".png"


def write_thumbnail(workspace: Workspace, content_hash: str, decoded: Decoded) -> None:
    """Make the thumbnail if it is missing."""
    path = thumbnail_path(workspace, content_hash)
    if not path.is_file():
        write_whole(path, make_thumbnail(decoded.image))


def thumbnail_of(workspace: Workspace, content_hash: str, picture: Path) -> Path:
    """Return the thumbnail's path, making it again if it was deleted and the picture's file still exists."""
    path = thumbnail_path(workspace, content_hash)
    if not path.is_file() and picture.is_file():
        write_whole(path, make_thumbnail(decode(picture, picture.name).image))
    return path


def write_whole(path: Path, data: bytes) -> None:
    """Write a file completely or not at all. Raises DataError if it cannot be written."""
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        with suppress(OSError):  # the first error is the one to report
            part.unlink(missing_ok=True)
        raise DataError(
            f"The picture cannot be stored in {path.parent} ({error.strerror}). "
            "Free some disk space or give write permission, then add it again."
        ) from error


def delete_files(workspace: Workspace, content_hash: str, suffix: str) -> None:
    """Delete a picture's file and thumbnail."""
    picture_path(workspace, content_hash, suffix).unlink(missing_ok=True)
    thumbnail_path(workspace, content_hash).unlink(missing_ok=True)


def hashes_in_runs(workspace: Workspace) -> set[str]:
    """Return the pictures in the snapshots of runs, which must exist as long as the runs do."""
    found: set[str] = set()
    for path in workspace.runs.glob("*/snapshot.csv"):
        # Not parsed as a snapshot, so that one that is damaged or of another version keeps its pictures too.
        found.update(re.findall("^[0-9a-f]{64}(?=,)", path.read_text(encoding="utf-8", errors="replace"), re.MULTILINE))
    return found
