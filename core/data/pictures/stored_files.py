"""The files of pictures, stored once under their content hash, with a thumbnail beside them.

Files are written before rows: a process that dies in between leaves a file without a row, and adding the picture again
overwrites it. Every file is written under a temporary name first and so appears complete.
"""

import io
import re
import uuid
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from core.data.pictures.decoding import THUMBNAIL_SIDE, Decoded, decode, make_thumbnail
from core.errors import DataError, ImageRefused, StorageError
from core.storage_errors import storage_error
from core.workspace import Workspace

SUFFIXES = {"JPEG": ".jpg", "MPO": ".jpg", "TIFF": ".tif", "JPEG2000": ".jp2"}  # all others: the format's name
# Their pixels are approximate already: as PNG, a phone's HEIC photo would take ten times the space of the file.
_LOSSY = ("JPEG", "MPO", "HEIF")
_QUALITY = 95
_COMMENT = "Comment"
_FULL_SIZE, _ORIENTATION = "Reduced from {} x {} pixels.", "Turned upright, orientation {}."
_FULL_SIZE_SAID = r"\bReduced from ([1-9][0-9]{0,5}) x ([1-9][0-9]{0,5}) pixels\."
_ORIENTATION_SAID = r"\bTurned upright, orientation ([1-8])\."
_SMALL_BYTES = 32 * 2**10  # a photo with a large preview or profile inside is not sent as a thumbnail


def picture_path(workspace: Workspace, content_hash: str, suffix: str) -> Path:
    """Return the path of a picture's file."""
    return workspace.images / content_hash[:2] / (content_hash + suffix)


def thumbnail_path(workspace: Workspace, content_hash: str) -> Path:
    """Return the path of a picture's thumbnail, a JPEG or, if an older version made it, a WebP."""
    path = workspace.thumbnails / content_hash[:2] / f"{content_hash}.jpg"
    if not path.is_file() and (older := path.with_suffix(".webp")).is_file():
        return older
    return path


def encode(decoded: Decoded, raw: bytes) -> tuple[bytes, str]:
    """Return the bytes to store and their suffix: the file itself if it is verbatim, else encoded again, upright."""
    if decoded.verbatim:
        return raw, SUFFIXES.get(decoded.format, f".{decoded.format.lower()}")
    stored, said = io.BytesIO(), _written(decoded)
    if decoded.format in _LOSSY:
        comment = {"comment": said} if said else {}
        decoded.image.save(stored, "JPEG", quality=_QUALITY, subsampling="4:4:4", **comment)
        return stored.getvalue(), ".jpg"
    info = PngInfo()
    if said:
        info.add_text(_COMMENT, said)
    decoded.image.save(stored, "PNG", pnginfo=info)
    return stored.getvalue(), ".png"


@dataclass(frozen=True)
class Origin:
    """What the file was like that a stored photo was read from."""

    full_size: tuple[int, int] | None = None  # of the upright photo, where it was read at reduced scale
    orientation: int = 1  # EXIF tag 274: how it was turned upright


def origin_of(path: Path) -> Origin:
    """Return what a stored photo says about the file that it was read from; earlier versions have written nothing."""
    try:
        with Image.open(path, formats=("JPEG", "PNG")) as file:
            said = file.info.get("comment", file.info.get(_COMMENT, b""))
    except (OSError, ValueError, SyntaxError):  # whoever decodes the photo reports it
        return Origin()
    text = said.decode("ascii", "replace") if isinstance(said, bytes) else str(said)
    full, turned = (re.search(pattern, text) for pattern in (_FULL_SIZE_SAID, _ORIENTATION_SAID))
    size = (int(full[1]), int(full[2])) if full else None
    return Origin(size, int(turned[1]) if turned else 1)


def _written(decoded: Decoded) -> str:
    """Return what a stored file says about the one that it was read from: boxes may have been drawn on that."""
    full = _FULL_SIZE.format(*decoded.full_size) if decoded.full_size else ""
    turned = _ORIENTATION.format(decoded.orientation) if decoded.orientation != 1 else ""
    return " ".join(part for part in (full, turned) if part)


def encoded_again(path: Path) -> bool:
    """Return whether a file is a JPEG that ``encode`` wrote: its pixels are not exactly those that its name is made of.

    Such a file has our quantization tables and no EXIF data. Raises OSError where it cannot be opened.
    """
    with Image.open(path, formats=("JPEG",)) as file:
        tables = getattr(file, "quantization", None)
        return tables == _own_tables() and not file.getexif()


@lru_cache(maxsize=1)
def _own_tables() -> Any:
    sample = io.BytesIO()
    Image.new("RGB", (8, 8)).save(sample, "JPEG", quality=_QUALITY, subsampling="4:4:4")
    with Image.open(sample) as file:
        return getattr(file, "quantization", None)


def write_thumbnail(workspace: Workspace, content_hash: str, decoded: Decoded, picture: Path) -> None:
    """Make the thumbnail if it is missing; ``picture`` is the stored file. A small JPEG is its own thumbnail."""
    path = thumbnail_path(workspace, content_hash)
    if path.is_file():
        return
    if decoded.verbatim and decoded.format == "JPEG" and max(decoded.image.size) <= THUMBNAIL_SIDE:
        with suppress(OSError):  # a file system without links: a thumbnail is written below
            if picture.stat().st_size <= _SMALL_BYTES:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.hardlink_to(picture)
                return
    write_whole(path, make_thumbnail(decoded.image))


def thumbnail_of(workspace: Workspace, content_hash: str, picture: Path) -> Path:
    """Return the thumbnail's path, making it again if it was deleted and the picture's file still can be decoded."""
    path = thumbnail_path(workspace, content_hash)
    if not path.is_file() and picture.is_file():
        # One lost photo, or a disk without room for it, must not hide all others: its place stays empty.
        with suppress(ImageRefused, StorageError):
            write_whole(path, make_thumbnail(decode(picture, picture.name).image))
    return path


def write_whole(path: Path, data: bytes) -> None:
    """Write a file completely or not at all. Raises StorageError or DataError if it cannot be written."""
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        try:
            part.write_bytes(data)
        except FileNotFoundError:  # the first of this folder
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        with suppress(OSError):  # the first error is the one to report
            part.unlink(missing_ok=True)
        raise storage_error(error, "the photo could not be stored", "add it again") or DataError(
            f"The photo cannot be stored in {path.parent} ({error.strerror}). "
            "Check that the folder exists and that you may write there, then add it again."
        ) from error


def delete_files(workspace: Workspace, content_hash: str, suffix: str) -> None:
    """Delete a picture's file, its thumbnail and what the caches hold of its pixels."""
    picture_path(workspace, content_hash, suffix).unlink(missing_ok=True)
    for thumbnail in (workspace.thumbnails / content_hash[:2]).glob(f"{content_hash}.*"):
        thumbnail.unlink(missing_ok=True)
    for resized in (workspace.cache / "resized").glob(f"*/{content_hash[:2]}/{content_hash}.npy"):
        resized.unlink(missing_ok=True)


def hashes_in_runs(workspace: Workspace) -> set[str]:
    """Return the pictures in the snapshots of runs, which must exist as long as the runs do."""
    found: set[str] = set()
    for path in workspace.runs.glob("*/snapshot.csv"):
        # Not parsed as a snapshot, so that one that is damaged or of another version keeps its pictures too.
        found.update(re.findall("^[0-9a-f]{64}(?=,)", path.read_text(encoding="utf-8", errors="replace"), re.MULTILINE))
    return found
