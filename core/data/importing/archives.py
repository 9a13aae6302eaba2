"""List the files of an untrusted zip and read them one at a time, within limits."""

import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO

from core.data.importing.folder_files import hidden_said
from core.data.importing.folder_layout import is_clutter, is_hidden_photo, plain_path
from core.data.importing.names.zip_names import names_of
from core.data.importing.photo_files.file_heads import ReadableFile
from core.data.pictures.decoding import MAX_FILE_BYTES
from core.data.tables.label_rows import Problem
from core.data.tables.questions import Asking
from core.errors import DataError, ImageRefused


@dataclass(frozen=True)
class ZipLimits:
    """How much a zip may hold before it counts as an attack or a mistake."""

    entries: int = 50_000
    file_bytes: int = MAX_FILE_BYTES  # one file, unpacked
    all_bytes: int = 16 * 2**30  # all files, unpacked; they are never unpacked together
    ratio: int = 200  # unpacked to packed bytes of one file ...
    ratio_free_bytes: int = 10 * 2**20  # ... that is larger than this; photos hardly compress, blank scans do


LIMITS = ZipLimits()

LONGEST_PATH = 1_000
"""Characters of a file's path; Windows allows 260 and Linux 4,096."""

_SHOWN_PATH = 100

# A directory entry normally takes 46 bytes, its name twice and some extra fields.
_DIRECTORY_BYTES_PER_ENTRY = 256
_CHUNK = 2**20

# What zipfile raises for damaged archives: its own error and the decompressor's, and errors for headers that end early
# or point nowhere, for names that are not valid UTF-8, and for unknown versions, methods and flags.
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    struct.error,
    OSError,
    ValueError,
    NotImplementedError,
    RuntimeError,
)


@dataclass
class ZipListing:
    """The files of a zip by their paths, each with the function that reads it, and the refused ones."""

    files: dict[str, Callable[[], bytes]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)  # path -> reason
    remarks: list[Problem] = field(default_factory=list)  # on how the names were read


def list_zip(
    source: Path | BinaryIO, name: str, limits: ZipLimits = LIMITS, asking: Asking | None = None
) -> ZipListing:
    """List a zip without unpacking it. The zip stays open as long as one of the reading functions exists.

    Folders and files that operating systems add are skipped. Links, names that lead out, encrypted files and files
    that unpack to far too many bytes are refused one by one. ``asking`` gets the question in which encoding the names
    are, where the zip does not say it. Raises DataError where the whole zip cannot be used.
    """
    archive = _open(source, name, limits)
    infos = archive.infolist()
    if len(infos) > limits.entries:
        raise DataError(
            f"{name} holds {len(infos):,} files; at most {limits.entries:,} are allowed. Make several smaller zips."
        )
    read = names_of(infos, name, asking)
    listing, unpacked = ZipListing(remarks=list(read.remarks)), 0
    hidden: list[str] = []
    for info, entry in zip(infos, read.names, strict=True):
        if entry.endswith(("/", "\\")) or is_clutter(entry):
            hidden += [entry] if is_hidden_photo(entry) else []
            continue
        if len(entry) > LONGEST_PATH:
            listing.refused[f"{entry[:_SHOWN_PATH]}..."] = f"its name has more than {LONGEST_PATH:,} characters"
            continue
        path = plain_path(entry)
        reason = _refusal(info, limits) if path else "its name leads out of the zip's folder"
        if path and path in listing.files:
            reason = "another file in the zip has the same name"
        if reason or path is None:
            listing.refused[path or entry] = reason or ""
            continue
        unpacked += info.file_size
        listing.files[path] = ReadableFile(
            partial(_read, archive, info, path), partial(_read_head, archive, info, path)
        )
    listing.remarks += [Problem(None, hidden_said(hidden), harmless=True)] if hidden else []
    if unpacked > limits.all_bytes:
        raise DataError(
            f"{name} would unpack to {unpacked / 2**30:.1f} GB; at most {limits.all_bytes / 2**30:.1f} GB are allowed. "
            "Make several smaller zips."
        )
    return listing


def _open(source: Path | BinaryIO, name: str, limits: ZipLimits) -> zipfile.ZipFile:
    try:
        if isinstance(source, Path):
            with source.open("rb") as file:
                directory = _directory_bytes(file)
        else:
            directory = _directory_bytes(source)
        # Checked before zipfile creates an object for every entry: a small zip may list millions.
        if directory > limits.entries * _DIRECTORY_BYTES_PER_ENTRY:
            raise DataError(
                f"{name} lists too many files; at most {limits.entries:,} are allowed. Make several smaller zips."
            )
        return zipfile.ZipFile(source)
    except DAMAGED as error:
        raise DataError(
            f"{name} cannot be opened as a zip: it is damaged, incomplete or not a zip ({error}). Zip it again."
        ) from error


def _directory_bytes(file: BinaryIO) -> int:
    """Return the size of the zip's directory according to its last record; 0 without such a record."""
    file.seek(0, 2)
    file.seek(max(0, file.tell() - 2**16 - 22 - 76))  # the longest comment and both kinds of record
    tail = file.read()
    file.seek(0)
    short, long = tail.rfind(b"PK\x05\x06"), tail.rfind(b"PK\x06\x06")
    sizes = [0]
    if short >= 0:
        sizes += [size for size in struct.unpack_from("<L", tail, short + 12) if size != 0xFFFFFFFF]
    if long >= 0:
        sizes += struct.unpack_from("<Q", tail, long + 40)
    return int(max(sizes))


def _refusal(info: zipfile.ZipInfo, limits: ZipLimits) -> str | None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return "it is a link"
    if kind not in (0, stat.S_IFREG):
        return "it is not a plain file"
    if info.flag_bits & 0x1:
        return "it is protected with a password; make a zip without one"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # zipfile cannot unpack bzip2 and lzma in pieces of limited size.
        return "it is compressed in an unusual way; make the zip with the default settings (deflate)"
    if info.file_size > limits.file_bytes:
        return f"it unpacks to more than {limits.file_bytes // 2**20} MB"
    if info.file_size > limits.ratio_free_bytes and info.file_size > limits.ratio * max(1, info.compress_size):
        return f"it unpacks to more than {limits.ratio} times its size, which no photo does"
    return None


def _read_head(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, count: int) -> bytes:
    try:
        with archive.open(info) as file:
            return file.read(count)
    except DAMAGED as error:
        raise ImageRefused(name, f"it is damaged in the zip ({error})") from error


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> bytes:
    data = bytearray()
    try:
        with archive.open(info) as file:
            # zipfile stops at the size that the directory declares, which _refusal has checked.
            while chunk := file.read(_CHUNK):
                data += chunk
                if len(data) > info.file_size:
                    break
    except DAMAGED as error:
        raise ImageRefused(name, f"it is damaged in the zip ({error})") from error
    if len(data) != info.file_size:
        raise ImageRefused(name, "it is damaged in the zip: its size differs from the one that the zip declares")
    return bytes(data)
