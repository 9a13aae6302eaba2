"""Lists the files of an untrusted zip; each is read when asked for, one at a time, within limits."""

import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO

from core.data.importing.folder_layout import is_clutter, plain_path
from core.data.pictures.decoding import MAX_FILE_BYTES
from core.errors import DataError, ImageRefused


@dataclass(frozen=True)
class ZipLimits:
    """How much a zip may hold before it is taken for an attack or a mistake."""

    entries: int = 50_000
    file_bytes: int = MAX_FILE_BYTES  # one file, unpacked
    all_bytes: int = 16 * 2**30  # all files, unpacked; they are never unpacked at once
    ratio: int = 200  # unpacked to packed bytes of one file ...
    ratio_free_bytes: int = 10 * 2**20  # ... that is larger than this; photos hardly shrink, blank scans do


LIMITS = ZipLimits()

# A usual entry of the directory takes 46 bytes, its name twice and some extra fields.
_DIRECTORY_BYTES_PER_ENTRY = 256
_CHUNK = 2**20

# What zipfile raises for damaged archives: its own error; the decompressor's; headers that end early or point nowhere;
# names that are not the UTF-8 they claim to be; versions, methods and flags that it does not know.
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
    """The files of a zip by their paths, each with the function that reads it, and those that are refused."""

    files: dict[str, Callable[[], bytes]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)  # path -> reason


def list_zip(source: Path | BinaryIO, name: str, limits: ZipLimits = LIMITS) -> ZipListing:
    """What is in a zip, without unpacking any of it. The zip stays open as long as one of the functions is held.

    Folders and what operating systems add are left out. Links, names that climb out, encrypted files and files that
    inflate too far are refused one by one. Raises DataError where the zip as a whole cannot be used.
    """
    archive = _open(source, name, limits)
    infos = archive.infolist()
    if len(infos) > limits.entries:
        raise DataError(f"{name} holds {len(infos):,} files; at most {limits.entries:,} are allowed. Split it up.")
    listing, unpacked = ZipListing(), 0
    for info in infos:
        written = _name(info)
        if written.endswith(("/", "\\")) or is_clutter(written):
            continue
        path = plain_path(written)
        reason = _why_not(info, limits) if path else "its name climbs out of the zip's folder"
        if path and path in listing.files:
            reason = "another file of the zip has the same name"
        if reason or path is None:
            listing.refused[path or written] = reason or ""
            continue
        unpacked += info.file_size
        listing.files[path] = partial(_read, archive, info, path)
    if unpacked > limits.all_bytes:
        raise DataError(
            f"{name} would unpack to {unpacked / 2**30:.1f} GB; at most {limits.all_bytes / 2**30:.1f} GB are allowed. "
            "Split it up."
        )
    return listing


def _open(source: Path | BinaryIO, name: str, limits: ZipLimits) -> zipfile.ZipFile:
    try:
        if isinstance(source, Path):
            with source.open("rb") as file:
                directory = _directory_bytes(file)
        else:
            directory = _directory_bytes(source)
        # Checked before zipfile makes an object of every entry: a small zip may list millions.
        if directory > limits.entries * _DIRECTORY_BYTES_PER_ENTRY:
            raise DataError(f"{name} lists too many files; at most {limits.entries:,} are allowed. Split it up.")
        return zipfile.ZipFile(source)
    except DAMAGED as error:
        raise DataError(
            f"{name} cannot be opened as a zip: it is damaged, cut off or none ({error}). Zip it again."
        ) from error


def _directory_bytes(file: BinaryIO) -> int:
    """The size of the zip's directory as its last record says; 0 where there is no such record."""
    file.seek(0, 2)
    file.seek(max(0, file.tell() - 2**16 - 22 - 76))  # the longest comment and the records of both forms
    tail = file.read()
    file.seek(0)
    short, long = tail.rfind(b"PK\x05\x06"), tail.rfind(b"PK\x06\x06")
    sizes = [0]
    if short >= 0:
        sizes += [size for size in struct.unpack_from("<L", tail, short + 12) if size != 0xFFFFFFFF]
    if long >= 0:
        sizes += struct.unpack_from("<Q", tail, long + 40)
    return int(max(sizes))


def _name(info: zipfile.ZipInfo) -> str:
    """The entry's name, as UTF-8 where its bytes are that, also without the flag that should say so (as from macOS)."""
    if info.flag_bits & 0x800:
        return info.orig_filename
    try:
        return info.orig_filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.orig_filename


def _why_not(info: zipfile.ZipInfo, limits: ZipLimits) -> str | None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return "it is a link"
    if kind not in (0, stat.S_IFREG):
        return "it is not a plain file"
    if info.flag_bits & 0x1:
        return "it is locked with a password; make a zip without one"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # bzip2 and lzma cannot be unpacked a bounded piece at a time by zipfile.
        return "it is compressed in an unusual way; make the zip with the usual settings (deflate)"
    if info.file_size > limits.file_bytes:
        return f"it unpacks to more than {limits.file_bytes // 2**20} MB"
    if info.file_size > limits.ratio_free_bytes and info.file_size > limits.ratio * max(1, info.compress_size):
        return f"it inflates more than {limits.ratio}-fold, which no photo does"
    return None


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> bytes:
    data = bytearray()
    try:
        with archive.open(info) as file:
            # zipfile stops at the size that the directory declares, which _why_not has checked.
            while chunk := file.read(_CHUNK):
                data += chunk
                if len(data) > info.file_size:
                    break
    except DAMAGED as error:
        raise ImageRefused(name, f"it is damaged in the zip ({error})") from error
    if len(data) != info.file_size:
        raise ImageRefused(name, "it is damaged in the zip: its size is not the one that the zip declares")
    return bytes(data)
